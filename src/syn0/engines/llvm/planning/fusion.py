"""Which ops run together: a lowered graph as units, each of which becomes a kernel.

Ops on the elements of one domain, and reductions over its last axis, join into a nest: a
loop over rows that reads what it needs once and keeps what lies between in registers. All
other ops are units of their own. Units are numbered in an order in which they may run.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from syn0.engines.llvm.planning.views import MOVES, Sizes, View, contiguous, moved
from syn0.graph import Dimension, Tensor, batch, bind_shape, topological_order
from syn0.ops.elementwise import astype_op
from syn0.simplify import ELEMENTWISE

NESTED = ELEMENTWISE | {"one_hot"}
ROW_REDUCTIONS = frozenset(["sum", "max", "argmax"])
MOST_MEMBERS = 48  # of a nest: more would not stay in registers
MOST_TRIED = 24  # nests that an op may join, the latest first


@dataclass(frozen=True)
class Rows:
    """What a kernel's work is divided by.

    Parameters
    ----------
    count : int
        The length of the first axis.
    batched : bool
        Whether that is the batch.
    shard : int
        How many samples each row stands for, where rows are shards of the batch; the last may
        have fewer.
    """

    count: int
    batched: bool
    shard: int = 0

    def split(self, samples: Rows) -> bool:
        """Tell whether these are shards of such samples."""
        whole = self.shard * (self.count - 1) < samples.count <= self.shard * self.count
        return samples.batched and self.shard > 0 and whole


@dataclass(eq=False)
class Unit:
    """Ops that one kernel computes."""

    index: int
    domain: Sizes  # of a nest; empty otherwise
    rows: Rows
    members: list[Tensor] = field(default_factory=list)
    levels: dict[int, str] = field(default_factory=dict)
    read: set[int] = field(default_factory=set)  # the ids of what has memory

    @property
    def is_nest(self) -> bool:
        """Whether it is a loop over elements."""
        return bool(self.domain)


def copy_of(x: Tensor) -> Tensor:
    """Return a tensor with the values of `x` in memory of its own."""
    return Tensor(astype_op, (x,), {"dtype": x.dtype}, x.shape, x.dtype, None, x.scope)


class Fusion:
    """The units of a graph, and every tensor as a view of one that has memory.

    Parameters
    ----------
    roots : sequence of Tensor
        What must be in memory at the end; none of them may be a leaf or a mere move.
    sizes : mapping of str to int
        The named dimensions.
    is_small : bool
        Whether the code may be for these sizes alone: then a vector of samples is a row.
    copies : collection of int
        The ids of values that are made where their only user is.
    """

    def __init__(
        self,
        roots: Sequence[Tensor],
        sizes: Mapping[str, int],
        *,
        is_small: bool = False,
        copies: Collection[int] = (),
    ) -> None:
        self.sizes = sizes
        self.is_small = is_small
        self.copies = copies
        self.roots = {id(root) for root in roots}
        self.units: list[Unit] = []
        self.views: dict[int, View] = {}
        self.unit_of: dict[int, Unit] = {}  # by the tensor that has memory
        self.leaves: list[Tensor] = []
        self._nests: dict[tuple[Sizes, bool], list[Unit]] = {}
        self._keep: list[Tensor] = []  # so that no id is used twice
        for tensor in topological_order(roots):
            self._take(tensor)
        self.units.sort(key=lambda unit: unit.index)
        self._merge()
        self.stored = self._stored()

    def shape(self, tensor: Tensor) -> Sizes:
        """Return a tensor's shape in numbers."""
        return bind_shape(tensor.shape, self.sizes)

    def view(self, tensor: Tensor) -> View:
        """Return how a tensor is read."""
        return self.views[id(tensor)]

    # ----- taking a tensor

    def _take(self, tensor: Tensor) -> None:
        self._keep.append(tensor)
        shape = self.shape(tensor)
        whole = View(tensor, 0, shape, contiguous(shape))
        if not tensor.inputs:
            self.leaves.append(tensor)
        elif id(tensor) in self.copies:
            pass  # comes with its user
        elif tensor.op.name in MOVES:
            whole = self._moved(tensor)
        elif tensor.op.name in NESTED or self._reduces_rows(tensor):
            self._place(tensor)
        else:
            self._alone(tensor)
        self.views[id(tensor)] = whole

    def _moved(self, tensor: Tensor) -> View:
        found = moved(tensor, self.view(tensor.inputs[0]), self.sizes)
        if found is None:
            copy = copy_of(tensor.inputs[0])
            self._take(copy)
            found = moved(tensor, self.view(copy), self.sizes)
        assert found is not None
        return found

    def _reduces_rows(self, tensor: Tensor) -> bool:
        axis = tensor.attributes.get("axis")
        last = isinstance(axis, int) and axis == tensor.inputs[0].ndim - 1
        return last and tensor.op.name in ROW_REDUCTIONS and not self._totals(tensor)

    def _totals(self, tensor: Tensor) -> bool:
        """Tell whether an op goes over a vector of samples, of which there may be any number."""
        samples = tensor.inputs[0].ndim == 1 and isinstance(tensor.inputs[0].shape[0], Dimension)
        return samples and tensor.op.name != "argmax" and not self.is_small

    def _rows(self, tensor: Tensor, domain: Sizes) -> Rows:
        batched = tensor.shape[:1] == (batch,) and self.shape(tensor)[0] == domain[0]
        return Rows(domain[0], batched)

    def _alone(self, tensor: Tensor) -> None:
        shape = self.shape(tensor) or (1,)
        unit = self._begun((), self._rows(tensor, shape))
        unit.members.append(tensor)
        self.unit_of[id(tensor)] = unit

    def _begun(self, domain: Sizes, rows: Rows, *, early: bool = False) -> Unit:
        """Begin a unit: at the end, or at the front if it waits for no other."""
        index = -1 - len(self.units) if early else len(self.units)
        self.units.append(Unit(index, domain, rows))
        return self.units[-1]

    # ----- joining a nest

    def _place(self, tensor: Tensor) -> None:
        """Add an op to a nest that it fits, else begin one."""
        reduction = tensor.op.name in ROW_REDUCTIONS
        domain = self._domain(tensor.inputs[0] if reduction else tensor, reduction)
        unit = self._host(tensor, domain, reduction)
        if unit is None:
            source = tensor.inputs[0] if reduction else tensor
            rows = self._rows(source, domain)
            if reduction and source.ndim == 1:
                rows = Rows(1, False)
            alone = all(self._home(x) is None for x, _ in self._sources(tensor))
            unit = self._begun(domain, rows, early=alone)
            self._nests.setdefault((domain, rows.batched), []).append(unit)
            self._nests.setdefault((domain[:-1], rows.batched), []).append(unit)
        # In rows of one element, what is one number a row may still be made of elements.
        by_row = unit.domain != domain and unit.domain[-1] != 1
        self._add(tensor, unit, "row" if reduction or by_row else "element")

    def _add(self, tensor: Tensor, unit: Unit, level: str) -> None:
        """Add an op to a nest, after the copies that it reads."""
        for x in tensor.inputs:
            if id(x) in self.copies:
                self._add(x, unit, "element")
        unit.members.append(tensor)
        unit.levels[id(tensor)] = level
        unit.read |= {id(self.view(x).base) for x in tensor.inputs}
        self.unit_of[id(tensor)] = unit

    def _sources(self, tensor: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return what an op reads, with who reads it: itself, or a copy that comes with it."""
        found: list[tuple[Tensor, Tensor]] = []
        for x in tensor.inputs:
            found += self._sources(x) if id(x) in self.copies else [(x, tensor)]
        return found

    def _domain(self, tensor: Tensor, reduced: bool) -> Sizes:
        shape = self.shape(tensor)
        return (1, *shape) if reduced and len(shape) == 1 else domain_of(shape)

    def _host(self, tensor: Tensor, domain: Sizes, reduction: bool) -> Unit | None:
        """Return the nest that the op can join and shares most with.

        One that makes an input comes before one that only reads the same; the latest first.
        """
        shape = self.shape(tensor)
        row_shape = shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape
        wanted = [domain] if reduction else [domain, row_shape or (1,)]
        batched = tensor.shape[:1] == (batch,)
        tried: dict[int, Unit] = {}
        for key in wanted:
            for unit in self._nests.get((key, batched), [])[-MOST_TRIED:]:
                tried[unit.index] = unit
        sources = self._sources(tensor)
        homes = {home.index for x, _ in sources if (home := self._home(x)) is not None}
        for index in sorted(tried, key=lambda i: (i in homes, i), reverse=True):
            unit = tried[index]
            element = unit.domain == domain
            if not element and unit.domain[:-1] != (row_shape or (1,)):
                continue
            if len(unit.members) < MOST_MEMBERS and self._joins(tensor, unit, element, domain):
                return unit
        return None

    def _home(self, x: Tensor) -> Unit | None:
        """Return the unit that makes what a tensor is a view of; a leaf has none."""
        return self.unit_of.get(id(self.view(x).base))

    def _joins(self, tensor: Tensor, unit: Unit, element: bool, domain: Sizes) -> bool:
        """Tell whether all inputs are there in time, where they are needed, and one is shared."""
        # Single numbers join, but what waits for nothing should not begin to wait for samples.
        sources = self._sources(tensor)
        homes = [self._home(x) for x, _ in sources]
        early = all(home is None or home.index < 0 for home in homes)
        shared = math.prod(domain) == 1 and element and early == (unit.index < 0)
        for (x, user), home in zip(sources, homes, strict=True):
            view = self.view(x)
            if home is unit:
                if not self._in_place(x, user, unit, unit.domain):
                    return False
                shared = True
            elif home is not None and home.index > unit.index:
                return False
            elif element and view.shape not in ((), (1,)):
                shared = shared or id(view.base) in unit.read
        return shared

    def _in_place(self, x: Tensor, user: Tensor, home: Unit, domain: Sizes) -> bool:
        """Tell whether a value of a nest is used where it is made: same row, same element."""
        view = self.view(x)
        level = home.levels[id(view.base)]
        reduction = user.op.name in ROW_REDUCTIONS
        if reduction and level == "row":
            return False
        target = self.shape(x) if reduction else self.shape(user)
        found = over_domain(view.broadcast(target), domain, row=target != domain)
        own = View(view.base, 0, self.shape(view.base), contiguous(self.shape(view.base)))
        made = over_domain(own, domain, row=level == "row")
        if found is None or made is None:
            return False
        pairs = zip(domain, found, made, strict=True)
        return view.offset == 0 and all(n == 1 or a == b for n, a, b in pairs)

    # ----- joining nests

    def _merge(self) -> None:
        """Let a nest take in earlier ones over the same elements that it reads or reads with.

        The earlier nest then runs later, so nothing between the two may need it.
        """
        readers: dict[int, set[int]] = {unit.index: set() for unit in self.units}
        for unit in self.units:
            for home in self._homes(unit):
                readers[home.index].add(unit.index)
        gone: set[int] = set()
        alike: dict[tuple[Sizes, Rows], list[Unit]] = {}
        for unit in [unit for unit in self.units if unit.is_nest]:
            near = alike.setdefault((unit.domain, unit.rows), [])
            for other in reversed(near[-MOST_TRIED:]):
                if other.index in gone or not self._may_take_in(unit, other, readers):
                    continue
                gone.add(other.index)
                for home in self._homes(other):
                    readers[home.index] = readers[home.index] - {other.index} | {unit.index}
                readers[unit.index] |= readers[other.index] - {unit.index}
                unit.members = other.members + unit.members
                unit.levels |= other.levels
                unit.read |= other.read
                self.unit_of |= {id(member): unit for member in other.members}
            near.append(unit)
        self.units = [unit for unit in self.units if unit.index not in gone]

    def _homes(self, unit: Unit) -> list[Unit]:
        """Return the other units that make what a unit reads."""
        homes = (self._home(x) for member in unit.members for x in member.inputs)
        found = {home.index: home for home in homes if home is not None}
        return [home for home in found.values() if home is not unit]

    def _may_take_in(self, unit: Unit, other: Unit, readers: Mapping[int, set[int]]) -> bool:
        if len(unit.members) + len(other.members) > MOST_MEMBERS:
            return False
        if any(reader < unit.index for reader in readers[other.index]):
            return False
        related = math.prod(unit.domain) == 1 and (unit.index < 0) == (other.index < 0)
        for member in unit.members:
            for x in member.inputs:
                base = self.view(x).base
                if self._home(x) is other:
                    if not self._in_place(x, member, other, unit.domain):
                        return False
                    related = True
                elif not related and math.prod(self.shape(base)) > unit.domain[-1]:
                    related = id(base) in other.read
        return related

    # ----- what must be stored

    def _stored(self) -> set[int]:
        """Return which values are read outside of the unit that makes them."""
        stored = set(self.roots)
        for unit in self.units:
            for member in unit.members:
                for x in member.inputs:
                    home = self._home(x)
                    if home is not None and (home is not unit or not unit.is_nest):
                        stored.add(id(self.view(x).base))
        return stored


def domain_of(shape: Sizes) -> Sizes:
    """Return the domain of a shape: at least two axes, a vector's elements being rows.

    Examples
    --------
    >>> domain_of((5,)), domain_of(())
    ((5, 1), (1, 1))
    """
    return shape if len(shape) > 1 else (*shape, 1) if shape else (1, 1)


def over_domain(view: View, domain: Sizes, *, row: bool) -> Sizes | None:
    """Return a view's strides along the axes of a domain, None if it does not lie along them.

    A value of one number a row, whose shape lacks the last axis, is repeated along it.
    """
    shape, strides = view.shape, view.strides
    if shape == domain:
        return strides
    if math.prod(shape) == 1:
        return (0,) * len(domain)
    if len(shape) == 1 and domain == (1, *shape):
        return (0, *strides)
    if shape == domain[:-1]:
        return (*strides, 0)
    if row and shape == (*domain[:-1], 1):
        return (*strides[:-1], 0)
    return None
