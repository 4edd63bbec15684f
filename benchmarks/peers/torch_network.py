"""A network of syn0 as PyTorch has it: a module of its own layers, with the weights given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

from benchmarks.parts import DATA, Part
from benchmarks.workloads import Weights

# What modules call the numbers of syn0's layers, and the axes of those that are ordered
# otherwise: (units, inputs), (filters, channels, height, width).
_ATTRIBUTES = {
    "W": "weight", "b": "bias", "gamma": "weight", "beta": "bias",
    "mean": "running_mean", "variance": "running_var",
}  # fmt: skip
_AXES = {1: (0,), 2: (1, 0), 4: (2, 3, 1, 0)}


def network(parts: Sequence[Part], weights: Weights) -> fx.GraphModule:
    """Return the network up to its scores; images come as (n, channels, height, width)."""
    graph = fx.Graph()
    modules: dict[str, nn.Module] = {}
    values = {DATA: graph.placeholder(DATA)}
    for part in parts:
        value = None
        for name, module in _modules(part):
            modules[name] = module
            sources = [value] if value else [values[source] for source in part.inputs]
            value = graph.call_module(name, tuple(sources))
        values[part.name] = value or values[part.inputs[0]]
    graph.output(values[parts[-1].name])
    net = fx.GraphModule(modules, graph)
    for name, numbers in _numbers(net, parts):
        with torch.no_grad():
            numbers.copy_(torch.from_numpy(weights[name]))
    return net


def weights_of(net: nn.Module, parts: Sequence[Part]) -> Weights:
    """Return copies of the weights and statistics."""
    return {name: numbers.detach().numpy().copy() for name, numbers in _numbers(net, parts)}


def _numbers(net: nn.Module, parts: Sequence[Part]) -> list[tuple[str, Any]]:
    """Return the names of weights and statistics, and views of them in the order of syn0."""
    found = []
    for part in parts:
        for local, name in part.entries.items():
            numbers = getattr(net.get_submodule(part.name), _ATTRIBUTES[local])
            found.append((name, numbers.permute(_AXES[numbers.ndim])))
    return found


# ----- layers -------------------------------------------------------------


def _modules(part: Part) -> list[tuple[str, nn.Module]]:
    """Return a layer and its activation, by name; none where nothing is to be done."""
    found = []
    if part.kind != "Activation":
        found.append((part.name, _LAYERS[part.kind](part)))
    if part.activation in _ACTIVATIONS:
        found.append((f"{part.name}_activation", _ACTIVATIONS[part.activation]()))
    return found


_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {  # softmax is in the loss
    "sigmoid": nn.Sigmoid,
    "relu": lambda: nn.ReLU(inplace=True),
    "gelu": nn.GELU,
}


def _dense(part: Part) -> nn.Module:
    return nn.Linear(*part.shapes["W"], bias="b" in part.entries)


class Convolution(nn.Conv2d):
    """A convolution whose border may differ from side to side."""

    sides: tuple[int, ...] = ()

    def forward(self, x: Any) -> Any:
        """Return the sums of each window."""
        return super().forward(F.pad(x, self.sides) if self.sides else x)


def _convolution(part: Part) -> nn.Module:
    (top, bottom), (left, right) = part.border
    even = (top, left) == (bottom, right)
    module = Convolution(
        part.taken[-1], part.given[-1], part.window, part.strides,
        (top, left) if even else 0, part.dilation, part.groups, bias="b" in part.entries,
    )  # fmt: skip
    module.sides = () if even else (left, right, top, bottom)
    return module


def _batch_normalization(part: Part) -> nn.Module:
    layer = part.layer
    module = nn.BatchNorm2d(part.taken[-1], eps=layer.epsilon, momentum=1 - layer.decay)
    module.num_batches_tracked = None  # only counts
    return module


def _layer_normalization(part: Part) -> nn.Module:
    return nn.LayerNorm(part.taken[-1], eps=part.layer.epsilon)


def _max_pool(part: Part) -> nn.Module:
    if part.border != ((0, 0), (0, 0)):
        raise NotImplementedError("a border around a pool")
    return nn.MaxPool2d(part.window, part.strides)


class Mean(nn.Module):
    """The mean of all pixels."""

    def forward(self, x: Any) -> Any:
        """Return one number for each channel."""
        return x.mean((2, 3))


class Flat(nn.Module):
    """All numbers of an image in one row, the channels of a pixel side by side."""

    def forward(self, x: Any) -> Any:
        """Return one row for each image; nothing is moved where channels lie last."""
        return x.permute(0, 2, 3, 1).flatten(1)


class Sum(nn.Module):
    """The sum of two ways."""

    def forward(self, x: Any, y: Any) -> Any:
        """Return x + y."""
        return x + y


_LAYERS: dict[str, Callable[[Part], nn.Module]] = {
    "Dense": _dense,
    "Conv2D": _convolution,
    "DepthwiseConv2D": _convolution,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "MaxPool2D": _max_pool,
    "GlobalAveragePool2D": lambda part: Mean(),
    "Flatten": lambda part: Flat(),
    "Add": lambda part: Sum(),
}
