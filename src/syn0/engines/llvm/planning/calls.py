"""From units to calls of kernels: which one, on which memory, over which range.

The units that are not nests each have a rule in `unit_rules`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.kernel import Kernel
from syn0.engines.llvm.kernels.gemm import gemm_kernel, panel_width
from syn0.engines.llvm.kernels.nest import (
    Nest,
    Operand,
    Statement,
    Store,
    nest_kernel,
    written_out_nest,
)
from syn0.engines.llvm.kernels.packing import pack_kernel
from syn0.engines.llvm.kernels.reduction import Reduction, reduction_kernel
from syn0.engines.llvm.kernels.tiny_gemm import tiny_gemm_kernel
from syn0.engines.llvm.planning.endings import ended_products, ending_of
from syn0.engines.llvm.planning.fusion import Fusion, Rows, Unit, domain_of, over_domain
from syn0.engines.llvm.planning.memory import (
    NO_ENDING,
    SOLO,
    Buffer,
    Call,
    Ending,
    Pointer,
    Portion,
    Repeat,
    is_aligned,
)
from syn0.engines.llvm.planning.nest_writer import NestWriter, by_line, shared_form
from syn0.engines.llvm.planning.views import Sizes, View, contiguous
from syn0.graph import Tensor

Rules = Mapping[str, Callable[["Emitter", Tensor, Rows], None]]


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
    is_single : bool
        Whether the plan is for one sample, whose lines threads may share.
    """

    fusion: Fusion
    target: Target
    buffers: dict[int, Buffer]
    checked: set[int]
    is_single: bool = False
    calls: list[Call] = field(default_factory=list)
    tables: dict[bytes, Buffer] = field(default_factory=dict)  # numbers that kernels read
    made_beside: set[int] = field(default_factory=set)  # the ids of values that came with others
    endings: dict[int, Ending] = field(default_factory=dict)  # of products, by their ids

    def emit(self, rules: Rules) -> list[Call]:
        """Return the calls in an order in which they may run.

        Parameters
        ----------
        rules : mapping of op name to callable
            What emits the calls of the units that are not nests.
        """
        ended = ended_products(self.fusion)
        waiting = {product.index for product in ended.values()}
        for unit in self.fusion.units:
            if unit.index in waiting:
                continue
            product = ended.get(unit.index)
            if product is None:
                self._make(unit, rules)
            elif not self._end(unit, product, rules):
                self._make(product, rules)
                self._make(unit, rules)
        return self.calls

    def _make(self, unit: Unit, rules: Rules) -> None:
        """Emit the calls of a unit."""
        for member in unit.members:
            if id(member) in self.fusion.stored or not unit.is_nest:
                self.allocate(member, unit)
        if unit.is_nest:
            self._nest(unit)
        else:
            (tensor,) = unit.members
            rules[tensor.op.name](self, tensor, unit.rows)

    def _end(self, unit: Unit, product_unit: Unit, rules: Rules) -> bool:
        """Emit a product with the nest that ends it; return whether it does."""
        (product,) = product_unit.members
        kept = [member for member in unit.members if id(member) in self.fusion.stored]
        shape = self.fusion.shape(product)
        alike = [t for t in kept if t.dtype == product.dtype and self.fusion.shape(t) == shape]
        if not alike:
            return False
        for member in kept:
            self.allocate(member, unit)
        self.buffers[id(product)] = out = self.buffers[id(alike[0])]
        writer = NestWriter(self.fusion, unit, self.buffers, self.checked)
        nest, own = writer.write(), [aligned for _, aligned in writer.reads]
        label = _label(unit, [self.buffers[id(t)] for t in kept])
        ending = ending_of(nest, writer.pointers, own, out, self.target, label, _operations(unit))
        if ending is None:
            del self.buffers[id(product)]
            return False
        self.endings[id(product)] = ending
        rules[product.op.name](self, product, product_unit.rows)
        assert self.calls[-1].ending is ending
        return True

    def allocate(self, tensor: Tensor, unit: Unit) -> Buffer:
        """Return the memory of a value, which it is given if it has none."""
        if id(tensor) not in self.buffers:
            shape = self.fusion.shape(tensor)
            rows = Rows(shape[0] if shape else 1, bool(shape) and unit.rows.batched)
            buffer = self.memory(named(tensor), tensor.dtype, math.prod(shape), rows)
            self.buffers[id(tensor)] = buffer
        return self.buffers[id(tensor)]

    def memory(self, name: str, dtype: str, count: int, rows: Rows) -> Buffer:
        """Return memory in the arena."""
        return Buffer("arena", name, dtype, count, rows)

    @cached_property
    def has_pictures(self) -> bool:
        """Whether windows on pictures are added up, many for each sample."""
        members = (member for unit in self.fusion.units for member in unit.members)
        return any(member.op.name == "conv2d_dw" for member in members)

    def table(self, numbers: NDArray[np.int64]) -> Buffer:
        """Return memory that holds numbers for a kernel, once for all that hold the same."""
        key = numbers.tobytes()
        if key not in self.tables:
            rows = Rows(1, False)
            self.tables[key] = Buffer("slot", "table", "int64", numbers.size, rows, numbers)
        return self.tables[key]

    def ending(self, product: Tensor) -> Ending:
        """Return what the kernel of a product does more."""
        return self.endings.get(id(product), NO_ENDING)

    def pointer(self, view: View) -> Pointer:
        """Return the address of a view's first element."""
        return Pointer(self.buffers[id(view.base)], view.offset)

    # ----- nests

    def _nest(self, unit: Unit) -> None:
        writer = NestWriter(self.fusion, unit, self.buffers, self.checked)
        whole = writer.write()
        lines = unit.domain[1] if self.is_single and has_lines(unit) else 1
        nest, scale = shared_form(by_line(whole) if lines > 1 else whole)
        stored = [self.buffers[id(t)] for t in writer.outputs]
        self.calls.append(
            Call(
                nest_kernel(nest),
                tuple(writer.pointers),
                (),
                unit.rows,
                tuple(writer.reads),
                tuple(stored),
                scale=lines * scale,
                label=_label(unit, stored),
                operations=_operations(unit),
                written_out=self._written_out(whole),
            )
        )

    def _written_out(self, nest: Nest) -> Kernel | None:
        return written_out_nest(nest) if self.fusion.is_small else None

    # ----- contractions

    def contract(
        self, x: View, y: View, result: Tensor, rows: Rows, own: bool, scale: int = 1
    ) -> None:
        """Emit result = x @ y for matrices, the leading axes of `x` and `y` repeated alike.

        `own` tells whether row i of the result needs row i of `x` only.
        """
        right = y.ndim > 2 and is_aligned(y, self.buffers[id(y.base)], rows)
        out = self.buffers[id(result)]
        ending = self.ending(result)
        self.contract_into(out, x, y, rows, (own, right), named(result), scale=scale, ending=ending)

    def contract_into(
        self, out: Buffer, x: View, y: View, rows: Rows, own: tuple[bool, bool], label: str,
        *, scale: int = 1, depth: Portion | None = None, ending: Ending = NO_ENDING,
    ) -> None:  # fmt: skip
        """Emit out = x @ y; `own` is told of both, and `depth` replaces the inner length."""
        *lead, m, k = x.shape
        n = y.shape[-1]
        y, packed = self._right(y)
        width = panel_width(out.dtype, self.target)
        numbers = (
            x.strides[-2], x.strides[-1], width if packed else y.strides[-2],
            k * width if packed else width, n, depth or k, n,
        )  # fmt: skip
        pointers = (self.pointer(x), self.pointer(y), Pointer(out))
        inner = contiguous((*lead, m, n))
        repeats = tuple(
            Repeat(count, (x.strides[i], y.strides[i], inner[i])) for i, count in enumerate(lead)
        )
        reads = tuple((p.buffer, same) for p, same in zip(pointers[:2], own, strict=True))
        operations = 2 * m * n * (depth.whole if depth else math.prod(lead) * k)
        tiny = None
        if ending is NO_ENDING and not lead and not packed and (y.strides[-1] == 1 or n == 1):
            a = (x.strides[-2], x.strides[-1])
            tiny = tiny_gemm_kernel(out.dtype, m, n, k, a, y.strides[-2], n)
        self.calls.append(
            Call(
                gemm_kernel(out.dtype, n, self.target),
                pointers,
                numbers,
                rows,
                (*reads, *ending.reads),
                (out, *ending.writes),
                scale=scale,
                whole=m,
                repeats=repeats,
                label=label + ending.label,
                operations=operations + ending.operations,
                written_out=tiny,
                ending=ending,
            )
        )

    def reduce(
        self, result: Tensor, reduction: Reduction, source: Pointer, rows: Rows, own: bool
    ) -> None:
        """Emit a reduction of what lies at `source`; `own` tells whether row i needs its row i."""
        kernel, numbers = reduction_kernel(reduction)
        out = self.buffers[id(result)]
        out.rows = rows
        self.calls.append(
            Call(
                kernel,
                (source, Pointer(out)),
                numbers,
                rows,
                ((source.buffer, own),),
                (out,),
                label=named(result),
                operations=math.prod((*reduction.kept, *reduction.reduced)),
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
        packed = self.memory(f"{source.name} packed", dtype, panels * k * width, rows)
        holder = stand_in(y.base)
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
        domain = domain_of(shape)
        source = self.buffers[id(view.base)]
        batched = source.rows.batched and is_aligned(view, source, source.rows)
        rows = Rows(domain[0], batched and domain[0] == source.rows.count)
        copy = self.memory(f"{source.name} copied", source.dtype, math.prod(shape), rows)
        holder = stand_in(view.base)
        self.buffers[id(holder)] = copy
        whole = View(holder, 0, shape, contiguous(shape))
        self.move(view, whole, domain, rows)
        return whole

    def move(self, source: View, goal: View, domain: Sizes, rows: Rows) -> None:
        """Emit a copy from view to view."""
        strides = [over_domain(v, domain, row=False) for v in (source, goal)]
        assert strides[0] is not None
        assert strides[1] is not None
        aligned = is_aligned(source, self.buffers[id(source.base)], rows)
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
        whole = self._written_out(nest)
        nest, scale = shared_form(nest)
        scale *= domain[0] if rows == SOLO else 1
        self.calls.append(
            Call(
                nest_kernel(nest), pointers, (), rows, reads, writes, scale=scale, label=label,
                written_out=whole,
            )
        )  # fmt: skip

    def zero(self, tensor: Tensor, rows: Rows) -> None:
        """Emit zeros for a whole value."""
        domain = domain_of(self.fusion.shape(tensor))
        goal = Pointer(self.buffers[id(tensor)])
        self._fill(None, (), goal, contiguous(domain), domain, rows)


def _label(unit: Unit, stored: Sequence[Buffer]) -> str:
    ops = len(unit.members)
    return ", ".join(b.name for b in stored) + (f" ({ops} ops)" if ops > 1 else "")


def _operations(unit: Unit) -> int:
    heavy = sum(unit.levels[id(member)] == "element" for member in unit.members)
    return heavy * math.prod(unit.domain)


def has_lines(unit: Unit) -> bool:
    """Tell whether a nest is over one sample that has lines of rows."""
    return unit.rows.batched and len(unit.domain) > 2 and unit.domain[0] == 1


def stand_in(base: Tensor) -> Tensor:
    """Return a tensor to hang the memory of a rearranged copy on."""
    return Tensor(base.op, (), {}, base.shape, base.dtype, base.name, base.scope)


def named(tensor: Tensor) -> str:
    """Return what a reader may call a value."""
    return tensor.name or f"{tensor.op.name}_{tensor.scope}".rstrip("_")
