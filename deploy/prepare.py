"""Make or complete .env, with random passwords where it is new, and make the folders that the containers write to.

    python deploy/prepare.py

Standard library only: it runs before anything is installed.
"""

import os
import secrets
from itertools import dropwhile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECRETS = ("POSTGRES_PASSWORD", "MLFLOW_ADMIN_PASSWORD", "MLFLOW_SECRET_KEY", "RAY_AUTH_TOKEN")
FOLDERS = ("postgres", "mlflow", "seqtune", "tls")
IN_IMAGE = 1000
"""User and group of the containers where root prepares them."""


def main() -> None:
    """Prepare."""
    user, group = (os.getuid(), os.getgid()) if os.getuid() else (IN_IMAGE, IN_IMAGE)
    file = ROOT / ".env"
    if not file.exists():
        example = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
        lines = [
            f"{line}{secrets.token_hex(32)}" if line.rstrip("=") in SECRETS else line
            for line in dropwhile(lambda line: line.startswith("#"), example)  # how to fill it in
        ]
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as output:
            output.write("\n".join(lines) + "\n")
        print(f"{file.name} written, with random passwords")
    _add_missing(file, {"SEQTUNE_UID": user, "SEQTUNE_GID": group})
    for name in FOLDERS:
        folder = ROOT / "var" / "compose" / name
        if not folder.exists():
            folder.mkdir(parents=True, mode=0o700)
            if name != "postgres":  # its image gives that folder to its own user
                os.chown(folder, user, group)


def _add_missing(file: Path, owner: dict[str, int]) -> None:
    """Append the user of the containers to an .env that does not set it, such as a copy of .env.example."""
    text = file.read_text(encoding="utf-8")
    present = {line.partition("=")[0].strip() for line in text.splitlines()}
    missing = [f"{name}={number}" for name, number in owner.items() if name not in present]
    if missing:
        lines = ["", "# The user that owns what the containers write.", *missing]
        with file.open("a", encoding="utf-8") as output:
            output.write(("" if text.endswith("\n") else "\n") + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
