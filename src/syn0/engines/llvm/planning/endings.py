"""Nests that end a product: its kernel hands each tile over to them while it is near.

A product whose elements one nest alone reads need not stay in memory: bias, activation, the
gradient of one, a normalization in inference and the sum with another branch are made of each
tile as soon as it is added up. The product then runs where the nest stood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.kernels.epilogue import Beside, Epilogue, epilogue_kernel
from syn0.engines.llvm.kernels.nest import Nest
from syn0.engines.llvm.planning.convolution import is_by_channel
from syn0.engines.llvm.planning.fusion import ROW_REDUCTIONS, Fusion, Unit
from syn0.engines.llvm.planning.memory import Buffer, Ending, Pointer
from syn0.engines.llvm.planning.views import in_row_order
from syn0.graph import Tensor, batch

PRODUCTS = frozenset(["conv2d", "conv2d_dx", "matmul"])


def ended_products(fusion: Fusion) -> dict[int, Unit]:
    """Return the products that nests may end, by the number of the nest."""
    if fusion.is_small:
        return {}
    readers: dict[int, set[int]] = {}
    for unit in fusion.units:
        for member in unit.members:
            for x in member.inputs:
                readers.setdefault(id(fusion.view(x).base), set()).add(unit.index)
    nests = {unit.index: unit for unit in fusion.units if unit.is_nest}
    found: dict[int, Unit] = {}
    for unit in fusion.units:
        (product,) = unit.members if not unit.is_nest else (None,)
        if product is None or not _is_plain(fusion, product):
            continue
        users = readers.get(id(product), set())
        nest = nests.get(next(iter(users))) if len(users) == 1 else None
        if nest is not None and _ends(fusion, nest, unit, product):
            found[nest.index] = unit  # the last of several
    return found


def _is_plain(fusion: Fusion, product: Tensor) -> bool:
    """Tell whether one call computes a product, with the samples as rows."""
    if product.op.name not in PRODUCTS or id(product) in fusion.roots:
        return False
    if product.op.name == "matmul":
        if adds_samples(product):
            return False
        x, y = (fusion.view(i) for i in product.inputs)
        return len(y.shape) == 2 and x.as_matrix() is not None
    groups, channels = int(product.attributes["groups"]), fusion.shape(product)[3]
    return groups == 1 or is_by_channel(groups, fusion.shape(product.inputs[0])[3], channels)


def adds_samples(product: Tensor) -> bool:
    """Tell whether the inner axis of a product is the batch, which may be cut into shards."""
    return product.inputs[0].shape[1:] == (batch,)


def _ends(fusion: Fusion, nest: Unit, unit: Unit, product: Tensor) -> bool:
    """Tell whether a nest takes a product as it lies, element by element."""
    if nest.rows != unit.rows or not nest.rows.batched or nest.domain[-1] == 1:
        return False
    names = [member.op.name for member in nest.members]
    if "one_hot" in names or ROW_REDUCTIONS.intersection(names):
        return False
    views = [
        fusion.view(x) for member in nest.members for x in member.inputs
        if fusion.view(x).base is product
    ]  # fmt: skip
    return all(not v.offset and v.is_contiguous and v.shape == nest.domain for v in views)


def ending_of(
    nest: Nest, pointers: Sequence[Pointer], own: Sequence[bool], out: Buffer, target: Target,
    label: str, operations: int,
) -> Ending | None:  # fmt: skip
    """Return a nest as the end of the product that it takes from `out` and leaves there.

    None if it takes or writes something that lies otherwise.

    Parameters
    ----------
    nest : Nest
        What is computed.
    pointers : sequence of Pointer
        Where its operands are, those that it reads first.
    own : sequence of bool
        Whether each that it reads is read row by row.
    out : Buffer
        Where the product lies, and what becomes of it.
    target : Target
        The machine.
    label : str
        What a reader may call it.
    operations : int
        Of all elements.
    """
    if any(s.op == "index" for s in nest.statements) or any(s.checked for s in nest.stores):
        return None
    places = [
        place for i in range(len(pointers)) if (place := _place(nest, i, pointers[i], out))
    ]  # fmt: skip
    if len(places) < len(pointers):
        return None
    near = [i for i, place in enumerate(places) if place != "product"]
    number = dict.fromkeys(range(len(pointers)), 0) | {i: n for n, i in enumerate(near, 1)}
    epilogue = Epilogue(
        out.dtype,
        tuple(Beside(nest.operands[i].dtype, places[i]) for i in near),
        tuple(
            replace(s, attribute=number[s.attribute]) if s.op == "load" else s
            for s in nest.statements
        ),
        tuple(replace(s, operand=number[s.operand]) for s in nest.stores),
    )
    return Ending(
        epilogue_kernel(epilogue, target),
        tuple(pointers[i] for i in near),
        tuple((pointers[i].buffer, own[i]) for i in near if i < len(own)),
        tuple(pointers[i].buffer for i in near if i >= len(own)),
        f", then {label}",
        operations,
    )


def _place(nest: Nest, number: int, pointer: Pointer, out: Buffer) -> str | None:
    """Return what an operand has a number for, None if it lies as no epilogue reads it."""
    strides, batched = nest.operands[number].strides, pointer.buffer.rows.batched
    if batched:
        is_element = in_row_order(nest.domain, strides)
        return ("product" if pointer.buffer is out else "element") if is_element else None
    if any(strides[:-1]) or strides[-1] not in (0, 1):
        return None
    return "column" if strides[-1] else "number"
