"""The one error of spaces."""


class SpaceError(ValueError):
    """A space, dimension or value that does not exist or is out of bounds."""
