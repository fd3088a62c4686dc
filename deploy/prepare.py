"""Make .env with random passwords, and the folders that the containers write to, where they are missing.

    python deploy/prepare.py

Standard library only: it runs before anything is installed.
"""

import os
import secrets
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
        lines = [
            f"{line}{secrets.token_hex(32)}" if line.rstrip("=") in SECRETS else line
            for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
            if not line.startswith("# Copy to .env")
        ]
        lines += ["", "# The user that owns what the containers write.", f"SEQTUNE_UID={user}", f"SEQTUNE_GID={group}"]
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as output:
            output.write("\n".join(lines) + "\n")
        print(f"{file.name} written, with random passwords")
    for name in FOLDERS:
        folder = ROOT / "var" / "compose" / name
        if not folder.exists():
            folder.mkdir(parents=True, mode=0o700)
            if name != "postgres":  # its image gives that folder to its own user
                os.chown(folder, user, group)


if __name__ == "__main__":
    main()
