"""A launch as the command line shows it: progress, MLflow beside it, the leaderboard, and what to do next."""

import sys
from pathlib import Path

from rich.console import Console

from tuning import tables
from tuning.config import CampaignConfig
from tuning.display import display
from tuning.home import Home
from tuning.journal import Entry
from tuning.launch import launch
from tuning.leaderboard import leaderboard
from tuning.leaderboard_table import show
from tuning.record import CampaignRecord
from tuning.tracking_background import BackgroundPublisher

SHOWN = 10


class _Tracking:
    """An observer that begins to publish with the first event, so that a launch which never begins leaves no store."""

    def __init__(self, home: Home, name: str) -> None:
        self.home = home
        self.name = name
        self.publisher: BackgroundPublisher | None = None

    def __call__(self, record: CampaignRecord, entry: Entry) -> None:
        self.publisher = self.publisher or BackgroundPublisher(self.home, self.name)
        self.publisher(record, entry)

    def close(self) -> str | None:
        """Return why MLflow is behind the journal, None where it is not."""
        return self.publisher.close() if self.publisher else None


def run(config: CampaignConfig, *, home: Home, datasets: Path | None, as_json: bool) -> CampaignRecord:
    """Run a campaign and print its leaderboard; raises what ``launch`` raises."""
    out = tables.console(error=as_json)
    tracking = _Tracking(home, config.name)
    behind: str | None = None
    with display(out) as watching:
        try:
            record = launch(
                config, home=home, datasets=datasets, observers=[watching, tracking], progress=watching.progress
            )
        finally:
            behind = tracking.close()
    board = leaderboard(record, SHOWN)
    if as_json:
        sys.stdout.write(f"{tables.json_lines(board)}\n")
    else:
        tables.line(out, "")
        show(board, out)
    if behind:
        tables.line(out, f"MLflow is behind the journal: {behind}. Later: {_verb('sync', config.name, home)}", "yellow")
    if board.ranked:
        _next_steps((board.configurations or board.ranked)[0].trial, config.name, home, out)
    return record


def _next_steps(best: int, name: str, home: Home, out: Console) -> None:
    steps = (
        ("export", name, f" -k {SHOWN} --out {name}-top{SHOWN}.json"),
        ("reproduce", name, f" --trial {best}"),
        ("ui", "", ""),
    )
    tables.line(out, "\nNext:")
    for verb, what, more in steps:
        tables.line(out, f"  {_verb(verb, what, home, more)}", whole=True)


def _verb(verb: str, name: str, home: Home, more: str = "") -> str:
    """Return a command that can be copied, with --home where the default would miss this home."""
    words = f"seqtune {verb} {name}".rstrip() + more
    return words if home.path == Path("var").absolute() else f"{words} --home {_short(home.path)}"


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
