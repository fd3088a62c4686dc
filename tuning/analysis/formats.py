"""Numbers as text: means with their intervals, columns of numbers, and p-values."""

import math

DIGITS, MOST = 4, 8
"""Numbers have four significant digits, and at most eight decimals."""
ORDINARY = range(-3, 1)
"""Powers of ten of numbers that all have four decimals, as metrics on a leaderboard."""


def interval(mean: float | None, low: float | None, high: float | None) -> list[str]:
    """Return a mean and the ends of its interval, with two digits of the interval's half-width."""
    half = (high - low) / 2 if high is not None and low is not None else 0.0
    decimals = min(MOST, max(0, 1 - math.floor(math.log10(half)))) if half else places(mean)
    # An end that is not 0 must not be printed as 0: whether the interval contains 0 is what readers look for.
    while decimals < MOST and any(value and float(fixed(value, decimals)) == 0 for value in (low, high)):
        decimals += 1
    return ["" if value is None else fixed(value, decimals) for value in (mean, low, high)]


def numbers(*values: float | None) -> list[str]:
    """Return numbers as text, all with as many decimals as ``places`` gives them.

    A value below a thousandth of the largest has its own, up to four: with those of the largest it would be 0.
    """
    common = places(*values)
    small = max((abs(value) for value in values if value is not None), default=0.0) / 10 ** (DIGITS - 1)
    return [
        ""
        if value is None
        else fixed(value, max(common, min(DIGITS, places(value))) if 0 < abs(value) < small else common)
        for value in values
    ]


def places(*values: float | None) -> int:
    """Return the number of decimals that give the largest value four digits; four for all from 0.001 to 10."""
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    exponent = math.floor(math.log10(largest)) if largest else 0
    return DIGITS if exponent in ORDINARY else min(MOST, max(0, DIGITS - 1 - exponent))


def p_value(p: float) -> str:
    """Return ``0.41``, ``0.012`` or ``< 0.001``."""
    if p < 0.001:  # noqa: PLR2004 - smaller ones depend too much on normality
        return "< 0.001"
    return f"{p:.2f}" if p >= 0.1 else f"{p:.3f}"  # noqa: PLR2004 - two digits either way


def p_equals(p: float) -> str:
    """Return ``p = 0.41`` or ``p < 0.001``."""
    text = p_value(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def signed(number: str) -> str:
    """Return a number's text with its sign, as a difference has one."""
    return number if number.startswith("-") else f"+{number}"


def fixed(value: float, decimals: int) -> str:
    """Return a number with so many decimals."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}"  # never -0.00
