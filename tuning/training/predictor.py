"""A trained model: prepared rows in, probabilities of classes or forecasts out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.arrays import Part
from data.preparation import Preparation
from models.catalogue import build
from models.configs import Classical
from tuning.campaign.trial import TrialConfig
from tuning.training.batches import BatchSource, evaluation_batches
from tuning.training.determinism import use_deterministic_algorithms
from tuning.training.size import EVALUATION_BATCH

# N rows, K classes


class Predictor:
    """A trial with the weights of its best epoch."""

    def __init__(self, trial: TrialConfig, preparation: Preparation, weights: Mapping[str, Tensor]) -> None:
        """Build the model.

        Raises:
            ValueError: the weights are not those of this configuration, or a library is missing.
        """
        self.trial = trial
        self.preparation = preparation
        try:
            self._model = _Fitted(self, weights) if isinstance(trial.model, Classical) else _Network(self, weights)
        except (KeyError, RuntimeError, TypeError) as error:
            raise ValueError(f"the weights do not fit the configuration: {error}") from error

    @property
    def network(self) -> torch.nn.Module | None:
        """The network on the CPU, None of a classical family."""
        return self._model.model.cpu() if isinstance(self._model, _Network) else None

    def raw(self, part: Part) -> NDArray[np.float64]:
        """Return (N, K) logits of a network or probabilities of a classical family; (N,) forecasts of a regression.

        Forecasts are in the target's own unit.
        """
        raw, scale = self._model(part), self.preparation.scale
        return raw if scale is None else raw.reshape(-1) * scale.std + scale.mean

    def probabilities(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, K) of ``raw`` -> (N, K) probabilities: the softmax of a network's logits."""
        return raw if isinstance(self._model, _Fitted) else softmax(raw)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, K) -> (N, K)."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return result


class _Network:
    """A neural family; rows are predicted in the batches of an evaluation, which its bits depend on."""

    def __init__(self, of: Predictor, weights: Mapping[str, Tensor]) -> None:
        prepared = of.preparation
        cuda = of.trial.device.device == "cuda" and torch.cuda.is_available()
        self.device = torch.device("cuda" if cuda else "cpu")
        self.threads = of.trial.device.threads
        self.precision = of.trial.train.precision
        with torch.random.fork_rng(devices=[]):  # initial weights are drawn, and replaced
            model = build(
                of.trial.model,
                steps=prepared.steps,
                channels=prepared.channels,
                outputs=prepared.outputs,
                tokens=prepared.tokens,
            )
        model.load_state_dict(dict(weights))
        self.model = model.to(self.device).eval()

    @torch.no_grad()
    def __call__(self, part: Part) -> NDArray[np.float64]:
        source = BatchSource(part, self.device)
        found: NDArray[np.float64] | None = None
        with _as_trained(self.threads):
            for batch in evaluation_batches(part, EVALUATION_BATCH):
                x, lengths, _ = source.take(batch)
                mixed = torch.autocast(self.device.type, dtype=torch.bfloat16)
                with mixed if self.precision == "bfloat16" else nullcontext():
                    outputs = self.model(x, lengths).float()  # (B, K)
                if found is None:
                    found = np.empty((len(part.y), outputs.shape[1]))
                found[batch] = outputs.cpu().numpy()
        if found is None:
            raise ValueError("no rows to predict")
        return found


class _Fitted:
    """A classical family."""

    def __init__(self, of: Predictor, weights: Mapping[str, Tensor]) -> None:
        from tuning.training.fitted import restored  # brings scikit-learn, which no worker of neural trials loads

        model, prepared = of.trial.model, of.preparation
        if not isinstance(model, Classical):
            raise TypeError(f"{model.family} is no classical family")
        numbers = {name: value.numpy() for name, value in weights.items()}
        self.estimator = restored(model, numbers, classes=len(prepared.class_names), tokens=prepared.tokens)

    def __call__(self, part: Part) -> NDArray[np.float64]:
        return self.estimator.predict(part)  # (N, K) or (N,)


@contextmanager
def _as_trained(threads: int) -> Iterator[None]:
    """Use torch's settings of a trial's training, on which bits depend, and set them back."""
    before, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)
    use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        use_deterministic_algorithms(deterministic)
