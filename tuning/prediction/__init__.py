"""Trained models applied to new rows: kept trials, averages, calibration, tables of predictions."""
