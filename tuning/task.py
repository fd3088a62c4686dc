"""Whether a campaign's file suits its data: what is learnt, classes or numbers, says which metrics and options do."""

from collections.abc import Sequence

from tuning.config import METRICS, CampaignConfig
from tuning.errors import CampaignError

OF_BOTH = ("loss",)
OF_NUMBERS = ("mae", "rmse", "r2")


def refuse_other_task(config: CampaignConfig, class_names: Sequence[str]) -> None:
    """Raise CampaignError where the objective, or listed windows, mean nothing.  class_names: none for a regression."""
    if class_names and len(config.data.options["window"]) > 1:
        raise CampaignError(
            f"data.window = {list(config.data.options['window'])}: {config.data.dataset!r} is no series that is cut "
            "into windows. Leave it out"
        )
    allowed = [name for name in METRICS if name in OF_BOTH or (name in OF_NUMBERS) != bool(class_names)]
    metric = config.objective.metric
    if metric not in allowed:
        what = f"{len(class_names)} classes to tell apart" if class_names else "numbers to forecast"
        raise CampaignError(
            f'objective.metric = "{metric}": {config.data.dataset!r} has {what}, which this metric does not measure. '
            f"Set objective.metric to one of {', '.join(allowed)}"
        )
