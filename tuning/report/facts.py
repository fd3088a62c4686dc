"""What a page says in words: the summary, what was asked, the environment, the cost, and the commands."""

from datetime import UTC, datetime

import tomli_w

from models.configs import NeuralConfig
from tuning.analysis.configurations import configurations
from tuning.campaign.variants import data_config
from tuning.journal.record import CampaignRecord
from tuning.journal.text import duration, score, settings, trial_spans, warm_start_text
from tuning.report.timeline import Timeline
from tuning.training.environment import differences

Rows = list[tuple[str, str]]


def summary(record: CampaignRecord, times: Timeline) -> str:
    """Return what was done and what came out, for a reader who does not know the campaign."""
    config, ranked = record.config, record.ranked()
    count = len(record.dimensions)
    searched = f"{count} {'dimension' if count == 1 else 'dimensions'}"
    of = "" if record.finished_at is not None else f" of {record.target}"
    space = f"the model {config.space.model}" if config.space.name is None else f"the space {config.space.name}"
    text = [f"{config.name} searched {searched} of {space} on the data set {config.data.dataset}."]
    trials = "trial" if len(record.ended) == 1 else "trials"
    text.append(f"{len(record.ended)}{of} {trials} ended ({_statuses(record) or 'none'}) in {duration(times.seconds)}.")
    if record.finished_at is None:
        text.append("The campaign is not finished, so ranks may change.")
    if best := configurations(record):
        text.append(
            f"The best of {len(best)} configurations has a mean {config.objective.metric} of {score(best[0].mean)}, "
            f"{best[0].n} trials ({trial_spans(t.index for t in best[0].completed)}): "
            f"{settings(best[0].trials[0].assignment)}."
        )
    elif ranked:
        text.append(
            f"The best {config.objective.metric} is {score(ranked[0].objective)}, of {ranked[0].name}: "
            f"{settings(ranked[0].assignment) or 'nothing was searched'}."
        )
    else:
        text.append("No trial has completed.")
    return " ".join(text)


def caveat(record: CampaignRecord) -> str:
    """Return why the scores are optimistic."""
    return (
        "All scores are validation scores: each is the best epoch of its trial, on the rows that also selected the "
        f"trial. The best of {max(1, len(record.ranked()))} is therefore optimistic, and differences between the first "
        f"ranks may be noise. {_test_part(record)}"
    )


def _test_part(record: CampaignRecord) -> str:
    if not record.tests:
        return "The test part was not used."
    at = datetime.fromtimestamp(record.tests[-1][0], UTC)
    times = "once" if len(record.tests) == 1 else f"{len(record.tests)} times"
    return f"The test part was opened {times}, last on {at:%Y-%m-%d}, to confirm the best configurations."


def campaign_toml(record: CampaignRecord) -> str:
    """Return the campaign file, without the keys that have their default."""
    search = record.config.search.model_copy(update={"trials": record.target})  # a later launch may have raised it
    config = record.config.model_copy(update={"search": search})
    return tomli_w.dumps(config.model_dump(mode="json", exclude_defaults=True, exclude_none=True))


def asked(record: CampaignRecord) -> Rows:
    """Return what the campaign was asked for, besides its file."""
    config = record.config
    data = data_config(config, {})
    goal = "highest" if config.objective.goal == "max" else "lowest"
    valid = f"{data.valid_fraction:.0%} of the rows" if data.folds is None else f"one of {data.folds} folds"
    valid += "" if data.splits is None else f", drawn {data.splits} times,"
    test = f"{data.test_fraction:.0%} of the rows for testing unless the data set has a test part of its own"
    split = f"{data.split}: {valid} for validation, {test if data.test is None else f'{data.test} for testing'}"
    opened = datetime.fromtimestamp(record.opened_at, UTC)
    return [
        ("first launch", f"{opened:%Y-%m-%d %H:%M} UTC"),
        ("data set", config.data.dataset),
        ("split", split),
        ("objective", f"{config.objective.metric}, {goal} first, validation part, best epoch of each trial"),
        (
            "search",
            f"{config.search.algorithm}, {record.target} trials"
            + (f", {config.search.replicates} per configuration" if config.search.replicates > 1 else ""),
        ),
        *([("warm start", warm_start_text(record.warm_start))] if record.warm_start else []),
        ("seed", str(config.seed)),
        (
            "derived seeds",
            f"split {data.split_seed}, balance {data.balance_seed}; each trial's is in the table of trials",
        ),
    ]


def environment(record: CampaignRecord) -> Rows:
    """Return the environment of the last launch, and what differed in the first one."""
    if not record.launches:
        return []
    last = record.launches[-1].environment
    rows = [
        ("packages", ", ".join(f"{name} {version}" for name, version in last.packages.items())),
        *((name, str(getattr(last, name))) for name in ("python", "platform", "processor", "isa", "threads", "device")),
        ("commit", last.commit or "installed package"),
        ("launches", str(len(record.launches))),
    ]
    changed = list(
        dict.fromkeys(
            line for launch in record.launches for line in differences(launch.environment, last, threads=False)
        )
    )
    return [*rows, ("changed between launches", "; ".join(changed))] if changed else rows


def cost(record: CampaignRecord, times: Timeline) -> Rows:
    """Return trials, epochs and time, and what early stopping saved."""
    results = [(trial, trial.result) for trial in record.ended if trial.result and not trial.reused]
    epochs = sum(len(trial.epochs) for trial in record.trials.values())
    busy = sum(span.end - span.start for span in times.spans)
    neural = [row for row in results if isinstance(row[0].config.model, NeuralConfig)]  # others are fitted at once
    saved = {
        status: sum(trial.config.train.epochs - result.epochs for trial, result in neural if result.status == status)
        for status in ("stopped", "completed")
    }
    whole = epochs + sum(saved.values())
    share = f" ({sum(saved.values()) / whole:.0%} of {whole:,})" if whole else ""
    unfinished = len(record.trials) - len(record.ended)
    statuses = [text for text in (_statuses(record), f"{unfinished} unfinished" if unfinished else "") if text]
    return [
        ("trials", f"{len(record.trials)} ({', '.join(statuses) or 'none'})"),
        ("time of launches", duration(times.seconds)),
        ("time of trials", duration(busy)),
        ("epochs trained", f"{epochs:,}"),
        (
            "epochs saved by early stopping",
            f"{sum(saved.values()):,}{share}: {saved['stopped']:,} by rungs, {saved['completed']:,} by patience",
        ),
    ]


def commands(record: CampaignRecord) -> Rows:
    """Return the commands that train it again."""
    name, ranked = record.config.name, record.ranked()
    best = configurations(record)
    first = best[0].completed[0] if best else ranked[0] if ranked else None
    rows = [("run the campaign again, from the file above", f"seqtune launch {name}.toml")]
    if first is not None:
        rows += [
            ("train the best trial again and compare every epoch", f"seqtune reproduce {name} --trial {first.index}"),
            ("export the best ten, each complete", f"seqtune export {name} -k 10 --out top10.json"),
            ("train an exported trial again", "seqtune reproduce top10.json --rank 1"),
        ]
    return rows


def _statuses(record: CampaignRecord) -> str:
    """How many trials ended in which way: ``40 completed, 3 failed``."""
    statuses = [trial.status for trial in record.ended]
    return ", ".join(f"{statuses.count(s)} {s}" for s in ("completed", "stopped", "failed") if s in statuses)
