"""The one error of this room."""


class DataError(ValueError):
    """Data that cannot be trained on: the message says what, where, got, allowed and what to do."""
