"""PyTorch: eager with its fused optimizer, and compiled by `torch.compile`."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

from benchmarks.peers import Ways
from benchmarks.workloads import Array, Weights, Workload

_ACTIVATIONS = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "gelu": nn.GELU}  # softmax: in the loss


def contenders(workload: Workload, weights: Weights, threads: int) -> Ways:
    torch.compiler.reset()  # what the workload before compiled counts against a limit
    if workload.task != "train":
        ways = {"eager": None, "compiled": compiled, "traced": traced}
        return {
            name: partial(Prediction, workload, weights, threads, way) for name, way in ways.items()
        }
    return {
        "eager": partial(Training, workload, weights, threads),
        "eager, one thread": partial(Training, workload, weights, 1),
        "compiled": partial(Training, workload, weights, threads, compiled=True),
        "compiled step": partial(WholeStep, workload, weights, threads),
        "compiled step, one thread": partial(WholeStep, workload, weights, 1),
    }


def network(workload: Workload, weights: Weights) -> nn.Sequential:
    """Return the network up to its scores, with the weights given."""
    layers: list[nn.Module] = []
    for numbers, activation in zip(weights, workload.activations()):
        inputs, units = numbers["W"].shape
        dense = nn.Linear(inputs, units, bias="b" in numbers)
        layers.append(dense)
        with torch.no_grad():
            dense.weight.copy_(torch.from_numpy(numbers["W"].T))
            if "b" in numbers:
                dense.bias.copy_(torch.from_numpy(numbers["b"]))
        if "gamma" in numbers:
            layers.append(nn.LayerNorm(units, eps=0.001))
        if activation in _ACTIVATIONS:
            layers.append(_ACTIVATIONS[activation]())
    return nn.Sequential(*layers)


def weights_of(net: nn.Sequential) -> Weights:
    found: Weights = []
    for module in net:
        if isinstance(module, nn.Linear):
            found.append({"W": module.weight.detach().numpy().T.copy()})
            if module.bias is not None:
                found[-1]["b"] = module.bias.detach().numpy().copy()
        elif isinstance(module, nn.LayerNorm):
            found[-1]["gamma"] = module.weight.detach().numpy().copy()
            found[-1]["beta"] = module.bias.detach().numpy().copy()
    return found


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
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[workload.optimizer]
    return kind(parameters, rate, fused=True)


class Training:
    """Batches out of a tensor, a forward pass, `backward`, and the fused update."""

    def __init__(
        self, workload: Workload, weights: Weights, threads: int, *, compiled: bool = False
    ) -> None:
        self.workload, self.threads = workload, threads
        self.X, self.y = map(torch.from_numpy, workload.data())
        self.net = network(workload, weights)
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
        return weights_of(self.net)


class WholeStep(Training):
    """Forward pass, backward pass and update as one compiled function."""

    def __init__(self, workload: Workload, weights: Weights, threads: int) -> None:
        super().__init__(workload, weights, threads)
        names, parameters = zip(*self.net.named_parameters())
        m, v = ([torch.zeros_like(p) for p in parameters] for _ in range(2))
        self.count = torch.zeros(())
        rate = workload.learning_rate
        decay = 0.004 if workload.optimizer == "adamw" else 0.0

        def value(given: Any, x: Any, y: Any) -> Any:
            net = torch.func.functional_call(self.net, dict(zip(names, given)), (x,))
            return loss(workload, net, y)

        def whole(x: Any, y: Any) -> None:
            slopes = torch.func.grad(value)(tuple(p.detach() for p in parameters), x, y)
            if workload.optimizer == "sgd":
                for p, g in zip(parameters, slopes):
                    p.sub_(rate * g)
                return
            self.count.add_(1)
            first, second = 1 / (1 - 0.9**self.count), 1 / (1 - 0.999**self.count)
            for p, g, a, b in zip(parameters, slopes, m, v):
                a.mul_(0.9).add_(g, alpha=0.1)
                b.mul_(0.999).addcmul_(g, g, value=0.001)
                p.mul_(1 - rate * decay).sub_(rate * a * first / ((b * second).sqrt() + 1e-8))

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


class Prediction:
    """A forward pass in inference mode; one row comes and goes as a NumPy array."""

    def __init__(self, workload: Workload, weights: Weights, threads: int, way: Any = None) -> None:
        self.workload, self.threads = workload, threads
        self.X = workload.data()[0]
        self.net = nn.Sequential(*network(workload, weights), nn.Softmax(dim=-1)).eval()
        rows = self.X if workload.task == "predict" else self.X[0]
        self.call = way(self.net, torch.from_numpy(rows)) if way else self.net

    def run(self, times: int) -> None:
        """See `Contender`."""
        torch.set_num_threads(self.threads)
        with torch.inference_mode():
            if self.workload.task == "predict":
                X = torch.from_numpy(self.X)
                for _ in range(times):
                    self.call(X)
            else:
                row = self.X[0]
                for _ in range(times):
                    self.call(torch.from_numpy(row)).numpy()

    def predict(self) -> Array:
        """Return the output for each row."""
        with torch.inference_mode():
            found: Array = self.call(torch.from_numpy(self.X)).numpy()
            return found


def compiled(net: nn.Module, example: Any) -> Any:
    return torch.compile(net)


def traced(net: nn.Module, example: Any) -> Any:
    with torch.inference_mode():
        return torch.jit.freeze(torch.jit.trace(net, example))
