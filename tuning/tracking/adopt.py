"""Recover a campaign's journal from its MLflow store alone, for example on a new machine."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from data.addresses import masked
from data.errors import DataError
from data.preparation import Preparation
from tuning.analysis.selection import kept_weights
from tuning.campaign import own_code
from tuning.campaign.code_files import Source
from tuning.campaign.errors import CampaignError, RecordError
from tuning.campaign.file import ignore
from tuning.campaign.trial import NAME
from tuning.execution.adoption import Adoption, adopting, campaign_file, check_absent
from tuning.execution.recorded_code import sources_of, with_code
from tuning.journal import log as journal
from tuning.journal.events import Opened
from tuning.journal.home import Home
from tuning.journal.lines import Entry
from tuning.journal.order import first_problem
from tuning.journal.record import CampaignRecord, fold
from tuning.journal.text import trial_name
from tuning.tracking.artifact_files import MOST_BYTES, ArtifactError
from tuning.tracking.client import Store, reachable
from tuning.tracking.model_files import BYTES_PER_PARAMETER, download_preparation, download_weights
from tuning.tracking.recover import events
from tuning.tracking.stored import ProgressCallback, StoredCampaign, connect, stored_campaign
from tuning.training.files import WEIGHTS


def adopt(
    home: Home,
    name: str,
    uri: str,
    on_progress: ProgressCallback,
    *,
    code: Sequence[Path] = (),
    printed: Callable[[str], None] = ignore,
) -> Adoption:
    """Write a campaign's journal, its campaign file and the best trials' weights; after a failure none of them.

    code: files that the user typed, of a campaign with code of its own; the store's copies are never run.  printed:
    takes each line that they print.

    Raises:
        CampaignError: this home has a campaign of that name, the name is not valid, or the code cannot be imported.
        RecordError: the store has no such campaign, the search suggests other trials, or its code is not given.
        StoreError: the store cannot be reached, or the home cannot be written.
    """
    if not NAME.fullmatch(name):
        raise CampaignError(
            f"{name!r} is not the name of a campaign: letters, digits and . _ - only, a letter or digit first"
        )
    with home.locked(name):
        check_absent(home, name)
        with reachable(uri):
            store = connect(uri)
            stored = stored_campaign(store, name, on_progress)
        sources = _sources(stored, home, code)
        stored = _with_code(stored, sources, printed)
        rows = events(stored, masked(uri))
        entries = [Entry(n, at, event) for n, (at, event) in enumerate(rows)]
        if found := first_problem(entries, name):
            raise RecordError(f"{masked(uri)}: {name!r} cannot be adopted: {found[1]}. Restore the originals")
        record = fold(entries)
        with adopting(home, name) as (folder, temporary):
            weights, preparations, notes = _fetch_weights(store, stored, record, temporary)
            for index in weights:
                home.trial(name, index).mkdir(parents=True, exist_ok=True)
                (temporary / trial_name(index) / WEIGHTS).replace(home.trial(name, index) / WEIGHTS)
            home.keep_preparations(name, preparations)
            home.keep_code(sources)
            for source in (source for source in sources if source.file.kind == "file"):  # beside the file that names it
                (folder / source.file.name).write_bytes(source.content)
            file = folder / "campaign.toml"
            file.write_text(campaign_file(record), encoding="utf-8")
            journal.create(home.journal(name), rows)
    return Adoption(
        campaign=name,
        source=masked(uri),
        target=record.target,
        ended=sorted(stored.ended),
        to_train=stored.lost,
        weights=weights,
        notes=[f"{trial_name(k)}: {t.problem}" for k, t in sorted(stored.trials.items()) if t.problem] + notes,
        running=stored.run.status == "RUNNING",
        others=stored.others,
        file=file,
    )


def _sources(stored: StoredCampaign, home: Home, given: Sequence[Path]) -> tuple[Source, ...]:
    event = stored.opened.event
    files = event.config.code_files if isinstance(event, Opened) else ()
    what = f"campaign {event.config.name!r}" if isinstance(event, Opened) else "the campaign"
    return sources_of(files, what=what, home=home, given=given, kept=False)


def _with_code(stored: StoredCampaign, sources: Sequence[Source], printed: Callable[[str], None]) -> StoredCampaign:
    """Load the campaign's code; return its trials with the families that the code defines."""
    for line in own_code.use(sources):
        printed(line)
    if not sources:
        return stored
    trials = {
        k: trial if trial.recorded is None else replace(trial, recorded=with_code(trial.recorded, sources)[0])
        for k, trial in stored.trials.items()
    }
    return replace(stored, trials=trials)


def _fetch_weights(
    store: Store, stored: StoredCampaign, record: CampaignRecord, folder: Path
) -> tuple[list[int], list[Preparation], list[str]]:
    """Download the weights that a launch keeps, where the store has them.

    Returns the trials whose weights are those of their record, how their data were prepared, and notes about other
    files.
    """
    from tuning.training.weights import load_weights

    downloaded: list[int] = []
    preparations: list[Preparation] = []
    notes: list[str] = []
    for index in sorted(kept_weights(record)):
        trial = record.trials[index]
        trial_folder = folder / trial_name(index)
        trial_folder.mkdir()
        parameters = (trial.result and trial.result.parameters) or 0
        try:
            with reachable(store.uri):
                run = stored.trials[index].run.id
                most = MOST_BYTES + BYTES_PER_PARAMETER * parameters
                file = download_weights(store, run, trial_folder, most)
            if file is not None:
                load_weights(file, trial.result.weights_sha256 if trial.result else None)
                downloaded.append(index)
                with reachable(store.uri):
                    preparation = download_preparation(store, run, trial_folder)
                if preparation is not None and preparation.data_sha256 == trial.config.data_sha256:
                    preparations.append(preparation)
        except (ArtifactError, DataError, ValueError) as error:
            notes.append(f"{trial.name}: weights not used: {error}")
    return sorted(downloaded), preparations, notes
