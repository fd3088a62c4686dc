"""Models and inputs in these tests are drawn at random: the same ones in every run."""

import pytest
import torch


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)
