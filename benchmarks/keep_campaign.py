"""Keep a campaign's journal as a file that others can read: without weights, and without the folders of this machine.

    python benchmarks/keep_campaign.py cell-type --out docs/recorded

Writes NAME.jsonl.gz and, if the campaign was confirmed, NAME.confirmation.jsonl.gz, which ``seqtune adopt`` reads.
"""

import argparse
from pathlib import Path

from tuning.execution.adoption import confirmation_file
from tuning.journal.events import Event, Launched
from tuning.journal.home import Home, default_home
from tuning.journal.lines import Entry
from tuning.journal.log import create


def anonymous(event: Event) -> Event:
    """Return an event without paths of this machine."""
    if isinstance(event, Launched):
        return event.model_copy(update={"datasets": None, "code": ()})
    return event


def keep(entries: list[Entry], path: Path) -> None:
    """Write a journal and say how large it is."""
    create(path, ((entry.at, anonymous(entry.event)) for entry in entries))
    print(f"{path}: {len(entries)} events, {path.stat().st_size:,} bytes")


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="the campaign")
    parser.add_argument("--home", type=Path, default=default_home())
    parser.add_argument("--out", type=Path, default=Path("docs/recorded"))
    options = parser.parse_args()
    home = Home(options.home.absolute())
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{options.name}.jsonl.gz"
    keep(home.known_entries(options.name), path)
    if confirmation := home.confirmations.entries(options.name):
        keep(confirmation, confirmation_file(path))


if __name__ == "__main__":
    main()
