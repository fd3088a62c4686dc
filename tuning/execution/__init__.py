"""Where trials run: the driver, Ray, workers."""
