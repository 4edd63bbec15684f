"""PyTorch: eager with its fused optimizer, compiled by `torch.compile`, traced and frozen."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 (its usual name)
from torch.profiler import ProfilerActivity, profile

from benchmarks.peers import Ways
from benchmarks.peers.torch_network import network, weights_of
from benchmarks.workloads import Array, Weights, Workload

# How the numbers of images lie in memory: as PyTorch has them by default, and as syn0 does.
LAYOUTS = {"": torch.contiguous_format, ", channels last": torch.channels_last}


def contenders(workload: Workload, weights: Weights, threads: int) -> Ways:
    torch.compiler.reset()  # what the workload before compiled counts against a limit
    given = (workload, weights)
    if len(workload.shape) == 3:
        ways = _TRAINING_OF_IMAGES if workload.task == "train" else _PREDICTION_OF_IMAGES
        return {
            f"{name}{suffix}": partial(make, *given, threads, layout=layout)
            for suffix, layout in LAYOUTS.items()
            for name, make in ways.items()
        }
    if workload.task != "train":
        return {
            name: partial(Prediction, *given, threads, way=way) for name, way in _PREDICTION.items()
        }
    return {
        "eager": partial(Training, *given, threads),
        "eager, one thread": partial(Training, *given, 1),
        "compiled": partial(Training, *given, threads, compiled=True),
        "compiled step": partial(WholeStep, *given, threads),
        "compiled step, one thread": partial(WholeStep, *given, 1),
    }


def tensor(X: Array, layout: torch.memory_format) -> Any:
    """Return features as they are, and images as (n, channels, height, width)."""
    given = torch.from_numpy(X)
    return given.permute(0, 3, 1, 2).contiguous(memory_format=layout) if X.ndim == 4 else given


def loss(workload: Workload, scores: Any, y: Any) -> Any:
    if workload.loss == "cross_entropy":
        return F.cross_entropy(scores, y)
    if workload.loss == "mean_squared_error":
        return F.mse_loss(scores, y)
    return 0.5 * (scores - y).square().sum()


def optimizer(workload: Workload, parameters: Any) -> torch.optim.Optimizer:
    rate = workload.learning_rate
    if workload.optimizer == "adamw":
        return torch.optim.AdamW(parameters, rate, weight_decay=0.004, fused=True)
    if workload.optimizer == "sgd":
        return torch.optim.SGD(parameters, rate, workload.momentum, fused=True)
    return torch.optim.Adam(parameters, rate, fused=True)


# ----- training -----------------------------------------------------------


class Training:
    """Batches out of a tensor, a forward pass, `backward`, and the fused update."""

    def __init__(
        self, workload: Workload, weights: Weights, threads: int, *,
        compiled: bool = False, layout: torch.memory_format = torch.contiguous_format,
    ) -> None:  # fmt: skip
        self.workload, self.threads = workload, threads
        X, y = workload.data()
        self.X, self.y = tensor(X, layout), torch.from_numpy(y)
        self.net = network(workload.parts, weights).to(memory_format=layout)
        self.optimizer = optimizer(workload, self.net.parameters())
        self.epoch = 0

        def forward(x: Any, y: Any) -> Any:
            return loss(workload, self.net(x), y)

        self.forward = torch.compile(forward) if compiled else forward

    def step(self, x: Any, y: Any) -> None:
        """Do one update."""
        self.optimizer.zero_grad(set_to_none=True)
        self.forward(x, y).backward()
        self.optimizer.step()

    def step_on(self, rows: Any) -> None:
        """Do one update with the batch of these rows."""
        self.step(self.X[rows], self.y[rows])

    def run(self, times: int) -> None:
        """See `Contender`."""
        torch.set_num_threads(self.threads)
        whole = self.workload.batch == self.workload.rows
        for _ in range(times * self.workload.epochs):
            if whole:
                self.step(self.X, self.y)
                continue
            for rows in torch.from_numpy(self.workload.order(self.epoch)):
                self.step_on(rows)
            self.epoch += 1

    def weights(self) -> Weights:
        """Return the weights as they are now."""
        return weights_of(self.net, self.workload.parts)


class WholeStep(Training):
    """Forward pass, backward pass and update as one compiled function."""

    def __init__(
        self, workload: Workload, weights: Weights, threads: int, *,
        layout: torch.memory_format = torch.contiguous_format,
    ) -> None:  # fmt: skip
        super().__init__(workload, weights, threads, layout=layout)
        names, parameters = zip(*self.net.named_parameters())
        statistics = dict(self.net.named_buffers())
        update = updates(workload, parameters)

        def value(given: Any, x: Any, y: Any) -> Any:
            counted = {name: numbers.clone() for name, numbers in statistics.items()}
            state = {**dict(zip(names, given)), **counted}
            return loss(workload, torch.func.functional_call(self.net, state, (x,)), y), counted

        def whole(x: Any, y: Any) -> None:
            given = tuple(p.detach() for p in parameters)
            slopes, counted = torch.func.grad(value, has_aux=True)(given, x, y)
            update(slopes)
            for name, numbers in counted.items():
                statistics[name].copy_(numbers)

        def chosen(X: Any, y: Any, rows: Any) -> None:
            whole(X[rows], y[rows])

        self.whole = torch.compile(whole, fullgraph=True)
        self.chosen = torch.compile(chosen, fullgraph=True)

    def step(self, x: Any, y: Any) -> None:
        """Do one update."""
        with torch.no_grad():
            self.whole(x, y)

    def step_on(self, rows: Any) -> None:
        """Do one update with the batch of these rows, which the compiled function fetches."""
        with torch.no_grad():
            self.chosen(self.X, self.y, rows)


def updates(workload: Workload, parameters: Any) -> Any:
    """Return a function that moves the parameters by their slopes."""
    m, v = ([torch.zeros_like(p) for p in parameters] for _ in range(2))
    count = torch.zeros(())
    rate = workload.learning_rate
    decay = 0.004 if workload.optimizer == "adamw" else 0.0

    def descend(slopes: Any) -> None:
        for p, g, velocity in zip(parameters, slopes, m):
            if workload.momentum:
                g = velocity.mul_(workload.momentum).add_(g)
            p.sub_(rate * g)

    def adam(slopes: Any) -> None:
        count.add_(1)
        first, second = 1 / (1 - 0.9**count), 1 / (1 - 0.999**count)
        for p, g, a, b in zip(parameters, slopes, m, v):
            a.mul_(0.9).add_(g, alpha=0.1)
            b.mul_(0.999).addcmul_(g, g, value=0.001)
            p.mul_(1 - rate * decay).sub_(rate * a * first / ((b * second).sqrt() + 1e-8))

    return descend if workload.optimizer == "sgd" else adam


_TRAINING_OF_IMAGES = {
    "eager": Training,
    "compiled": partial(Training, compiled=True),
    "compiled step": WholeStep,
}


# ----- prediction ---------------------------------------------------------


class Prediction:
    """A forward pass in inference mode; one row comes and goes as a NumPy array."""

    def __init__(
        self, workload: Workload, weights: Weights, threads: int, *,
        way: Any = None, layout: torch.memory_format = torch.contiguous_format,
    ) -> None:  # fmt: skip
        self.workload, self.threads, self.layout = workload, threads, layout
        self.X = workload.data()[0]
        net = network(workload.parts, weights).to(memory_format=layout)
        self.net = nn.Sequential(net, nn.Softmax(dim=-1)).eval()
        whole = workload.task == "predict" or self.X.ndim == 4  # else a row without its batch
        self.rows = self.X if whole else self.X[0]
        self.call = way(self.net, tensor(self.rows, layout)) if way else self.net

    def run(self, times: int) -> None:
        """See `Contender`."""
        torch.set_num_threads(self.threads)
        with torch.inference_mode():
            if self.workload.task == "predict":
                X = tensor(self.X, self.layout)
                for _ in range(times):
                    self.call(X)
            else:
                for _ in range(times):
                    self.call(tensor(self.rows, self.layout)).numpy()

    def predict(self) -> Array:
        """Return the output for each row."""
        with torch.inference_mode():
            found: Array = self.call(tensor(self.X, self.layout)).numpy()
            return found


def compiled(net: nn.Module, example: Any) -> Any:
    return torch.compile(net)


def traced(net: nn.Module, example: Any) -> Any:
    with torch.inference_mode():
        return torch.jit.freeze(torch.jit.trace(net, example))


def optimized(net: nn.Module, example: Any) -> Any:
    with torch.inference_mode():
        return torch.jit.optimize_for_inference(torch.jit.trace(net, example))


_PREDICTION = {"eager": None, "compiled": compiled, "traced": traced}
_PREDICTION_OF_IMAGES = {
    name: partial(Prediction, way=way)
    for name, way in {**_PREDICTION, "traced for inference": optimized}.items()
}


# ----- memory -------------------------------------------------------------


def working_bytes(contender: Any) -> int:
    """Return what PyTorch's allocator hands out in a run: its highest level above its lowest."""
    contender.workload = replace(contender.workload, epochs=1)  # steps are alike
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as found:
        contender.run(1)
    events = [e for e in found.profiler.kineto_results.events() if e.name() == "[memory]"]
    levels = list(accumulate(e.nbytes() for e in sorted(events, key=lambda e: e.start_ns())))
    return max(levels, default=0) - min(levels, default=0)
