"""Tensors, ops and the graph they form.

A `Tensor` stands for numbers that are not there yet: it knows its shape, its dtype, and
the op and inputs that it comes from. Writing ``x @ W + b`` with tensors draws a graph;
`gradient` extends it, `simplify` tidies it, an engine runs it.

Axis letters in comments: B batch, T time, F features, U units, K classes, H W C image.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from syn0.errors import DTypeError, GraphError, ShapeError, UnknownNameError, did_you_mean
from syn0.shapes import (
    DTYPES,
    FLOATS,
    Dimension,
    Shape,
    Size,
    batch,
    bind_shape,
    format_shape,
    time,
)

__all__ = [
    "DTYPES", "Dimension", "FLOATS", "NoDerivative", "Op", "Sample", "Samples", "Shape",
    "ShapeRule", "Size", "Tensor", "apply", "bad_shape", "batch", "bind", "bind_shape",
    "broadcast_shapes", "common_dtype", "constant", "constant_op", "current_scope", "evaluate",
    "format_shape", "get_op", "input_op", "input_tensor", "no_samples", "public", "registry",
    "scope", "size", "size_op", "state_op", "state_tensor", "time", "topological_order",
]  # fmt: skip

# ----- ops ----------------------------------------------------------------


@dataclass(frozen=True)
class NoDerivative:
    """The declaration that an op has no gradient, and why."""

    reason: str


class Sample:
    """One call of an op for the generated tests: arrays and attributes within its domain.

    ``smooth=False`` marks inputs at a kink or not finite, where only the forward values
    are compared between engines; `data` are the inputs that the derivative leaves out.
    """

    def __init__(
        self, *inputs: Any, smooth: bool = True, data: tuple[int, ...] = (), **attributes: Any
    ) -> None:
        self.inputs = tuple(np.asarray(x) for x in inputs)
        self.attributes = attributes
        self.smooth = smooth
        self.data = data


ShapeRule = Callable[..., tuple[Shape, str]]
Samples = Callable[[np.random.Generator], Iterable[Sample]]
_registry: dict[str, Op] = {}
_functions: dict[str, Callable[..., Any]] = {
    "ndim": lambda x: x.ndim,
    "shape": lambda x: x.shape,
}


@dataclass(frozen=True, eq=False)
class Op:
    """One operation: its name, shape rule, forward values, derivative, and samples.

    Parameters
    ----------
    name : str
        The array API's name where there is one.
    shape : callable
        ``shape(*tensors, **attributes) -> (shape, dtype)``; raises `ShapeError`.
    forward : callable
        ``forward(xp, *arrays, **attributes)``: the values, in the array namespace `xp`.
    derivative : callable or NoDerivative
        ``derivative(dy, y, *tensors, **attributes)``: tensors, one for each input, None
        where the input is data.
    samples : callable
        ``samples(rng)``: the calls that the generated tests make.
    """

    name: str
    shape: ShapeRule
    forward: Callable[..., Any]
    derivative: Callable[..., Any] | NoDerivative
    samples: Samples

    def __post_init__(self) -> None:
        if self.name in _registry:
            raise UnknownNameError(f"an op named {self.name!r} exists already.")
        _registry[self.name] = self
        object.__setattr__(self, "__doc__", inspect.getdoc(self.forward))

    def __call__(self, *inputs: Any, **attributes: Any) -> Any:
        """Apply the op; see `apply`."""
        return apply(self, *inputs, **attributes)

    def __repr__(self) -> str:
        return f"<op {self.name}>"


def registry() -> Mapping[str, Op]:
    """Return all ops by name."""
    return MappingProxyType(_registry)


def get_op(name: str) -> Op:
    """Return the op of this name."""
    if name not in _registry:
        raise UnknownNameError(f"there is no op {name!r}.", mend=did_you_mean(name, _registry))
    return _registry[name]


def public(function: Callable[..., Any], name: str | None = None) -> Callable[..., Any]:
    """Register a function of ops under its array API name, for ``np.<name>(tensor)``."""
    _functions[name or function.__name__] = function
    return function


def no_samples(rng: np.random.Generator) -> Iterable[Sample]:
    """Give no samples: a leaf takes no inputs."""
    return ()


# ----- tensors ------------------------------------------------------------

_scope: ContextVar[str] = ContextVar("scope", default="")


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Let the tensors made inside carry the name of a layer, for printed code and errors."""
    token = _scope.set(name)
    try:
        yield
    finally:
        _scope.reset(token)


def current_scope() -> str:
    """Return the name of the layer whose tensors are being made."""
    return _scope.get()


@dataclass(frozen=True, eq=False)
class Tensor:
    """A symbolic value: the op that makes it, its inputs and attributes, shape and dtype.

    Examples
    --------
    >>> import syn0
    >>> x = syn0.graph.input_tensor("x", (syn0.graph.batch, 3))
    >>> (2 * x + 1).shape
    (batch, 3)
    """

    op: Op
    inputs: tuple[Tensor, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    shape: Shape = ()
    dtype: str = "float32"
    name: str | None = None
    scope: str = field(default_factory=current_scope)

    __hash__ = object.__hash__

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def named(self, name: str, *, scoped: bool = True) -> Tensor:
        """Return this tensor under a name; within a layer the layer's name is added.

        Inputs and state entries keep their own: it says what they read.
        """
        if self.op in (input_op, state_op):
            return self
        full = f"{name}_{_scope.get()}" if scoped and _scope.get() else name
        return replace(self, name=full)

    def __repr__(self) -> str:
        label = f" {self.name!r}" if self.name else ""
        return f"<Tensor{label} {self.op.name} {format_shape(self.shape)} {self.dtype}>"

    # Arithmetic draws the graph.
    def __add__(self, other: Any) -> Any:
        return apply(get_op("add"), self, other)

    def __radd__(self, other: Any) -> Any:
        return apply(get_op("add"), other, self)

    def __sub__(self, other: Any) -> Any:
        return apply(get_op("subtract"), self, other)

    def __rsub__(self, other: Any) -> Any:
        return apply(get_op("subtract"), other, self)

    def __mul__(self, other: Any) -> Any:
        return apply(get_op("multiply"), self, other)

    def __rmul__(self, other: Any) -> Any:
        return apply(get_op("multiply"), other, self)

    def __truediv__(self, other: Any) -> Any:
        return apply(get_op("divide"), self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return apply(get_op("divide"), other, self)

    def __pow__(self, other: Any) -> Any:
        return apply(get_op("pow"), self, other)

    def __rpow__(self, other: Any) -> Any:
        return apply(get_op("pow"), other, self)

    def __matmul__(self, other: Any) -> Any:
        return apply(get_op("matmul"), self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return apply(get_op("matmul"), other, self)

    def __neg__(self) -> Any:
        return apply(get_op("negative"), self)

    def __pos__(self) -> Tensor:
        return self

    def __abs__(self) -> Any:
        return apply(get_op("abs"), self)

    def __invert__(self) -> Any:
        return apply(get_op("logical_not"), self)

    def __and__(self, other: Any) -> Any:
        return apply(get_op("logical_and"), self, other)

    def __or__(self, other: Any) -> Any:
        return apply(get_op("logical_or"), self, other)

    def __lt__(self, other: Any) -> Any:
        return apply(get_op("less"), self, other)

    def __le__(self, other: Any) -> Any:
        return apply(get_op("less_equal"), self, other)

    def __gt__(self, other: Any) -> Any:
        return apply(get_op("greater"), self, other)

    def __ge__(self, other: Any) -> Any:
        return apply(get_op("greater_equal"), self, other)

    # `==` compares numbers, as in NumPy, so tensors are told apart with `is`.
    def __eq__(self, other: object) -> Any:
        return apply(get_op("equal"), self, other)

    def __ne__(self, other: object) -> Any:
        return apply(get_op("not_equal"), self, other)

    def __getitem__(self, key: Any) -> Any:
        return _functions["getitem"](self, key)

    @property
    def T(self) -> Any:  # noqa: N802 (NumPy's name)
        """The axes reversed."""
        return _functions["permute_dims"](self, None)

    @property
    def mT(self) -> Any:  # noqa: N802 (the array API's name)
        """The last two axes swapped."""
        return apply(get_op("matrix_transpose"), self)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Sum over `axis`."""
        return _functions["sum"](self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Average over `axis`."""
        return _functions["mean"](self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Largest value over `axis`."""
        return _functions["max"](self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape: Any) -> Any:
        """Return the same values in another shape."""
        flat = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        return _functions["reshape"](self, flat)

    def astype(self, dtype: str) -> Any:
        """Return the same values as another dtype."""
        return _functions["astype"](self, dtype)

    # NumPy functions that are ops draw the graph too; the others say so.
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        aliases = {
            "absolute": "abs",
            "power": "pow",
            "true_divide": "divide",
            "invert": "logical_not",
        }
        name = aliases.get(ufunc.__name__, ufunc.__name__)
        if method != "__call__" or kwargs or name not in _registry:
            _refuse_numpy(ufunc.__name__)
        return apply(_registry[name], *inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        aliases = {"amax": "max", "concatenate": "concat", "transpose": "permute_dims"}
        name = aliases.get(function.__name__, function.__name__)
        if name not in _functions:
            _refuse_numpy(function.__name__)
        try:
            inspect.signature(_functions[name]).bind(*args, **kwargs)
        except TypeError as error:
            raise GraphError(
                f"np.{function.__name__} of a tensor: {error}.",
                expected=f"{name}{inspect.signature(_functions[name])}",
            ) from None
        return _functions[name](*args, **kwargs)

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise GraphError(
            f"{self!r} is symbolic and holds no numbers yet.",
            mend="use syn0.ops or operators on it; numbers come from net.predict",
        )

    def __bool__(self) -> NoReturn:
        raise GraphError(
            f"{self!r} has no truth value: its numbers are not known while the graph is drawn.",
            mend="replace `if` by syn0.ops.where(condition, a, b)",
        )

    def __iter__(self) -> NoReturn:
        raise GraphError(
            f"{self!r} cannot be looped over.", mend="slice it: x[:, 0], or use a reduction"
        )

    def __len__(self) -> int:
        if self.shape and isinstance(self.shape[0], int):
            return self.shape[0]
        raise GraphError(f"the length of {self!r} is not known while the graph is drawn.")

    def __float__(self) -> NoReturn:
        raise GraphError(f"{self!r} is symbolic and is not a number.", mend="use syn0.ops on it")


def _refuse_numpy(name: str) -> NoReturn:
    known = {**_registry, **_functions}
    raise GraphError(
        f"np.{name} is not an op of syn0, so it has no gradient here.",
        expected="an op of syn0.ops, an operator, or a NumPy function that is an op",
        mend=did_you_mean(name, known),
    )


# ----- leaves -------------------------------------------------------------


def _declared_shape(*, shape: Shape, dtype: str, **_: Any) -> tuple[Shape, str]:
    return shape, dtype


def _forward_constant(xp: Any, *, value: Any, dtype: str, shape: Shape) -> Any:
    return xp.asarray(value, dtype=dtype)


def _forward_size(xp: Any, *, of: Shape, dtype: str, shape: Shape) -> Any:
    return math.prod(of)


def _forward_outside(xp: Any, **_: Any) -> NoReturn:
    raise GraphError("inputs and state are given to a program, not computed by it.")


_LEAF = NoDerivative("a leaf has no inputs")
input_op = Op("input", _declared_shape, _forward_outside, _LEAF, no_samples)
state_op = Op("state", _declared_shape, _forward_outside, _LEAF, no_samples)
constant_op = Op("constant", _declared_shape, _forward_constant, _LEAF, no_samples)
size_op = Op("size", _declared_shape, _forward_size, _LEAF, no_samples)


def input_tensor(name: str, shape: Shape, dtype: str = "float32") -> Tensor:
    """Declare data that is given with each batch."""
    return Tensor(input_op, (), {"shape": shape, "dtype": dtype}, shape, dtype, name)


def state_tensor(name: str, shape: Shape, dtype: str = "float32", *, number: bool = True) -> Tensor:
    """Read an entry of the state: a parameter, an optimizer slot, a hyperparameter.

    A single `number` enters printed text as a Python number, which takes any dtype. What is
    learned or measured is none: NumPy's rules for 1 / 0 and (-1) ** 0.5 hold for it.
    """
    attributes = {"shape": shape, "dtype": dtype, **({} if number else {"number": False})}
    return Tensor(state_op, (), attributes, shape, dtype, name)


def constant(value: Any, dtype: str | None = None) -> Tensor:
    """Put known numbers into the graph."""
    array = np.asarray(value)
    dtype = dtype or ("float32" if array.dtype == np.float16 else str(array.dtype))
    if dtype not in DTYPES:
        raise DTypeError(
            f"a {type(value).__name__} of dtype {dtype} cannot be part of a network.",
            expected="numbers or booleans",
        )
    kept = array.item() if array.ndim == 0 else array.astype(dtype)
    attributes = {"value": kept, "dtype": dtype, "shape": array.shape}
    return Tensor(constant_op, (), attributes, array.shape, dtype)


def size(of: Sequence[Size], dtype: str) -> Tensor:
    """Return how many elements a shape has, as a number of the graph."""
    if all(isinstance(d, int) for d in of):
        return constant(math.prod(of), dtype)
    return Tensor(size_op, (), {"of": tuple(of), "dtype": dtype, "shape": ()}, (), dtype)


# ----- applying an op -----------------------------------------------------


def apply(op: Op, *inputs: Any, **attributes: Any) -> Any:
    """Apply an op: to tensors it draws the graph, to plain arrays it computes with NumPy.

    Numbers and arrays among tensors become constants of the tensors' dtype.
    """
    tensors = [x for x in inputs if isinstance(x, Tensor)]
    if not tensors:
        # Beside an array a Python number stays one, so that it does not widen float32.
        bare = all(isinstance(x, (int, float)) for x in inputs)
        arrays = [x if isinstance(x, (int, float)) and not bare else np.asarray(x) for x in inputs]
        return op.forward(np, *arrays, **attributes)
    arguments = tuple(x if isinstance(x, Tensor) else _constant_like(x, tensors) for x in inputs)
    shape, dtype = op.shape(*arguments, **attributes)
    return Tensor(op, arguments, attributes, shape, dtype)


def _constant_like(value: Any, tensors: Sequence[Tensor]) -> Tensor:
    array = np.asarray(value)
    if array.dtype.kind in "fiu":
        for kinds in (FLOATS, DTYPES[2:-1]):
            found = [t.dtype for t in tensors if t.dtype in kinds]
            if found and (array.dtype.kind != "f" or kinds is FLOATS):
                return constant(value, max(found) if kinds is FLOATS else found[0])
    return constant(value)


def common_dtype(op_name: str, *tensors: Tensor) -> str:
    """Return the one dtype of all tensors; booleans go along with any."""
    found = sorted({t.dtype for t in tensors} - {"bool"})
    if len(found) > 1:
        raise DTypeError(
            f"{op_name} got tensors of dtype {' and '.join(found)}.",
            where=_where(*tensors),
            expected="one dtype; nothing is converted silently",
            mend="convert one with syn0.ops.astype(x, other.dtype)",
        )
    return found[0] if found else "bool"


def _where(*tensors: Tensor) -> str | None:
    names = [t.name or t.scope for t in tensors if t.name or t.scope]
    layer = _scope.get()
    text = f"layer {layer!r}" if layer else ""
    if names:
        text += (", " if text else "") + "tensors " + ", ".join(dict.fromkeys(map(repr, names)))
    return text or None


def broadcast_shapes(op_name: str, *tensors: Tensor) -> Shape:
    """Return the shape that the tensors' shapes broadcast to, as in NumPy."""
    rank = max(t.ndim for t in tensors)
    result: list[Size] = []
    for axis in range(-rank, 0):
        sizes = [t.shape[axis] for t in tensors if t.ndim >= -axis]
        wide = list(dict.fromkeys(s for s in sizes if s != 1))
        if len(wide) > 1:
            raise ShapeError(
                f"{op_name} cannot combine the shapes "
                + " and ".join(format_shape(t.shape) for t in tensors)
                + f": {wide[0]} and {wide[1]} differ.",
                where=_where(*tensors),
                expected="equal sizes, or 1, on every axis, counted from the last",
            )
        result.append(wide[0] if wide else 1)
    return tuple(result)


def bad_shape(op_name: str, what: str, *tensors: Tensor, expected: str | None = None) -> ShapeError:
    """Return a `ShapeError` that names the op, the shapes and the layer."""
    shapes = ", ".join(format_shape(t.shape) for t in tensors)
    return ShapeError(f"{op_name} of {shapes}: {what}.", where=_where(*tensors), expected=expected)


# ----- graphs -------------------------------------------------------------


def topological_order(outputs: Iterable[Tensor]) -> list[Tensor]:
    """Return every tensor that `outputs` need, inputs before the tensors they feed.

    Iterative, so that a network of 20,000 layers does not meet Python's recursion limit.
    """
    order: list[Tensor] = []
    seen: set[int] = set()
    stack: list[tuple[Tensor, bool]] = [(t, False) for t in reversed(list(outputs))]
    while stack:
        tensor, inputs_done = stack.pop()
        if inputs_done:
            order.append(tensor)
        elif id(tensor) not in seen:
            seen.add(id(tensor))
            stack.append((tensor, True))
            stack.extend((t, False) for t in reversed(tensor.inputs) if id(t) not in seen)
    return order


def evaluate(
    outputs: Sequence[Tensor],
    values: Mapping[str, NDArray[Any]],
    sizes: Mapping[str, int] | None = None,
) -> list[Any]:
    """Compute tensors one op at a time with NumPy: the slow, plain meaning of a graph.

    Parameters
    ----------
    outputs : sequence of Tensor
        What to compute.
    values : mapping of name to array
        The inputs and state entries.
    sizes : mapping of name to int, optional
        The named dimensions; taken from the inputs where they can be read there.
    """
    order = topological_order(outputs)
    sizes = dict(sizes or {})
    for tensor in order:
        if tensor.op is input_op and tensor.name is not None and tensor.name in values:
            given = np.asarray(values[tensor.name])
            for dim, number in zip(tensor.shape, given.shape, strict=True):
                if dim in (batch, time) and isinstance(dim, Dimension):
                    sizes.setdefault(dim.name, number)
    done: dict[int, Any] = {}
    for tensor in order:
        if tensor.op in (input_op, state_op):
            assert tensor.name is not None
            value = values[tensor.name]
        else:
            arrays = [done[id(t)] for t in tensor.inputs]
            value = tensor.op.forward(np, *arrays, **bind(tensor.attributes, sizes))
        # As a Python number: NumPy would widen float32 ** int64.
        single = tensor.shape == () and "int" in tensor.dtype
        done[id(tensor)] = int(value) if single else value
    return [done[id(t)] for t in outputs]


def bind(attributes: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
    """Replace the named dimensions among the attributes by their sizes."""

    def bound(value: Any) -> Any:
        if isinstance(value, Dimension):
            return value.bind(sizes)
        if isinstance(value, tuple):
            return tuple(map(bound, value))
        return value

    return {key: bound(value) for key, value in attributes.items()}
