"""What every neural family promises, as checks: the tests hold ours to them, ``seqtune check`` a user's own.

A check takes a configuration, builds the model as a trial does, and raises ContractError with the reason where a
promise is broken, NotCheckedError where it cannot be tried.  Random numbers come from seeds given here.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.dropout import _DropoutNd

from models.catalogue import build
from models.configs import ModelConfigBase
from models.registered import OWN, read_model

# B batch, T time, C channel, O output

STEPS = 20
TOKENS = 9
CLASSES = 5
MIXED = (20, 13, 8, 1)
"""Lengths of the sequences of a batch, the shortest and the longest among them."""

TOLERANCE = 1e-9
"""Of outputs in float64 whose sums may have another order."""


class ContractError(ValueError):
    """A promise that a model breaks."""


class NotCheckedError(Exception):
    """A promise that cannot be tried on a model."""


def batch(lengths: Sequence[int], channels: int = 1, steps: int = STEPS, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return random sequences (B,T,C), zero after their ends, and lengths (B,); values do not depend on ``steps``."""
    x = torch.zeros(len(lengths), steps, channels)
    for row, length in enumerate(lengths):
        generator = torch.Generator().manual_seed(seed * 1000 + row)
        x[row, :length] = torch.randn(length, channels, generator=generator)
    return x, torch.tensor(lengths)


def text_batch(lengths: Sequence[int], steps: int = STEPS) -> tuple[Tensor, Tensor]:
    """Return random tokens (B,T,1), 0 after their ends, and lengths (B,); tokens do not depend on ``steps``."""
    x = torch.zeros(len(lengths), steps, 1, dtype=torch.int32)
    for row, length in enumerate(lengths):
        generator = torch.Generator().manual_seed(row)
        x[row, :length, 0] = torch.randint(1, TOKENS, (length,), generator=generator)
    return x, torch.tensor(lengths)


def network(
    config: ModelConfigBase, channels: int = 1, outputs: int = CLASSES, *, tokens: int | None = None
) -> nn.Module:
    """Return a fresh model, always the same."""
    torch.manual_seed(0)
    return build(config, steps=STEPS, channels=channels, outputs=outputs, tokens=tokens)


def stepped(model: nn.Module, x: Tensor, lengths: Tensor) -> nn.Module:
    """Return the model after one step of training on labels 0, 1, 2, ..."""
    torch.manual_seed(1)  # of dropout
    optimizer = torch.optim.Adam(model.parameters())
    functional.cross_entropy(model(x, lengths), torch.arange(len(x)) % CLASSES).backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return model


def survives_json(config: ModelConfigBase) -> None:
    """Its configuration written to a record and read again is the same."""
    again = read_model(config.model_dump(mode="json"), code=[own.sha256 for own in OWN.values()])
    _check(again == config, f"the configuration is read back as {again!r}")


def has_an_output_for_each_class(config: ModelConfigBase) -> None:
    """It returns (B, outputs) finite numbers for any channels, lengths and outputs, 1 of a regression."""
    for channels in (1, 3):
        for steps in (1, STEPS, 150):
            for outputs in (1, 2, CLASSES):
                torch.manual_seed(0)
                model = build(config, steps=steps, channels=channels, outputs=outputs).eval()
                lengths = [steps, max(1, steps // 2), 1]
                found = model(*batch(lengths, channels, steps))
                where = f"{channels} channels, sequences of {lengths} steps, {outputs} outputs"
                _check(isinstance(found, Tensor), f"{where}: it returns {type(found).__name__}, not a tensor")
                _check(
                    tuple(found.shape) == (3, outputs), f"{where}: (3, {outputs}) expected, got {tuple(found.shape)}"
                )
                _check(bool(torch.isfinite(found).all()), f"{where}: not all outputs are finite")


def is_counted_before_it_is_built(config: ModelConfigBase) -> None:
    """It can be built on torch's meta device, where its weights are counted before memory is taken."""
    with torch.device("meta"):
        built = build(config, steps=STEPS, channels=1, outputs=CLASSES)
    _check(any(True for _ in built.parameters()), "it has no parameters to train")


def reads_texts(config: ModelConfigBase) -> None:
    """Behind an embedding it reads tokens of texts, whose padding changes nothing and which learn."""
    model = network(config, tokens=TOKENS).double().eval()
    expected = model(*text_batch(MIXED))
    x, lengths = text_batch(MIXED, steps=29)
    _close(model(x, lengths), expected, "longer padding of texts changes outputs")
    model = network(config, tokens=TOKENS).train()
    functional.cross_entropy(model(*text_batch((20, 18, 8, 3))), torch.arange(4)).backward()  # type: ignore[no-untyped-call]
    embedding = next(model.named_parameters())[1]
    _check(embedding.grad is not None and bool(embedding.grad.any()), "the embedding of words gets no gradient")


def ignores_padding(config: ModelConfigBase) -> None:
    """The length of the padding never changes outputs, in training neither."""
    for training in _modes(config):
        for channels, lengths in ((1, (20, 20, 20)), (3, (7, 13, 4)), (3, (1, 2, 3)), (1, (1, 20, 9))):
            model = _without_dropout(network(config, channels)).double().train(training)
            x, given = batch(lengths, channels)
            expected = model(x.double(), given)
            for steps in (max(lengths), max(lengths) + 1, 33):
                padded, _ = batch(lengths, channels, steps)
                what = f"{_mode(training)}, sequences of {list(lengths)} steps padded to {steps} instead of {STEPS}"
                _close(model(padded.double(), given), expected, what)


def ignores_values_in_the_padding(config: ModelConfigBase) -> None:
    """What stands after a sequence's end never changes outputs."""
    for training in _modes(config):
        model = _without_dropout(network(config)).train(training)
        x, lengths = batch((3, 20, 8))
        dirty = torch.where(torch.arange(STEPS)[None, :, None] < lengths[:, None, None], x, 7.0)
        changed = torch.equal(model(dirty, lengths), model(x, lengths))
        _check(changed, f"{_mode(training)}: outputs depend on values after the ends of sequences; see models.padding")


def learns_nothing_from_padding(config: ModelConfigBase) -> None:
    """The length of the padding never changes what a step of training learns."""
    _check_draws_nothing(config)
    learned = []
    for steps in (9, 20):
        x, lengths = batch((9, 4, 6, 1), steps=steps)
        learned.append(stepped(_without_dropout(network(config)).double(), x.double(), lengths).state_dict())
    for name, value in learned[0].items():
        _close(value.double(), learned[1][name].double(), f"{name} after a step depends on the padding", 1e-6)


def treats_rows_alone(config: ModelConfigBase) -> None:
    """In evaluation a sequence gets the same outputs alone and in company."""
    for kind, tolerance in ((torch.float64, TOLERANCE), (torch.float32, 1e-5)):
        model = network(config).to(kind).eval()
        x, lengths = batch((20, 11, 1))
        together = model(x.to(kind), lengths)
        for row, length in enumerate(lengths.tolist()):
            alone = model(x[row : row + 1, :length].to(kind), lengths[row : row + 1])
            _close(alone[0], together[row], f"a sequence of {length} steps, alone and in a batch ({kind})", tolerance)


def trains_every_parameter(config: ModelConfigBase) -> None:
    """Every parameter gets a finite gradient that is not zero."""
    for lengths in ((20, 20, 20, 20), (3, 20, 8, 1)):
        model = network(config).train()
        functional.cross_entropy(model(*batch(lengths)), torch.arange(4)).backward()  # type: ignore[no-untyped-call]
        for name, parameter in model.named_parameters():
            _check(parameter.grad is not None, f"{name} gets no gradient: it is not used")
            assert parameter.grad is not None  # noqa: S101 - checked above
            _check(bool(torch.isfinite(parameter.grad).all()), f"{name} has a gradient that is not finite")
            _check(bool(parameter.grad.any()), f"{name} has the gradient 0 throughout")


def gives_the_same_bits_twice(config: ModelConfigBase) -> None:
    """Built and trained twice from one seed, under deterministic algorithms, it has the same bits."""
    with _deterministic():
        for lengths in ((20, 20, 20), (3, 20, 8)):
            first, second = (stepped(network(config), *batch(lengths)).state_dict() for _ in range(2))
            for name, value in first.items():
                _check(torch.equal(value, second[name]), f"{name} differs after the same step from the same seed")
        texts = [stepped(network(config, tokens=TOKENS), *text_batch((20, 3, 8))).state_dict() for _ in range(2)]
        for name, value in texts[0].items():
            _check(torch.equal(value, texts[1][name]), f"{name} differs after the same step on texts")


def survives_safetensors(config: ModelConfigBase) -> None:
    """Its state dict holds tensors alone; written and read again it gives the same outputs."""
    first = stepped(network(config), *batch((20, 8, 3))).eval()
    state = first.state_dict()
    for name, value in state.items():
        _check(isinstance(value, Tensor), f"its state dict has {name}, which is no tensor but {type(value).__name__}")
    # As a trial keeps them: safetensors takes neither other strides nor storage that tensors share.
    data = save({name: value.detach().clone().contiguous() for name, value in state.items()})
    torch.manual_seed(99)
    second = build(config, steps=STEPS, channels=1, outputs=CLASSES).eval()
    second.load_state_dict(load(data))
    x, lengths = batch((20, 5, 1), seed=1)
    same = torch.equal(second(x, lengths), first(x, lengths))
    _check(same, "with the same weights a second model gives other outputs: something of it is not in its state dict")


def trains_on_a_single_step(config: ModelConfigBase) -> None:
    """A batch of one sequence of one step can be trained on."""
    model = stepped(network(config), *batch((1,)))
    for name, value in model.state_dict().items():
        _check(bool(torch.isfinite(value).all()), f"{name} is not finite after a step on one sequence of one step")


def trains_in_bfloat16(config: ModelConfigBase) -> None:
    """Mixed lengths train under autocast to bfloat16, as with train.precision."""
    model = network(config).train()
    x, lengths = batch((20, 8, 3))
    with torch.autocast("cpu", torch.bfloat16):
        outputs = model(x, lengths)
    functional.cross_entropy(outputs.float(), torch.tensor([0, 1, 2])).backward()  # type: ignore[no-untyped-call]
    for name, parameter in model.named_parameters():
        finite = parameter.grad is not None and bool(torch.isfinite(parameter.grad).all())
        _check(finite, f"{name} has no finite gradient in bfloat16")


CONTRACT: dict[str, Callable[[ModelConfigBase], None]] = {
    "configuration survives JSON": survives_json,
    "an output for each class, one for a regression": has_an_output_for_each_class,
    "counted before it is built": is_counted_before_it_is_built,
    "reads texts": reads_texts,
    "padding never changes outputs": ignores_padding,
    "values in the padding are not read": ignores_values_in_the_padding,
    "padding never changes what is learned": learns_nothing_from_padding,
    "a sequence alone and in company": treats_rows_alone,
    "every parameter gets a finite gradient": trains_every_parameter,
    "the same bits twice": gives_the_same_bits_twice,
    "weights survive safetensors": survives_safetensors,
    "trains on a single step": trains_on_a_single_step,
    "trains in bfloat16": trains_in_bfloat16,
}
"""Each check by the words that a table shows."""


def _modes(config: ModelConfigBase) -> Iterator[bool]:
    """Yield evaluation, then training.

    Raises:
        NotCheckedError: as ``_check_draws_nothing``, after evaluation.
    """
    yield False
    _check_draws_nothing(config)
    yield True


def _check_draws_nothing(config: ModelConfigBase) -> None:
    """Check that training without dropout draws no random numbers: such numbers depend on the padding.

    Raises:
        NotCheckedError: it does.
    """
    x, lengths = batch(MIXED)
    outputs = []
    for seed in (1, 2):
        model = _without_dropout(network(config)).train()
        torch.manual_seed(seed)
        outputs.append(model(x, lengths))
    if not torch.equal(*outputs):
        raise NotCheckedError(
            "in training it draws random numbers of another kind than PyTorch's layers of dropout, which are off here"
        )


def _without_dropout(model: nn.Module) -> nn.Module:
    """Switch off the dropout of a model's layers, and return the model."""
    for layer in model.modules():
        if isinstance(layer, _DropoutNd):
            layer.p = 0.0
        elif isinstance(layer, (nn.RNNBase, nn.MultiheadAttention)):
            layer.dropout = 0.0
    return model


def _mode(training: bool) -> str:  # noqa: FBT001 - a word for it
    return "in training" if training else "in evaluation"


@contextmanager
def _deterministic() -> Iterator[None]:
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(mode=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(mode=before)


def _close(found: Tensor, expected: Tensor, what: str, tolerance: float = TOLERANCE) -> None:
    _check(found.shape == expected.shape, f"{what}: shape {tuple(found.shape)} instead of {tuple(expected.shape)}")
    if not torch.allclose(found, expected, rtol=tolerance, atol=tolerance / 10):
        largest = float((found - expected).detach().abs().max())
        raise ContractError(f"{what}: outputs differ by up to {largest:.2g}")


def _check(holds: bool, reason: str) -> None:  # noqa: FBT001 - a condition
    if not holds:
        raise ContractError(reason)
