"""MLflow stores that are databases: their addresses, and creating one once."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from data.addresses import masked
from tuning.campaign.errors import StoreError

DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
"""Stores without a server, for which the client chooses the artifact location."""
_SQLITE = "sqlite:///"


def is_database(uri: str) -> bool:
    """Whether a store's address is that of a database."""
    return re.split("[:+]", uri, maxsplit=1)[0] in DATABASES


@contextmanager
def creating(uri: str) -> Iterator[None]:
    """Let one process at a time create a SQLite store's tables: MLflow lets two try at once, and one of them fails.

    A server's database is created by who installs it.
    """
    path = Path(uri.removeprefix(_SQLITE))
    lock = path.with_name(f"{path.name}.lock")
    if not uri.startswith(_SQLITE) or (path.exists() and not lock.exists()):
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        yield
    lock.unlink(missing_ok=True)


def check_connection(uri: str) -> None:
    """Fail at once where a database is unavailable: MLflow would retry for 102 s.

    Raises:
        StoreError: not an address, or one whose password holds an ``@``: a driver would quote the rest as the host.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url

    try:
        url = make_url(uri)
    except ValueError:  # a port that is no number; the message would quote it, and it may be part of a password
        url = None
    if url is None or (url.host and "@" in f"{url.host}{url.database}"):
        raise StoreError(
            f"{masked(uri)}: not the address of a database: DRIVER://USER:PASSWORD@HOST:PORT/NAME. In user and "
            "password write @ as %40, : as %3A and / as %2F"
        )
    engine = create_engine(url)
    try:
        engine.connect().close()
    finally:
        engine.dispose()
