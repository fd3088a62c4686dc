"""The exception of this package."""


class DataError(ValueError):
    """Data that cannot be trained on: the message says what is wrong, where, what is allowed and what to do."""
