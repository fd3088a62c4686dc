"""Downloads of data sets: complete and verified, or absent."""
