"""Makes the factories beside it importable from the folders below."""
