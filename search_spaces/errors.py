"""The one error of this room."""


class SpaceError(ValueError):
    """A space, dimension or value that does not exist or is out of bounds."""
