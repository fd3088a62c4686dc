"""What is trained on: loaders, splits, balancing, prepared arrays."""
