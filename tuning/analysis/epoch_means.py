"""A campaign whose trials have the mean over their epochs instead of the figures of their best epoch."""

from dataclasses import replace
from statistics import fmean

from tuning.journal.record import CampaignRecord, TrialRecord


def with_epoch_means(record: CampaignRecord) -> CampaignRecord:
    """Return a copy in which the objective and the metrics of completed trials are means over all epochs trained.

    Trials are ranked anew.  A mean also depends on how fast a network learns and on when its training ends.
    """
    averaged = replace(record, trials={index: _averaged(trial) for index, trial in record.trials.items()}, _ranking=[])
    for trial in averaged.ended:
        if trial.result is not None and trial.ended_at is not None:
            averaged.end(trial.index, trial.result, trial.environment, trial.ended_at)
    return averaged


def _averaged(trial: TrialRecord) -> TrialRecord:
    if trial.result is None or trial.result.status != "completed" or not trial.epochs:
        return trial
    reports = [report.metrics for report in trial.epochs]
    means = {name: fmean(metrics[name] for metrics in reports) for name in trial.result.best_metrics}
    objective = means[trial.config.objective.metric]
    return replace(trial, result=trial.result.model_copy(update={"objective": objective, "best_metrics": means}))
