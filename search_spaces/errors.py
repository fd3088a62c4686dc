"""The one error of this room."""


class SpaceError(ValueError):
    """A space, dimension or value that does not exist or lies outside its bounds."""
