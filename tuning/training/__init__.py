"""One trial: configuration and arrays in, result out."""
