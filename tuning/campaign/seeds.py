"""Every seed of a campaign, derived from the campaign's one seed by named roles.

Source: numpy.random.SeedSequence (NEP 19); the role's name is hashed so that a new role never shifts an old one.
"""

import hashlib

from numpy.random import SeedSequence


def derive(campaign_seed: int, role: str, index: int = 0) -> int:
    """Return the seed of a role (``split``, ``balance``, ``search``, ``trial``, ``replicate``, ...), 0 .. 2**32 - 1.

    NumPy, scikit-learn and torch all accept it.
    ``index`` numbers equals within a role: trial seed = f(campaign seed, "trial", k), whatever k - 1 did.
    """
    word = int.from_bytes(hashlib.sha256(role.encode()).digest()[:8], "big")
    return int(SeedSequence([campaign_seed, word, index]).generate_state(1)[0])
