"""Addresses without their secrets, for everything that is printed, recorded or published."""

import re

MASK = "***"

_USER = re.compile(
    r"(?:((?<!/)//)(?:"
    r"[^\s/:]*:\S*"  # a password may hold any of @ / ? #, where urllib.parse takes its rest for the path
    r"|[^\s/?#]*"  # no password: up to the last @ of the host's part
    r"|[^\s/:]*:(?!\d*(?:[\s/?#:,;.)'\"]|$))[^\n]{1,200}"  # a password with blanks; after the colon is no port
    r")|[^\s/:@]{1,200}:[^\s/@]{1,200})@"  # or user and password without a scheme
)
"""What precedes the ``@`` of an address, all of it: a token may be the name of the user."""

_VALUE = re.compile(r"(?<=[?&#])([^\s=&?#/]+)=[^\s&]*?(?=[\])}>.,:;'\"`]*(?:[\s&]|$))")
"""A value of a query, also without the address before it, as urllib3 quotes it; punctuation of the sentence stays."""


def masked(text: str) -> str:
    """Return a text whose addresses have ``***`` for their user and password, and for each value of their queries.

    Any name in a query may hold a secret (``token``, ``sig``, ``X-Amz-Signature``), so all values are masked.
    """
    return _VALUE.sub(rf"\1={MASK}", _USER.sub(rf"\1{MASK}@", text))
