"""Runs one layer by itself, with the values and random numbers that a test chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from syn0 import graph, ops
from syn0.gradient import backpropagate, check_derivatives
from syn0.layers import Layer


class Values(Mapping[str, graph.Tensor]):
    """What a layer sees of the state, and the random numbers that it asked for."""

    def __init__(self, tensors: Mapping[str, graph.Tensor], draws: Iterator[Any]) -> None:
        self.tensors = dict(tensors)
        self.draws = draws
        self.drawn: dict[str, Any] = {}

    def __getitem__(self, name: str) -> graph.Tensor:
        return self.tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    def random_uniform(self, shape: Any) -> graph.Tensor:
        name = f"drawn_{len(self.drawn)}"
        self.drawn[name] = next(self.draws)
        return graph.input_tensor(name, shape, str(self.drawn[name].dtype))

    random_normal = random_uniform

    def mixing(self, alpha: float, draw: Callable[[], graph.Tensor]) -> graph.Tensor:
        return draw()


def first_values(layer: Layer, shape: Any, dtype: str = "float64", seed: int = 0) -> dict[str, Any]:
    """Return the parameters, statistics and hyperparameters that a layer starts from."""
    rng = np.random.default_rng(seed)
    declared = {**layer.parameters(shape), **layer.state(shape)}
    values = {name: make(rng, size, dtype) for name, (size, make) in declared.items()}
    return values | {k: np.asarray(v, dtype) for k, v in layer.hyperparameters().items()}


def inner_shape(arrays: tuple[Any, ...]) -> Any:
    """Return the shape or shapes without the batch, as a network gives them to a layer."""
    shapes = tuple(x.shape[1:] for x in arrays)
    return shapes[0] if len(shapes) == 1 else shapes


def run(
    layer: Layer,
    *arrays: Any,
    training: bool = False,
    values: Mapping[str, Any] | None = None,
    draws: Any = (),
    named_batch: bool = True,
) -> tuple[Any, dict[str, Any]]:
    """Return what a layer puts out and its new statistics."""
    arrays = tuple(np.asarray(x) for x in arrays)
    dtype = next((str(x.dtype) for x in arrays if x.dtype.kind == "f"), "float64")
    held = first_values(layer, inner_shape(arrays), dtype) | dict(values or {})
    tensors = {name: graph.state_tensor(name, v.shape, str(v.dtype)) for name, v in held.items()}
    inputs = tuple(
        graph.input_tensor(
            f"x{i}", (graph.batch if named_batch else len(x), *x.shape[1:]), str(x.dtype)
        )
        for i, x in enumerate(arrays)
    )
    p = Values(tensors, iter(draws))
    result = layer.forward(p, inputs if len(inputs) > 1 else inputs[0], training=training)
    y, statistics = result if isinstance(result, tuple) else (result, {})
    given = {**held, **{f"x{i}": x for i, x in enumerate(arrays)}, **p.drawn}
    out = graph.evaluate([y, *statistics.values()], given)
    assert np.shape(out[0])[1:] == tuple(y.shape[1:])
    assert str(out[0].dtype) == y.dtype
    return out[0], dict(zip(statistics, out[1:], strict=True))


def check(layer: Layer, *arrays: Any, training: bool = True, seed: int = 0) -> None:
    """Compare the derivatives by inputs and parameters with differences."""
    arrays = tuple(np.asarray(x) for x in arrays)
    held = first_values(layer, inner_shape(arrays), seed=seed)
    rng = np.random.default_rng(seed)
    names = list(layer.parameters(inner_shape(arrays)))
    for name in names:  # away from zeros, where mistakes hide
        held[name] = held[name] + 0.3 * rng.normal(size=held[name].shape)
    fixed = {name: graph.constant(v) for name, v in held.items() if name not in names}

    def function(*tensors: graph.Tensor) -> Any:
        inputs, parameters = tensors[: len(arrays)], tensors[len(arrays) :]
        p = Values({**fixed, **dict(zip(names, parameters, strict=True))}, iter(()))
        result = layer.forward(p, inputs if len(inputs) > 1 else inputs[0], training=training)
        return result[0] if isinstance(result, tuple) else result

    check_derivatives(function, [*arrays, *(held[name] for name in names)], rng=rng)


def slope(layer: Layer, x: Any, **options: Any) -> Any:
    """Return the derivative of the sum of outputs by the input."""
    x = np.asarray(x)
    held = first_values(layer, x.shape[1:])
    p = Values({name: graph.constant(v) for name, v in held.items()}, iter(()))
    tensor = graph.input_tensor("x", x.shape, "float64")
    y = layer.forward(p, tensor, **options)
    (dx,) = backpropagate(ops.sum(y), [tensor])
    return graph.evaluate([dx], {"x": x})[0]
