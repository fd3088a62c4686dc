"""What may be tried: dimensions, spaces, and their conversion to HyperOpt and Optuna."""
