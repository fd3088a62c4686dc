"""Recover a campaign's journal from its MLflow store alone, for example on a new machine."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from tuning.campaign.config import NAME, CampaignConfig
from tuning.campaign.errors import CampaignError, StoreError
from tuning.journal import log as journal
from tuning.journal.home import WEIGHTS_KEPT, Home
from tuning.journal.record import CampaignRecord, fold
from tuning.journal.text import trial_name
from tuning.tracking.client import Store, reachable, shown
from tuning.tracking.recover import events
from tuning.tracking.stored import ProgressCallback, StoredCampaign, connect, stored_campaign
from tuning.training.files import WEIGHTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What was recovered."""

    campaign: str
    source: str
    """The store, without a password."""
    target: int
    ended: list[int]
    to_train: list[int]
    """Trials that had not ended or that the store has lost; the next launch trains them from epoch 1."""
    weights: list[int]
    """Trials whose weights came along."""
    running: bool
    """Whether the store says that a launch runs somewhere."""
    others: int
    """Older campaigns of this name in the store, which were left there."""
    file: Path
    """A campaign file that resumes it."""


def adopt(home: Home, name: str, uri: str, on_progress: ProgressCallback) -> Adoption:
    """Rebuild a campaign.  A failure on the way leaves no journal.

    Raises:
        CampaignError: this home has a campaign of that name, or no campaign can be named so.
        RecordError: the store has no such campaign, or contradicts what the search suggests.
        StoreError: the store cannot be reached, or the home not be written.
    """
    if not NAME.fullmatch(name):
        raise CampaignError(f"{name!r} names no campaign: letters, digits and . _ - only, a letter or digit first")
    with home.locked(name):
        if home.journal(name).exists():
            raise CampaignError(
                f"{home.path} has a campaign {name!r} already. Adopt into another --home, or move "
                f"{home.campaign(name)} away first"
            )
        with reachable(uri):
            store = connect(uri)
            stored = stored_campaign(store, name, on_progress)
        rows = events(stored, shown(uri))
        record = fold(journal.Entry(n, at, event) for n, (at, event) in enumerate(rows))
        with _folder(home, name) as (folder, fresh):
            weights = _fetch_weights(store, stored, record, fresh)
            for index in weights:
                home.trial(name, index).mkdir(parents=True, exist_ok=True)
                (fresh / trial_name(index) / WEIGHTS).replace(home.trial(name, index) / WEIGHTS)
            file = folder / "campaign.toml"
            file.write_text(_campaign_file(record.config, record.target), encoding="utf-8")
            journal.create(home.journal(name), rows)
    return Adoption(
        campaign=name,
        source=shown(uri),
        target=record.target,
        ended=sorted(stored.ended),
        to_train=stored.lost,
        weights=weights,
        running=stored.run.status == "RUNNING",
        others=stored.others,
        file=file,
    )


@contextmanager
def _folder(home: Home, name: str) -> Iterator[tuple[Path, Path]]:
    """The campaign's folder, and one in it for what is not yet whole, which is gone afterwards."""
    folder = home.campaign(name)
    fresh = folder / "adopting"
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        yield folder, fresh
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error}. Make room, or choose another --home") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        with suppress(OSError):
            folder.rmdir()  # only where nothing is in it


def _fetch_weights(store: Store, stored: StoredCampaign, record: CampaignRecord, folder: Path) -> list[int]:
    """Download what a launch would have kept of the best trials' weights, as far as the store has it."""
    found: list[int] = []
    for trial in record.ranked()[:WEIGHTS_KEPT]:
        index = trial.config.index
        place = folder / trial_name(index)
        place.mkdir()
        with reachable(store.uri):
            if store.download(stored.trials[index].run.id, WEIGHTS, place):
                found.append(index)
    return sorted(found)


def _campaign_file(config: CampaignConfig, trials: int) -> str:
    """Return a file that is this configuration, with as many trials as the campaign has by now."""
    fields = config.model_dump(mode="json", exclude_defaults=True)
    fields.setdefault("search", {})["trials"] = trials
    fields["data"]["split"] = config.data.split  # the default depends on data.group
    return f"# Written by `seqtune adopt`.\n{tomli_w.dumps(fields)}"
