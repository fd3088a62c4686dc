import pytest
from pydantic import ValidationError

from tuning.training.results import HeldOutResult, TrialResult


@pytest.mark.parametrize("counts", [[[1, 2]], [[1, 2], [3]], [[1, -1], [0, 1]], [[0, 0], [0, 0]]])
def test_a_record_with_an_impossible_confusion_matrix_is_refused(counts):
    with pytest.raises(ValidationError):
        TrialResult(status="completed", confusion=counts)
    with pytest.raises(ValidationError):
        HeldOutResult(metrics={}, confusion=counts)


@pytest.mark.parametrize("counts", [[], [[3]], [[3, 0], [1, 2]]])
def test_counts_of_any_number_of_classes_are_taken(counts):
    assert TrialResult(status="completed", confusion=counts).confusion == counts
