"""Op graphs in a file: taken down when a network is saved, drawn again when it is used.

What a function or layer computes is the graph between its arguments and its result. It is
cut at the arguments, at the layer's entries and at its random numbers. Where a function looks
behind an argument (cross-entropy takes the scores before a softmax), the way there is kept.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from syn0.errors import ArgumentError
from syn0.files import records
from syn0.files.refusal import Refused, short
from syn0.graph import (
    DTYPES,
    Dimension,
    Op,
    Shape,
    Tensor,
    apply,
    constant_op,
    get_op,
    registry,
    size_op,
)
from syn0.simplify import ELEMENTWISE

MOST_DEEP = 16  # steps behind an argument
MOST_LETTERS = 200
_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_WORDS = {str(value): word for word, value in _SPECIAL.items()}


@dataclass(frozen=True)
class _Form:
    """How many inputs an op takes, None for any number, and what attributes."""

    inputs: int | None
    attributes: tuple[str, ...]


def _form(op: Op) -> _Form:
    parameters = list(inspect.signature(op.forward).parameters.values())[1:]
    named = tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
    several = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return _Form(None if several else len(parameters) - len(named), named)


# Leaves have kinds of nodes of their own, random ops are draws, and `unslice` is an adjoint
# that trusts its attributes.
_ELSEWHERE = {"input", "state", "constant", "size", "unslice", "random_uniform", "random_normal"}
FORMS: Mapping[str, _Form] = {
    name: _form(op) for name, op in registry().items() if name not in _ELSEWHERE
}


# ----- sizes and numbers --------------------------------------------------


def encode_shape(shape: Sequence[Any]) -> records.Sizes:
    """Return a shape as it stands in the JSON."""
    return [
        records.Dim(d.name, d.scale, d.offset, d.divisor)  # type: ignore[arg-type]
        if isinstance(d, Dimension)
        else int(d)
        for d in shape
    ]


def decode_shape(sizes: records.Sizes) -> Shape:
    """Return a shape of a file."""
    return tuple(_decode_size(d) for d in sizes)


def _decode_size(size: int | records.Dim) -> int | Dimension:
    if isinstance(size, int):
        return size
    small = all(abs(n) <= 2**20 for n in (size.scale, size.offset, size.divisor))
    if not small or size.scale < 1 or size.divisor < 1:
        raise Refused(f"a size is {short(size)}.")
    return Dimension(size.name, size.scale, size.offset, size.divisor)


def encode_number(value: Any) -> Any:
    """Return a number as it stands in the JSON, which has no words for NaN and infinity."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not math.isfinite(value):
        return records.Special(_WORDS[str(value)])  # type: ignore[arg-type]
    return value


def decode_number(value: Any) -> Any:
    """Return a number of a file."""
    return _SPECIAL[value.text] if isinstance(value, records.Special) else value


def check_dtype(dtype: str) -> str:
    """Return the dtype of a tensor of a graph, if there is such a one."""
    if dtype not in DTYPES:
        raise Refused(f"there is no dtype {short(dtype)}.", expected=", ".join(DTYPES))
    return dtype


# ----- taking down --------------------------------------------------------


class Constants:
    """The arrays among the constants of all graphs of a file, each once, by their numbers."""

    def __init__(self) -> None:
        self.arrays: list[NDArray[Any]] = []
        self._known: dict[Any, int] = {}

    def number(self, value: NDArray[Any]) -> int:
        """Return the number of an array."""
        array = np.ascontiguousarray(value)
        key = (array.shape, str(array.dtype), array.tobytes())
        if key not in self._known:
            self._known[key] = len(self.arrays)
            self.arrays.append(array)
        return self._known[key]


@dataclass
class Ends:
    """Where a graph is cut.

    Parameters
    ----------
    arguments : sequence of Tensor
        What the function was called with.
    entries : mapping of name to Tensor
        What a layer reads of the state.
    draws : list of (kind, Tensor)
        The random numbers that it drew, in their order.
    scope : str
        The name of the layer, which follows the names of its values.
    """

    arguments: Sequence[Tensor]
    entries: Mapping[str, Tensor] = field(default_factory=dict)
    draws: Sequence[tuple[str, Tensor]] = ()
    scope: str = ""


def take_down(
    outputs: Sequence[Tensor],
    ends: Ends,
    constants: Constants,
    *,
    statistics: Mapping[str, Tensor] | None = None,
    training: bool | None = None,
) -> records.Graph:
    """Return the graph from `ends` to `outputs` as it stands in the JSON.

    Arrays among its constants are added to `constants`.

    Raises
    ------
    ArgumentError
        If it depends on something else.
    """
    return _Taker(ends, constants).graph(outputs, statistics or {}, training)


class _Taker:
    """Numbers the tensors of one graph."""

    def __init__(self, ends: Ends, constants: Constants) -> None:
        self.ends, self.constants = ends, constants
        self.nodes: list[records.GraphNode] = []
        self.numbers: dict[int, int] = {}
        self.leaves: dict[int, records.GraphNode] = _behind(ends.arguments)
        self.leaves |= {id(t): records.Draw(number) for number, (_, t) in enumerate(ends.draws)}
        self.leaves |= {id(t): records.Entry(name) for name, t in ends.entries.items()}
        self.leaves |= {id(t): records.Argument(i) for i, t in enumerate(ends.arguments)}

    def graph(
        self, outputs: Sequence[Tensor], statistics: Mapping[str, Tensor], training: bool | None
    ) -> records.Graph:
        for tensor in (*outputs, *statistics.values()):
            self._walk(tensor)
        return records.Graph(
            [records.TensorType(encode_shape(t.shape), t.dtype) for t in self.ends.arguments],
            self.nodes,
            [self.numbers[id(t)] for t in outputs],
            {name: self.numbers[id(t)] for name, t in statistics.items()},
            [records.Drawn(kind, encode_shape(t.shape)) for kind, t in self.ends.draws],  # type: ignore[arg-type]
            training,
        )

    def _walk(self, output: Tensor) -> None:
        """Give a tensor its number after all that it needs, without recursion."""
        stack = [(output, False)]
        while stack:
            tensor, ready = stack.pop()
            key = id(tensor)
            if key in self.numbers:
                continue
            leaf = self.leaves.get(key)
            if ready or leaf is not None or not tensor.inputs:
                self.numbers[key] = len(self.nodes)
                self.nodes.append(self._node(tensor) if leaf is None else leaf)
            else:
                stack.append((tensor, True))
                stack.extend((x, False) for x in reversed(tensor.inputs))

    def _node(self, tensor: Tensor) -> records.GraphNode:
        op, attributes = tensor.op, tensor.attributes
        if op is constant_op:
            return self._constant(tensor)
        if op is size_op:
            return records.Extent(encode_shape(attributes["of"]), tensor.dtype)
        if op.name not in FORMS:
            kind = "random numbers" if op.name.startswith("random") else f"{op.name!r}"
            raise ArgumentError(
                f"what is computed here depends on {kind} of elsewhere, {tensor!r}.",
                expected="arguments and the layer's own entries alone",
            )
        name, ending = tensor.name, f"_{self.ends.scope}"
        scoped = bool(name and self.ends.scope and name.endswith(ending))
        if name:
            name = word(name[: -len(ending)] if scoped else name)
        inputs = [self.numbers[id(x)] for x in tensor.inputs]
        return records.Apply(op.name, inputs, _encode_attributes(attributes), name, scoped)

    def _constant(self, tensor: Tensor) -> records.Constant:
        value = tensor.attributes["value"]
        if tensor.shape == ():
            return records.Constant(tensor.dtype, encode_number(value))
        return records.Constant(tensor.dtype, tensor=self.constants.number(value))


def _behind(arguments: Sequence[Tensor]) -> dict[int, records.GraphNode]:
    """Return how to come to what the arguments were made of, by the shortest way."""
    found: dict[int, records.GraphNode] = {}
    level = [(t, records.Argument(i)) for i, t in enumerate(arguments)]
    for _ in range(MOST_DEEP):
        behind = []
        for tensor, way in level:
            for place, x in enumerate(tensor.inputs):
                if id(x) not in found:
                    ops_passed = [*way.ops, tensor.op.name]
                    found[id(x)] = records.Argument(way.number, [*way.path, place], ops_passed)
                    behind.append((x, found[id(x)]))
        level = behind  # type: ignore[assignment]
    return found


def _encode_attributes(attributes: Mapping[str, Any]) -> records.Attributes | None:
    if not attributes:
        return None
    found: dict[str, Any] = {}
    for name, value in attributes.items():
        if name == "shape":
            found[name] = encode_shape(value)
        elif name == "key":
            found[name] = [
                records.Part(*(None if n is None else int(n) for n in (k.start, k.stop, k.step)))
                for k in value
            ]
        elif name == "widths":
            found[name] = [(int(a), int(b)) for a, b in value]
        elif name in ("axis", "axes") and isinstance(value, tuple):
            found[name] = [int(a) for a in value]
        elif isinstance(value, np.generic):
            found[name] = value.item()
        else:
            found[name] = value
    return records.Attributes(**found)


# ----- drawing again ------------------------------------------------------


@dataclass(frozen=True, eq=False)
class StoredGraph:
    """A graph of a file, checked as far as that goes without its arguments."""

    record: records.Graph
    constants: Mapping[int, NDArray[Any]]
    shapes: tuple[Shape, ...]
    elementwise: bool  # works for arguments of any shape

    def fits(self, arguments: Sequence[Tensor], training: bool | None = None) -> bool:
        """Tell whether the graph is for such arguments."""
        types = self.record.arguments
        if len(arguments) != len(types) or training != self.record.training:
            return False
        for tensor, kind, shape in zip(arguments, types, self.shapes, strict=True):
            if tensor.dtype != kind.dtype or (tensor.shape != shape and not self.elementwise):
                return False
        ways = [n for n in self.record.nodes if isinstance(n, records.Argument)]
        return all(_follow(arguments, way) is not None for way in ways)

    def draw(
        self, arguments: Sequence[Tensor], entries: Mapping[str, Tensor], random: Any = None
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Return the outputs and statistics for arguments.

        Raises
        ------
        Refused
            If an op cannot be applied as the file says.
        """
        drawn = []
        for draw in self.record.draws:
            make = random.random_uniform if draw.kind == "uniform" else random.random_normal
            drawn.append(make(decode_shape(draw.shape)))
        values: list[Tensor] = []
        for node in self.record.nodes:
            values.append(self._value(node, values, arguments, entries, drawn))
        outputs = [_at(values, number) for number in self.record.outputs]
        return outputs, {n: _at(values, k) for n, k in self.record.statistics.items()}

    def _value(
        self,
        node: records.GraphNode,
        values: Sequence[Tensor],
        arguments: Sequence[Tensor],
        entries: Mapping[str, Tensor],
        drawn: Sequence[Tensor],
    ) -> Tensor:
        if isinstance(node, records.Apply):
            inputs = [_at(values, number) for number in node.inputs]
            result = _apply(node, inputs)
            return result.named(node.name, scoped=node.scoped) if node.name else result
        if isinstance(node, records.Constant):
            return self._constant(node)
        if isinstance(node, records.Extent):
            dtype, of = check_dtype(node.dtype), decode_shape(node.of)
            return Tensor(size_op, (), {"of": of, "dtype": dtype, "shape": ()}, (), dtype)
        if isinstance(node, records.Entry):
            if node.name not in entries:
                raise Refused(f"a graph reads {short(node.name)}, which its layer does not have.")
            return entries[node.name]
        if isinstance(node, records.Draw):
            return _at(drawn, node.number)
        found = _follow(arguments, node)
        if found is None:
            raise Refused(f"a graph looks for {short(node)}, which is not there.")
        return found

    def _constant(self, node: records.Constant) -> Tensor:
        dtype, value, shape = check_dtype(node.dtype), decode_number(node.value), ()
        if node.tensor is not None:
            value = self.constants[node.tensor]
            shape = value.shape
        attributes = {"value": value, "dtype": dtype, "shape": shape}
        return Tensor(constant_op, (), attributes, shape, dtype)


def read_graph(record: records.Graph, constants: Mapping[int, NDArray[Any]]) -> StoredGraph:
    """Return a graph of a file, all whose names and numbers are known.

    Raises
    ------
    Refused
        If an op, an attribute, a name or a number does not exist.
    """
    own: dict[int, NDArray[Any]] = {}
    for number, node in enumerate(record.nodes):
        if isinstance(node, records.Apply):
            _check_apply(node, number)
        elif isinstance(node, records.Constant):
            _check_constant(node, constants)
            if node.tensor is not None:
                own[node.tensor] = constants[node.tensor]
        elif isinstance(node, records.Argument) and len(node.path) != len(node.ops):
            raise Refused(f"a graph holds {short(node)}.")
    for kind in record.arguments:
        check_dtype(kind.dtype)
    plain = (records.Argument, records.Constant, records.Entry)
    elementwise = (
        all(
            node.op in ELEMENTWISE if isinstance(node, records.Apply) else isinstance(node, plain)
            for node in record.nodes
        )
        and not own
    )
    shapes = tuple(decode_shape(kind.shape) for kind in record.arguments)
    return StoredGraph(record, own, shapes, elementwise)


def word(name: str) -> str:
    """Return a name that `check_name` takes: printed code would write it so as well."""
    found = re.sub(r"\W|^(?=\d)", "_", name)[:MOST_LETTERS]
    return found if found.isidentifier() else f"_{found}"


def check_name(name: str) -> str:
    """Return a name of a file if printed code may use it."""
    if not name.isidentifier() or len(name) > MOST_LETTERS:
        raise Refused(f"{short(name)} cannot be a name.", expected="letters, digits and _")
    return name


def _check_apply(node: records.Apply, number: int) -> None:
    form = FORMS.get(node.op)
    if form is None:
        raise Refused(
            f"a graph has the op {short(node.op)}.", expected="one of " + ", ".join(sorted(FORMS))
        )
    if node.name is not None:
        check_name(node.name)
    if form.inputs not in (None, len(node.inputs)) or not node.inputs:
        raise Refused(
            f"the op {node.op} has {len(node.inputs)} inputs.", expected=str(form.inputs or "some")
        )
    if any(source >= number for source in node.inputs):
        raise Refused(f"the op {node.op} reads a value that comes after it.")
    found, names = node.attributes, records.Attributes.__struct_fields__
    given = {n for n in names if found and getattr(found, n) is not msgspec.UNSET}
    if given != {*form.attributes}:
        raise Refused(
            f"the op {node.op} has the attributes {', '.join(sorted(given)) or 'none'}.",
            expected=", ".join(sorted(form.attributes)) or "none",
        )


def _check_constant(node: records.Constant, constants: Mapping[int, NDArray[Any]]) -> None:
    check_dtype(node.dtype)
    if (node.tensor is None) == (node.value is None):
        raise Refused(f"a graph holds the constant {short(node)}.", expected="a value or a tensor")
    if node.tensor is not None:
        array = constants.get(node.tensor)
        if array is None or str(array.dtype) != node.dtype or array.ndim == 0:
            raise Refused(f"a graph reads the tensor constant/{node.tensor} as {node.dtype}.")
    elif not _fits_dtype(node.value, node.dtype):
        raise Refused(f"a graph holds the {node.dtype} {short(node.value)}.")


def _fits_dtype(value: Any, dtype: str) -> bool:
    """Tell whether a dtype has room for a number; infinity is a float of any."""
    if isinstance(value, (bool, records.Special)):
        return True
    if dtype == "bool":
        return False
    limits: Any = np.iinfo(dtype) if "int" in dtype else np.finfo(_RANGES.get(dtype, dtype))
    return bool(limits.min <= value <= limits.max)


_RANGES = {"bfloat16": "float32"}  # which NumPy does not know


def _at(values: Sequence[Tensor], number: int) -> Tensor:
    if number >= len(values):
        raise Refused(f"a graph refers to its value {number} of {len(values)}.")
    return values[number]


def _follow(arguments: Sequence[Tensor], way: records.Argument) -> Tensor | None:
    """Return what lies behind an argument, None where the graph there is another."""
    if way.number >= len(arguments):
        return None
    tensor = arguments[way.number]
    for place, name in zip(way.path, way.ops, strict=True):
        if tensor.op.name != name or place >= len(tensor.inputs):
            return None
        tensor = tensor.inputs[place]
    return tensor


def _apply(node: records.Apply, inputs: Sequence[Tensor]) -> Tensor:
    op = get_op(node.op)
    attributes = {
        name: _decode_attribute(name, getattr(node.attributes, name))
        for name in FORMS[node.op].attributes
    }
    _check_axes(op, inputs[0], attributes)
    result: Tensor = apply(op, *inputs, **attributes)
    check_dtype(result.dtype)
    _check_sizes(result)
    if op.name in ("take", "scatter_add") and inputs[1].op is constant_op:
        _check_indices(inputs[1], inputs[0].shape if op.name == "take" else result.shape)
    return result


def _decode_attribute(name: str, value: Any) -> Any:
    if name == "shape":
        return decode_shape(value)
    if name == "key":
        return tuple(slice(part.start, part.stop, part.step) for part in value)
    if name == "dtype":
        return check_dtype(value)
    return tuple(value) if isinstance(value, list) else value


def _check_axes(op: Op, x: Tensor, attributes: Mapping[str, Any]) -> None:
    """Refuse an axis that the input does not have: not all shape rules look."""
    axis, most = attributes.get("axis"), x.ndim + (op.name == "expand_dims")
    axes = (axis,) if isinstance(axis, int) else axis
    if axes is None:
        if "axis" in attributes and "keepdims" not in attributes:
            raise Refused(f"the op {op.name} has no axis.")
        return
    one = isinstance(axis, int) or op.name in _OVER_AXES
    if not one or list(axes) != sorted(set(axes)) or not all(0 <= a < most for a in axes):
        raise Refused(f"the op {op.name} has the axis {short(axis)} of {x.ndim}.")


_OVER_AXES = frozenset(
    name for name, form in FORMS.items() if {"axis", "keepdims"} <= {*form.attributes}
)


def _check_sizes(tensor: Tensor) -> None:
    """Refuse sizes below 0, and tensors that no memory holds."""
    sizes = [d for d in tensor.shape if isinstance(d, int)]
    if any(d < 0 for d in sizes) or math.prod(sizes) > 2**40 or tensor.ndim > 32:
        raise Refused(f"a graph makes a tensor of the shape {short(tensor.shape)}.")
    for d in tensor.shape:
        if isinstance(d, Dimension):
            _decode_size(records.Dim(d.name, d.scale, d.offset, d.divisor))  # type: ignore[arg-type]


def _check_indices(indices: Tensor, shape: Shape) -> None:
    value, rows = np.asarray(indices.attributes["value"]), shape[0] if shape else 0
    if not isinstance(rows, int) or (
        value.size and not -rows <= int(value.min()) <= int(value.max()) < rows
    ):
        raise Refused(f"a graph takes rows up to {short(value.max())} of {rows}.")


# ----- a function of a file -----------------------------------------------


def pick(
    graphs: Sequence[StoredGraph], arguments: Sequence[Tensor], training: bool | None = None
) -> StoredGraph | None:
    """Return the graph for such arguments, that of their very shapes before a general one."""
    fitting = [graph for graph in graphs if graph.fits(arguments, training)]
    shapes = tuple(t.shape for t in arguments)
    return next((g for g in fitting if g.shapes == shapes), fitting[0] if fitting else None)
