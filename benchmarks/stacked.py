"""Replicates of one small network, trained one by one or stacked in one process.

    OMP_NUM_THREADS=1 python benchmarks/stacked.py

A prototype outside the product.  A stack of 2D-CNNs is one network of grouped convolutions, a stack of GRUs one loop of
batched matrix products over time; both train on noise of the heartbeats' shape, and compute what the single networks
compute.  Prints milliseconds of processor time per step of five replicates, and the ratio.
"""

import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

REPLICATES = 5
CLASSES = 5
STEPS = 187
REPEATS = 8

# R replicates, B batch, T time, H hidden units, K classes


class CNN2D(nn.Module):
    """R networks with two stages of a residual block each.  (B,R,16,12) -> (R,B,K)."""

    def __init__(self, count: int, hidden: int) -> None:
        super().__init__()
        self.count = count
        self.stem = self._conv(1, hidden)
        self.blocks = nn.ModuleList(
            nn.Sequential(self._conv(hidden, hidden), self._conv(hidden, hidden)) for _ in range(2)
        )
        width = hidden * 4 * 3
        self.dense = nn.Parameter(torch.randn(count, width, hidden) * width**-0.5)
        self.out = nn.Parameter(torch.randn(count, hidden, CLASSES) * hidden**-0.5)

    def _conv(self, inputs: int, outputs: int) -> nn.Sequential:
        count = self.count
        conv = nn.Conv2d(count * inputs, count * outputs, 3, padding=1, groups=count)
        return nn.Sequential(conv, nn.ReLU(), nn.BatchNorm2d(count * outputs))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = torch.max_pool2d(x + block(x), 2)
        x = x.view(len(x), self.count, -1).transpose(0, 1)
        return torch.bmm(torch.relu(torch.bmm(x, self.dense)), self.out)


class SingleGRU(nn.Module):
    """Torch's GRU.  (B,1,T) -> (1,B,K)."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.gru(x.transpose(1, 2))
        logits: Tensor = self.out(states[:, -1])
        return logits[None]


class StackedGRU(nn.Module):
    """R GRUs.  (B,R,T) -> (R,B,K)."""

    def __init__(self, count: int, hidden: int) -> None:
        super().__init__()
        scale = hidden**-0.5
        self.inputs = nn.Parameter(torch.randn(count, 1, 3 * hidden) * scale)
        self.states = nn.Parameter(torch.randn(count, hidden, 3 * hidden) * scale)
        self.bias = nn.Parameter(torch.zeros(count, 1, 3 * hidden))
        self.out = nn.Parameter(torch.randn(count, hidden, CLASSES) * scale)

    def forward(self, x: Tensor) -> Tensor:
        count, hidden, _ = self.states.shape
        sums = x.permute(2, 1, 0)[..., None] * self.inputs  # (T,R,B,3H)
        h = sums.new_zeros(count, sums.shape[2], hidden)
        for given in sums.unbind(0):
            found = torch.baddbmm(self.bias, h, self.states)
            gates = torch.sigmoid(given[..., : 2 * hidden] + found[..., : 2 * hidden])
            r, z = gates.chunk(2, dim=2)
            n = torch.tanh(torch.addcmul(given[..., 2 * hidden :], r, found[..., 2 * hidden :]))
            h = torch.lerp(n, h, z)
        return torch.bmm(h, self.out)


def stepper(model: nn.Module, x: Tensor, y: Tensor) -> Callable[[], None]:
    """Return a training step.  y: (R,B)."""
    optimizer = torch.optim.Adam(model.parameters(), foreach=True)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten()).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def milliseconds(steps: list[list[Callable[[], None]]]) -> list[float]:
    """Return the least processor time of all steps of each list, taken in turn."""
    times: list[list[float]] = [[] for _ in steps]
    for _ in range(REPEATS):
        for several, spent in zip(steps, times, strict=True):
            begin = time.process_time()
            for step in several:
                step()
            spent.append(1000 * (time.process_time() - begin))
    return [min(spent) for spent in times]


def main() -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # on noise gradients vanish over time, and torch's GRU spends its time on denormals
    torch.manual_seed(0)
    table = Table("network", "batch", "one by one, ms", "stacked, ms", "times as fast")
    for name, hidden, batch in (
        ("2D-CNN", 16, 32),
        ("2D-CNN", 16, 64),
        ("2D-CNN", 32, 32),
        ("2D-CNN", 62, 32),
        ("GRU", 32, 32),
        ("GRU", 64, 32),
        ("GRU", 64, 64),
        ("GRU", 128, 32),
    ):
        shape = (batch, REPLICATES, 16, 12) if name == "2D-CNN" else (batch, REPLICATES, STEPS)
        x, y = torch.randn(shape), torch.randint(CLASSES, (REPLICATES, batch))
        if name == "2D-CNN":
            stack: nn.Module = CNN2D(REPLICATES, hidden)
            alone = [CNN2D(1, hidden) for _ in range(REPLICATES)]
        else:
            stack = StackedGRU(REPLICATES, hidden)
            alone = [SingleGRU(hidden) for _ in range(REPLICATES)]  # type: ignore[misc]
        singles = [stepper(model, x[:, r : r + 1], y[r : r + 1]) for r, model in enumerate(alone)]
        apart, stacked = milliseconds([singles, [stepper(stack, x, y)]])
        table.add_row(f"{name} {hidden}", str(batch), f"{apart:.1f}", f"{stacked:.1f}", f"{apart / stacked:.2f}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
