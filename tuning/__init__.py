"""How it is run: campaigns, trials, the training loop, search, Ray, journal, MLflow, commands."""
