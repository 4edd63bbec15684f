"""From units to calls of kernels: which one, on which memory, over which range."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from syn0.engines.llvm.fusion import Fusion, Rows, Unit, over_domain
from syn0.engines.llvm.gemm import gemm_kernel, panel_width
from syn0.engines.llvm.indexing import gather_kernel, scatter_add_kernel
from syn0.engines.llvm.kernel import Kernel
from syn0.engines.llvm.nest import Nest, Operand, Statement, Store, nest_kernel
from syn0.engines.llvm.packing import pack_kernel
from syn0.engines.llvm.randomness import random_kernel
from syn0.engines.llvm.reduction import Reduction, reduction_kernel
from syn0.engines.llvm.target import Target
from syn0.engines.llvm.tiny_gemm import tiny_gemm_kernel
from syn0.engines.llvm.views import MOVES, Sizes, View, contiguous
from syn0.graph import Tensor, bind, get_op

SOLO = Rows(1, False)


@dataclass(eq=False)
class Buffer:
    """Memory that a program reads or writes.

    Parameters
    ----------
    space : str
        ``arena``, ``state`` and ``next`` (the two copies of it), ``slot`` (memory that is
        somebody else's).
    name : str
        The entry of the state, the input, or what a reader may call the value.
    dtype : str
        Of its elements.
    count : int
        How many they are.
    rows : Rows
        Its first axis.
    """

    space: str
    name: str
    dtype: str
    count: int
    rows: Rows
    value: Any = None  # of a constant
    source: str = "batch"  # how an input advances from step to step
    place: int = -1  # in bytes, within the space; the number of a slot

    @property
    def bytes(self) -> int:
        """Its size."""
        return self.count * np.dtype(self.dtype).itemsize

    @property
    def row(self) -> int:
        """The elements of a row."""
        return self.count // max(self.rows.count, 1)


@dataclass(frozen=True)
class Pointer:
    """The address of an element."""

    buffer: Buffer
    offset: int = 0


@dataclass(frozen=True)
class Repeat:
    """A loop around a kernel: how often, and how far each pointer moves each time."""

    count: int
    strides: Sizes


@dataclass(eq=False)
class Call:
    """One call of a kernel, or, with `repeats`, one for each index of outer axes.

    Parameters
    ----------
    kernel : Kernel
        What runs.
    pointers, numbers : tuple
        Its arguments; begin and end follow.
    rows : Rows
        What its work is divided by; one row is not divided.
    scale : int
        How many of the kernel's own rows make up one of `rows`.
    repeats : tuple of Repeat
        Loops around it, the first over `rows`; the kernel then does its `whole` range.
    reads : tuple of (Buffer, bool)
        What it reads, and whether row i of its work needs row i only.
    writes : Buffer
        What it writes: row i of it with row i of the work.
    label, operations : str, int
        For a reader: what it does, and the floating-point operations of it.
    written_out : Kernel, optional
        One that does all rows at once, where they are few, and takes the pointers alone.
    """

    kernel: Kernel
    pointers: tuple[Pointer, ...]
    numbers: tuple[int | str, ...]
    rows: Rows
    reads: tuple[tuple[Buffer, bool], ...]
    writes: tuple[Buffer, ...]
    scale: int = 1
    whole: int = 0
    repeats: tuple[Repeat, ...] = ()
    label: str = ""
    operations: int = 0
    written_out: Kernel | None = None


@dataclass
class Emitter:
    """Makes the calls of a graph's units.

    Parameters
    ----------
    fusion : Fusion
        The units.
    buffers : dict
        The memory of leaves and stored values by the id of their tensor; filled on the way.
    checked : set of int
        The ids of values that must be finite.
    """

    fusion: Fusion
    target: Target
    buffers: dict[int, Buffer]
    checked: set[int]
    calls: list[Call] = field(default_factory=list)

    def emit(self) -> list[Call]:
        """Return the calls in an order in which they may run."""
        for unit in self.fusion.units:
            for member in unit.members:
                if id(member) in self.fusion.stored or not unit.is_nest:
                    self._allocate(member, unit)
            if unit.is_nest:
                self._nest(unit)
            else:
                (tensor,) = unit.members
                RULES[tensor.op.name](self, tensor, unit.rows)
        return self.calls

    def _allocate(self, tensor: Tensor, unit: Unit) -> Buffer:
        if id(tensor) not in self.buffers:
            shape = self.fusion.shape(tensor)
            rows = Rows(shape[0] if shape else 1, bool(shape) and unit.rows.batched)
            name = tensor.name or (f"{tensor.op.name}_{tensor.scope}".rstrip("_"))
            count = math.prod(shape)
            self.buffers[id(tensor)] = Buffer("arena", name, tensor.dtype, count, rows)
        return self.buffers[id(tensor)]

    def scratch(self, name: str, dtype: str, count: int, rows: Rows) -> Buffer:
        """Return memory for a kernel's helper."""
        return Buffer("arena", name, dtype, count, rows)

    def pointer(self, view: View) -> Pointer:
        """Return the address of a view's first element."""
        return Pointer(self.buffers[id(view.base)], view.offset)

    # ----- nests

    def _nest(self, unit: Unit) -> None:
        writer = _NestWriter(self, unit)
        nest = writer.write()
        stored = [self.buffers[id(t)] for t in writer.outputs]
        ops = len(unit.members)
        label = ", ".join(b.name for b in stored) + (f" ({ops} ops)" if ops > 1 else "")
        heavy = sum(unit.levels[id(m)] == "element" for m in unit.members)
        self.calls.append(
            Call(
                nest_kernel(nest),
                tuple(writer.pointers),
                (),
                unit.rows,
                tuple(writer.reads),
                tuple(stored),
                label=label,
                operations=heavy * math.prod(unit.domain),
            )
        )

    # ----- contractions

    def contract(
        self, x: View, y: View, result: Tensor, rows: Rows, own: bool, scale: int = 1
    ) -> None:
        """Emit result = x @ y for matrices, the leading axes of `x` and `y` repeated alike.

        `own` tells whether row i of the result needs row i of `x` only.
        """
        *lead, m, k = x.shape
        n = y.shape[-1]
        out = self.buffers[id(result)]
        y, packed = self._right(y)
        width = panel_width(result.dtype, self.target)
        numbers = (
            x.strides[-2], x.strides[-1], width if packed else y.strides[-2],
            k * width if packed else width, n, k,
        )  # fmt: skip
        pointers = (self.pointer(x), self.pointer(y), Pointer(out))
        inner = contiguous((*lead, m, n))
        repeats = tuple(
            Repeat(count, (x.strides[i], y.strides[i], inner[i])) for i, count in enumerate(lead)
        )
        right = bool(lead) and _aligned(y, self.buffers[id(y.base)], rows)
        reads = ((pointers[0].buffer, own), (pointers[1].buffer, right))
        tiny = None
        if not lead and not packed and (y.strides[-1] == 1 or n == 1):
            a = (x.strides[-2], x.strides[-1])
            tiny = tiny_gemm_kernel(result.dtype, m, n, k, a, y.strides[-2], n)
        self.calls.append(
            Call(
                gemm_kernel(result.dtype, n, self.target),
                pointers,
                numbers,
                rows,
                reads,
                (out,),
                scale,
                m,
                repeats,
                _named(result),
                2 * math.prod(lead) * m * n * k,
                tiny,
            )
        )

    def _right(self, y: View) -> tuple[View, bool]:
        """Return the right matrix with its columns side by side, and whether in panels."""
        *lead, k, n = y.shape
        if y.strides[-1] == 1 or n == 1:
            return y, False
        if not lead and k and n and (y.strides[-2] == 1 or k == 1):
            return self._packed(y), True
        return self.copied(y), False

    def _packed(self, y: View) -> View:
        """Emit the panels of a matrix whose rows lie side by side: a transposed one."""
        k, n = y.shape
        width = panel_width(y.base.dtype, self.target)
        panels = -(-n // width)
        dtype, rows = y.base.dtype, Rows(panels, False)
        source = self.buffers[id(y.base)]
        packed = self.scratch(f"{source.name} packed", dtype, panels * k * width, rows)
        holder = _stand_in(y.base)
        self.buffers[id(holder)] = packed
        self.calls.append(
            Call(
                pack_kernel(dtype, True, self.target),
                (self.pointer(y), Pointer(packed)),
                (y.strides[1], k, n),
                rows,
                ((source, False),),
                (packed,),
                label=packed.name,
            )
        )
        return View(holder, 0, (k, n), (width, 1))

    def copied(self, view: View) -> View:
        """Return a contiguous copy of a view."""
        shape = view.shape
        domain = shape if len(shape) > 1 else (*shape, 1) if shape else (1, 1)
        source = self.buffers[id(view.base)]
        batched = source.rows.batched and _aligned(view, source, source.rows)
        rows = Rows(domain[0], batched and domain[0] == source.rows.count)
        copy = self.scratch(f"{source.name} copied", source.dtype, math.prod(shape), rows)
        holder = _stand_in(view.base)
        self.buffers[id(holder)] = copy
        whole = View(holder, 0, shape, contiguous(shape))
        self.move(view, whole, domain, rows)
        return whole

    def move(self, source: View, goal: View, domain: Sizes, rows: Rows) -> None:
        """Emit a copy from view to view."""
        strides = [over_domain(v, domain, row=False) for v in (source, goal)]
        assert strides[0] is not None
        assert strides[1] is not None
        aligned = _aligned(source, self.buffers[id(source.base)], rows)
        places = self.pointer(source), strides[0], self.pointer(goal), strides[1]
        self._fill(*places, domain, rows, aligned)

    def _fill(
        self, source: Pointer | None, source_strides: Sizes, goal: Pointer, strides: Sizes,
        domain: Sizes, rows: Rows, aligned: bool = True,
    ) -> None:  # fmt: skip
        dtype = goal.buffer.dtype
        write = Operand(dtype, strides)
        if source is None:
            zero = Statement("constant", (), dtype, "row", 0)
            nest = Nest(domain, (write,), (zero,), (Store(0, 0),))
            pointers, reads = (goal,), ()
        else:
            load = Statement("load", (), dtype, "element", 0)
            nest = Nest(domain, (Operand(dtype, source_strides), write), (load,), (Store(1, 0),))
            pointers, reads = (source, goal), ((source.buffer, aligned),)  # type: ignore[assignment]
        label = f"{goal.buffer.name} {'zero' if source is None else 'copy'}"
        writes = (goal.buffer,)
        scale = domain[0] if rows == SOLO else 1
        call = Call(nest_kernel(nest), pointers, (), rows, reads, writes, scale, label=label)
        self.calls.append(call)

    def zero(self, tensor: Tensor, rows: Rows) -> None:
        """Emit zeros for a whole value."""
        shape = self.fusion.shape(tensor)
        domain = shape if len(shape) > 1 else (*shape, 1) if shape else (1, 1)
        goal = Pointer(self.buffers[id(tensor)])
        self._fill(None, (), goal, contiguous(domain), domain, rows)


def _stand_in(base: Tensor) -> Tensor:
    """Return a tensor to hang the memory of a rearranged copy on."""
    return Tensor(base.op, (), {}, base.shape, base.dtype, base.name, base.scope)


def _named(tensor: Tensor) -> str:
    return tensor.name or f"{tensor.op.name}_{tensor.scope}".rstrip("_")


def _aligned(view: View, buffer: Buffer, rows: Rows) -> bool:
    """Tell whether index i of the first axis reads nothing but row i of the buffer."""
    if buffer.rows != rows or not view.shape or view.shape[0] != rows.count:
        return False
    if rows.count > 1 and view.strides[0] != buffer.row:
        return False
    reach = sum((n - 1) * s for n, s in zip(view.shape[1:], view.strides[1:], strict=True))
    low = sum(min(s, 0) for s in view.strides[1:])
    return low == 0 and view.offset >= 0 and view.offset + reach < max(buffer.row, 1)


class _NestWriter:
    """Writes the statements of a nest."""

    def __init__(self, emitter: Emitter, unit: Unit) -> None:
        self.emitter = emitter
        self.unit = unit
        self.operands: list[Operand] = []
        self.pointers: list[Pointer] = []
        self.reads: list[tuple[Buffer, bool]] = []
        self.statements: list[Statement] = []
        self.outputs: list[Tensor] = []
        self._made: dict[int, int] = {}  # statement by the id of its tensor
        self._loads: dict[tuple[Any, ...], int] = {}

    def write(self) -> Nest:
        """Return the nest; its operands are in the order of `pointers`."""
        for tensor in self.unit.members:
            inputs = [self._input(tensor, x) for x in tensor.inputs]
            level = self.unit.levels[id(tensor)]
            if tensor.op.name == "one_hot":
                self._one_hot(tensor, inputs[0])
            else:
                self._add(tensor, Statement(tensor.op.name, tuple(inputs), tensor.dtype, level))
        stores = []
        emitter = self.emitter
        for tensor in self.unit.members:
            if id(tensor) in emitter.fusion.stored:
                self.outputs.append(tensor)
                stores.append(self._store(tensor))
        return Nest(self.unit.domain, tuple(self.operands), tuple(self.statements), tuple(stores))

    def _add(self, tensor: Tensor, statement: Statement) -> None:
        self.statements.append(statement)
        self._made[id(tensor)] = len(self.statements) - 1

    def _one_hot(self, tensor: Tensor, label: int) -> None:
        kind = self.statements[label].dtype
        index = Statement("index", (), "int64", "element", max(tensor.ndim - 1, 0))
        self.statements.append(index)
        place = len(self.statements) - 1
        if kind != "int64":
            self.statements.append(Statement("astype", (label,), "int64", "element"))
            label = len(self.statements) - 1
        self.statements.append(Statement("equal", (label, place), "bool", "element"))
        same = len(self.statements) - 1
        self._add(tensor, Statement("astype", (same,), tensor.dtype, "element"))

    def _input(self, user: Tensor, x: Tensor) -> int:
        """Return the statement that gives an input: one of the nest, a constant, or a load."""
        fusion, unit = self.emitter.fusion, self.unit
        view = fusion.view(x)
        if fusion.unit_of.get(id(view.base)) is unit:
            return self._made[id(view.base)]
        number = number_of(view.base, fusion.sizes)
        if number is not None:
            key: tuple[Any, ...] = ("constant", repr(number), view.base.dtype)
            statement = Statement("constant", (), view.base.dtype, "row", number)
            return self._once(key, statement)
        reduction = user.op.name in ("sum", "max", "argmax")
        if user.op.name == "one_hot":
            view = View(view.base, view.offset, (*view.shape, 1), (*view.strides, 0))
        goal = fusion.shape(x) if reduction else fusion.shape(user)
        seen = view.broadcast(goal)
        row = not reduction and unit.levels[id(user)] == "row"
        strides = over_domain(seen, unit.domain, row=row)
        assert strides is not None, (user, x, unit.domain)
        return self._load(view.base, seen, strides)

    def _load(self, base: Tensor, seen: View, strides: Sizes) -> int:
        domain = self.unit.domain
        strides = tuple(0 if n == 1 else s for n, s in zip(domain, strides, strict=True))
        level = "row" if strides[-1] == 0 else "element"
        key = (id(base), seen.offset, strides)
        if key not in self._loads:
            buffer = self.emitter.buffers[id(base)]
            over = View(base, seen.offset, domain, strides)
            self.operands.append(Operand(base.dtype, strides))
            self.pointers.append(Pointer(buffer, seen.offset))
            self.reads.append((buffer, _aligned(over, buffer, self.unit.rows)))
        place = len(self.operands) - 1
        return self._once(key, Statement("load", (), base.dtype, level, place))

    def _once(self, key: tuple[Any, ...], statement: Statement) -> int:
        if key not in self._loads:
            self.statements.append(statement)
            self._loads[key] = len(self.statements) - 1
        return self._loads[key]

    def _store(self, tensor: Tensor) -> Store:
        shape = self.emitter.fusion.shape(tensor)
        own = View(tensor, 0, shape, contiguous(shape))
        row = self.unit.levels[id(tensor)] == "row"
        strides = over_domain(own, self.unit.domain, row=row)
        assert strides is not None
        self.operands.append(Operand(tensor.dtype, strides))
        self.pointers.append(Pointer(self.emitter.buffers[id(tensor)]))
        checked = id(tensor) in self.emitter.checked
        return Store(len(self.operands) - 1, self._made[id(tensor)], checked)


def number_of(tensor: Tensor, sizes: Mapping[str, int]) -> Any:
    """Return the value of a single number that is known, else None."""
    if tensor.op is get_op("constant") and tensor.shape == ():
        return tensor.attributes["value"]
    if tensor.op is get_op("size"):
        return math.prod(bind(tensor.attributes, sizes)["of"])
    return None


# ----- the units that are not nests ---------------------------------------


def _matmul(e: Emitter, t: Tensor, rows: Rows) -> None:
    x, y = (e.fusion.view(i) for i in t.inputs)
    shape = e.fusion.shape(t)
    *lead, m, _ = shape
    own = _aligned(x, e.buffers[id(x.base)], rows)
    if y.shape[:-2] == () or math.prod(y.shape[:-2]) == 1:
        flat = _one_matrix(x)
        if flat is not None:
            y = View(y.base, y.offset, y.shape[-2:], y.strides[-2:])
            scale = (math.prod(lead) * m) // rows.count if rows.count else 1
            e.contract(flat, y, t, rows, own, scale)
            return
    x = x.broadcast((*lead, *x.shape[-2:]))
    y = y.broadcast((*lead, *y.shape[-2:]))
    e.contract(x, y, t, rows, own)


def _one_matrix(x: View) -> View | None:
    """Return a view with its leading axes taken as rows, None if the rows are not even."""
    if len(x.shape) == 2:
        return x
    return x.reshaped((math.prod(x.shape[:-1]), x.shape[-1]))


def _tensordot(e: Emitter, t: Tensor, rows: Rows) -> None:
    views = []
    for i in t.inputs:
        view = e.fusion.view(i)
        flat = _one_matrix(view)
        if flat is None:
            flat = _one_matrix(e.copied(view))
        assert flat is not None
        views.append(flat)
    x, y = views
    turned = View(x.base, x.offset, x.shape[::-1], x.strides[::-1])
    e.contract(turned, y, t, rows, own=False)


def _reduce(e: Emitter, t: Tensor, rows: Rows) -> None:
    (x,) = t.inputs
    view, axis = e.fusion.view(x), t.attributes["axis"]
    every = range(len(view.shape))
    axes = tuple(every) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    kept = [a for a in every if a not in axes] or []
    sizes, strides = view.shape, view.strides
    reduction = Reduction(
        t.op.name, t.dtype, tuple(sizes[a] for a in kept) or (1,), tuple(sizes[a] for a in axes),
        tuple(strides[a] for a in kept) or (0,), tuple(strides[a] for a in axes),
        id(t) in e.checked,
    )  # fmt: skip
    batched = bool(kept) and kept[0] == 0 and rows.batched
    rows = Rows(reduction.kept[0], batched)
    source, out = e.buffers[id(view.base)], e.buffers[id(t)]
    out.rows = rows
    aligned = bool(kept) and kept[0] == 0 and _aligned(view, source, rows)
    e.calls.append(
        Call(
            reduction_kernel(reduction),
            (e.pointer(view), Pointer(out)),
            (),
            rows,
            ((source, aligned),),
            (out,),
            label=_named(t),
            operations=math.prod(sizes),
        )
    )


def _whole(e: Emitter, view: View) -> View:
    return view if view.is_contiguous else e.copied(view)


def _take(e: Emitter, t: Tensor, rows: Rows) -> None:
    x, indices = (_whole(e, e.fusion.view(i)) for i in t.inputs)
    width = math.prod(x.shape[1:])
    out = e.buffers[id(t)]
    count = math.prod(indices.shape)
    scale = count // rows.count if indices.shape and rows.count else 1
    index = e.buffers[id(indices.base)]
    kernel = gather_kernel(x.base.dtype, t.dtype, indices.base.dtype, width)
    reads = ((e.buffers[id(x.base)], False), (index, _aligned(indices, index, rows)))
    pointers = (e.pointer(x), e.pointer(indices), Pointer(out))
    if not indices.shape:
        rows = out.rows = SOLO
    e.calls.append(
        Call(kernel, pointers, (x.shape[0],), rows, reads, (out,), scale, label=_named(t))
    )


def _scatter_add(e: Emitter, t: Tensor, rows: Rows) -> None:
    values, indices = (_whole(e, e.fusion.view(i)) for i in t.inputs)
    shape = e.fusion.shape(t)
    width, out = math.prod(shape[1:]), e.buffers[id(t)]
    kernel = scatter_add_kernel(t.dtype, indices.base.dtype, width)
    reads = tuple((e.buffers[id(v.base)], False) for v in (values, indices))
    pointers = (e.pointer(values), e.pointer(indices), Pointer(out))
    numbers = (math.prod(indices.shape), shape[0])
    out.rows = SOLO
    e.calls.append(Call(kernel, pointers, numbers, SOLO, reads, (out,), width, label=_named(t)))


def _random(e: Emitter, t: Tensor, rows: Rows) -> None:
    seed, step = (e.fusion.view(i) for i in t.inputs)
    kernel = random_kernel(t.op.name.removeprefix("random_"), t.dtype, t.attributes["stream"])
    out = e.buffers[id(t)]
    reads = tuple((e.buffers[id(v.base)], False) for v in (seed, step))
    pointers = (e.pointer(seed), e.pointer(step), Pointer(out))
    e.calls.append(
        Call(kernel, pointers, (), out.rows, reads, (out,), max(out.row, 1), label=_named(t))
    )


def _concat(e: Emitter, t: Tensor, rows: Rows) -> None:
    shape, axis, start = e.fusion.shape(t), t.attributes["axis"], 0
    for part in t.inputs:
        view = e.fusion.view(part)
        key = (*[slice(None)] * axis, slice(start, start + view.shape[axis]))
        _into(e, t, view, key, shape, rows)
        start += view.shape[axis]


def _pad(e: Emitter, t: Tensor, rows: Rows) -> None:
    view = e.fusion.view(t.inputs[0])
    pairs = zip(t.attributes["widths"], view.shape, strict=True)
    key = tuple(slice(before, before + n) for (before, _), n in pairs)
    e.zero(t, rows)
    _into(e, t, view, key, e.fusion.shape(t), rows)


def _unslice(e: Emitter, t: Tensor, rows: Rows) -> None:
    e.zero(t, rows)
    _into(e, t, e.fusion.view(t.inputs[0]), t.attributes["key"], e.fusion.shape(t), rows)


def _into(e: Emitter, t: Tensor, part: View, key: Any, shape: Sizes, rows: Rows) -> None:
    """Emit a copy of a part to its place in a value."""
    whole = View(t, 0, shape, contiguous(shape))
    goal = MOVES["slice"](whole, key=key)
    assert goal is not None
    if math.prod(part.shape) == 0:
        return
    if len(shape) == 1:
        part = View(part.base, part.offset, (*part.shape, 1), (*part.strides, 0))
        goal = View(t, goal.offset, (*goal.shape, 1), (*goal.strides, 0))
    same = goal.shape[0] == rows.count and goal.offset < max(math.prod(shape[1:]), 1)
    e.move(part, goal, goal.shape, rows if same else SOLO)


RULES: dict[str, Callable[[Emitter, Tensor, Rows], None]] = {
    "matmul": _matmul,
    "tensordot": _tensordot,
    "sum": _reduce,
    "max": _reduce,
    "take": _take,
    "scatter_add": _scatter_add,
    "random_uniform": _random,
    "random_normal": _random,
    "concat": _concat,
    "pad": _pad,
    "unslice": _unslice,
}
