"""Errors of MLflow, its databases and its transport as one line."""

import re

from data.addresses import masked

BRIEF = 200
"""Longest error message that is quoted, in characters."""

_SQLALCHEMY = re.compile(
    r"\((?:\w+\.)+\w+\) |\s*(?:\\n)*(?:\[SQL: |\[parameters: |\(Background on this error).*", re.DOTALL
)
"""What SQLAlchemy adds to a driver's message: its class, and all from statement, parameters or documentation on."""


def brief(error: BaseException) -> str:
    """Return an error as one short line without secrets: the system's message at its bottom, else its first line."""
    text = _SQLALCHEMY.sub("", str(error)).strip() or type(error).__name__
    line = text.splitlines()[0]
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            line = cause.strerror + (f": {cause.filename}" if cause.filename else "")
        cause = cause.__cause__ or cause.__context__
    return masked(line)[:BRIEF].strip().rstrip(".")
