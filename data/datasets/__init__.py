"""Loaders and readers: one module per data set or file format."""
