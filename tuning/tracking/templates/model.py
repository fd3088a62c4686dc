"""A trial of seqtune as an MLflow model.  MLflow runs this file where the package seqtune is installed."""

from tuning.tracking.client import set_model

set_model()
