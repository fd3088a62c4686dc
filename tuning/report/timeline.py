"""When trials ran: the journal's starts and ends, on a clock that runs while a launch does."""

from collections.abc import Iterable
from dataclasses import dataclass

from tuning.journal.events import Ended, Interrupted, Launched, OpenedTest, Retried, Started
from tuning.journal.lines import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One attempt of a trial.

    start, end: seconds since the first launch, without the breaks between launches.  slot: 0, 1, ...; the attempts of
    one slot do not overlap.  outcome: ``completed``, ``stopped``, ``failed``, ``retried``, ``interrupted`` or
    ``running``.
    """

    trial: int
    attempt: int
    slot: int
    start: float
    end: float
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The attempts of a campaign, by their end.  seconds: all launches together.  resumed: when a launch began anew."""

    spans: list[Span]
    seconds: float
    resumed: list[float]


def timeline(entries: Iterable[Entry]) -> Timeline:
    """Read the attempts of a journal."""
    spans: list[Span] = []
    running: dict[int, tuple[int, int, float]] = {}
    resumed: list[float] = []
    begun: float | None = None  # of this launch, Unix time
    before = now = 0.0  # of all former launches; of the last entry

    def end(trial: int, outcome: str) -> None:
        if trial in running:  # a reused trial never starts
            slot, attempt, start = running.pop(trial)
            spans.append(Span(trial=trial, attempt=attempt, slot=slot, start=start, end=now, outcome=outcome))

    def interrupt() -> None:
        for trial in sorted(running):
            end(trial, "interrupted")

    for entry in entries:
        event = entry.event
        if isinstance(event, Launched):
            interrupt()  # of a launch that was killed, at its last entry
            if begun is not None:
                resumed.append(now)
            before, begun = now, entry.at
        if begun is None or isinstance(event, OpenedTest):  # long after the launch
            continue
        now = max(now, before + entry.at - begun)
        match event:
            case Started():
                end(event.trial, "interrupted")
                taken = {slot for slot, *_ in running.values()}
                free = next(slot for slot in range(len(running) + 1) if slot not in taken)
                running[event.trial] = (free, event.attempt, now)
            case Ended():
                end(event.trial, event.result.status)
            case Retried():
                end(event.trial, "retried")
            case Interrupted():
                interrupt()
            case _:
                pass
    for trial in sorted(running):
        end(trial, "running")
    return Timeline(spans=spans, seconds=now, resumed=resumed)
