"""Plans: what they say, what memory they need, and that nothing in them is in its own way.

The pages are kept in ``snapshots/plans.txt``, to be read. After a change that is meant, write
them anew: ``SYN0_UPDATE_SNAPSHOTS=1 pytest tests/engines/llvm/test_plan.py``.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from graphs import Drawn, graphs
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided
from plans import mlp, plan_of, plan_of_step, plans_of, used
from trainings import NETWORKS, OPTIMIZERS, TESTS, Training

import syn0
from syn0.engines.llvm.planning import arena
from syn0.engines.llvm.planning.fusion import Fusion
from syn0.engines.llvm.planning.listing import page
from syn0.engines.llvm.planning.lowering import lower
from syn0.engines.llvm.planning.memory import Buffer
from syn0.engines.llvm.planning.plan import Plan
from syn0.engines.llvm.planning.views import MOVES, View, contiguous
from syn0.graph import constant, topological_order

SNAPSHOT = TESTS / "snapshots" / "plans.txt"
RULE = "=" * 98


# ----- pages


def _digits() -> Plan:
    x, y = np.zeros((100, 64)), np.arange(100) % 10
    return plan_of_step(mlp(128, 64, 10), x, y, 32, optimizer="adam")


def _lesson() -> Plan:
    net = syn0.Sequential(
        syn0.Dense(4, "sigmoid", use_bias=False), syn0.Dense(1, "sigmoid", use_bias=False),
        dtype="float64", random_state=1,
    )  # fmt: skip
    x, y = np.zeros((4, 3)), np.array([[0.0], [1], [1], [0]])
    return plan_of_step(net, x, y, 4, loss="half_squared_error", optimizer=syn0.SGD(1.0))


def _deep() -> Plan:
    body = [syn0.Dense(64), syn0.LayerNormalization(), syn0.Activation("gelu")] * 2
    net = syn0.Sequential(*body, syn0.Dense(3), random_state=0)
    return plan_of_step(net, np.zeros((64, 64)), np.zeros((64, 3)), 64, optimizer="adamw")


def _attention() -> Plan:
    net = syn0.Sequential(
        syn0.Embedding(50, 16), syn0.MultiHeadAttention(2, 8), syn0.Flatten(), syn0.Dense(2),
        random_state=0,
    )  # fmt: skip
    x = np.zeros((20, 7), "int64")
    return plan_of_step(net, x, np.zeros((20, 2)), 5, optimizer=syn0.Adam(clip_global_norm=1.0))


def _prediction() -> Plan:
    plan = plan_of(mlp(128, 64, 10).build((64,)).program("predict"), 128, by_rows=True)
    assert plan is not None
    return plan


def _pictures() -> Plan:
    net = syn0.Sequential(
        syn0.Conv2D(16, 3, padding="same", use_bias=False), syn0.BatchNormalization(),
        syn0.Activation("relu"), syn0.MaxPool2D(), syn0.Conv2D(32, 3, 2), syn0.Flatten(),
        syn0.Dense(3, "softmax"), random_state=0,
    )  # fmt: skip
    return plan_of_step(net, np.zeros((32, 28, 28, 1)), np.arange(32) % 3, 16, optimizer="adam")


PAGES: dict[str, Callable[[], Plan]] = {
    "digits: 64-128-64-10, relu, batches of 32 in an order": _digits,
    "lesson: 3-4-1, sigmoid, all 4 samples": _lesson,
    "deep: dense, layer normalization, gelu, twice": _deep,
    "attention: over 7 words, the gradient clipped": _attention,
    "prediction: 64-128-64-10, any number of samples": _prediction,
    "pictures: convolution, batch normalization, pooling, convolution": _pictures,
}


@pytest.fixture(scope="module", autouse=True)
def _snapshot() -> None:
    if os.environ.get("SYN0_UPDATE_SNAPSHOTS"):
        parts = [f"{title}\n\n{page(make())}\n" for title, make in PAGES.items()]
        SNAPSHOT.write_text(f"\n{RULE}\n".join(parts))


def _stored() -> dict[str, str]:
    parts = [part.split("\n\n", 1) for part in SNAPSHOT.read_text().split(f"\n{RULE}\n")]
    return {title: text.rstrip("\n") for title, text in parts}


def test_no_page_is_left_over() -> None:
    assert list(_stored()) == list(PAGES)


@pytest.mark.parametrize("title", PAGES)
def test_a_page_says_what_it_said(title: str) -> None:
    assert page(PAGES[title]()) == _stored()[title]


# ----- waiting and memory


@pytest.mark.parametrize("units", [(8, 3), (128, 64, 10), (20, 19, 18, 17, 5)])
@pytest.mark.parametrize("optimizer", ["Adam", "momentum", "Lion"])
def test_the_step_of_a_classifier_waits_three_times(units: tuple[int, ...], optimizer: str) -> None:
    x, y = np.zeros((60, 7)), np.arange(60) % units[-1]
    plan = plan_of_step(mlp(*units), x, y, 25, optimizer=OPTIMIZERS[optimizer])
    assert len(plan.phases) == 3


@pytest.mark.sampled(10)
@pytest.mark.parametrize("network", NETWORKS)
def test_values_share_memory(network: str, rng: np.random.Generator) -> None:
    training = Training(network)
    for rows in (1, 7, int(rng.integers(8, 300))):
        optimizer = str(rng.choice([*OPTIMIZERS]))
        options = {"optimizer": OPTIMIZERS[optimizer]}
        plan = plan_of_step(training.make(), *training.data(), rows, **options)
        # Muon's many small matrices, each half dead when the next is born, fit less well.
        check_memory(plan, 1.15 if optimizer == "Muon" else 1.1)


def check_memory(plan: Plan, most: float = 1.1) -> None:
    """Check places against lifetimes that are told here once more, from the calls alone."""
    born: dict[Buffer, int] = {}
    dies: dict[Buffer, int] = {}
    for number, phase in enumerate(plan.phases):
        for buffer in [b for call in phase.calls for b in used(call) if b.space == "arena"]:
            born.setdefault(buffer, number)
            dies[buffer] = number
    dies |= {b: len(plan.phases) for b in plan.outputs.values() if b.space == "arena"}
    taken = {b: range(b.place, b.place + b.bytes) for b in born}
    for one, other in itertools.combinations(born, 2):
        apart = dies[one] < born[other] or dies[other] < born[one]
        a, b = taken[one], taken[other]
        assert apart or a.stop <= b.start or b.stop <= a.start or not a or not b, (one, other)
    assert all(span.stop <= plan.arena_bytes for span in taken.values())
    for buffer in [*plan.updates.values(), *plan.state]:
        assert buffer.place % arena.ALIGNMENT == 0
        assert buffer.place + buffer.bytes <= plan.state_bytes
    assert plan.arena_bytes <= most * plan.least_bytes
    times = range(len(plan.phases) + 1)
    alive = [sum(b.bytes for b in born if born[b] <= now <= dies[b]) for now in times]
    assert max(alive) <= plan.least_bytes <= max(alive) + arena.ALIGNMENT * len(born)


def check_order(plan: Plan) -> None:
    """Check that nobody reads what another thread may still have to write."""
    calls = [
        (number, group, call)
        for number, phase in enumerate(plan.phases)
        for group in phase.groups
        for call in group.calls
    ]
    writers: dict[int, list[int]] = {}
    for place, (_, _, call) in enumerate(calls):
        for buffer in call.writes:
            writers.setdefault(id(buffer), []).append(place)
    for place, (number, group, call) in enumerate(calls):
        read = [(b, own) for b, own in call.reads if b.space in ("arena", "next")]
        for buffer, own in read:
            found = writers.get(id(buffer), [])
            assert found, (buffer, "nobody writes it")
            for writer in found:
                when, where, other = calls[writer]
                beside = where is group and own and writer < place and other.rows == call.rows
                assert when < number or beside, (other, call, buffer)
        assert group.rows == call.rows


@settings(max_examples=40)
@given(graphs(updates=True))
def test_random_graphs(drawn: Drawn) -> None:
    for plan in plans_of(drawn):
        check_memory(plan)
        check_order(plan)


@settings(max_examples=20)
@given(graphs(gradients=True, updates=True))
def test_random_graphs_with_gradients(drawn: Drawn) -> None:
    for plan in plans_of(drawn):
        check_memory(plan)
        check_order(plan)


@pytest.mark.parametrize("network", NETWORKS)
def test_networks_are_in_order(network: str) -> None:
    training = Training(network)
    check_order(plan_of_step(training.make(), *training.data(), 7))


def test_a_plan_in_its_own_way_is_seen() -> None:
    plan = _digits()
    check_order(plan)
    plan.phases[0].groups += plan.phases.pop(1).groups
    with pytest.raises(AssertionError):
        check_order(plan)
    plan = _digits()
    check_memory(plan)
    gathered = next(call.writes[0] for call in plan.calls if call.label == "x gathered")
    gathered.place += 64
    with pytest.raises(AssertionError):
        check_memory(plan)


# ----- fusion


def check_fusion(drawn: Drawn) -> None:
    program = drawn.program().simplified()
    roots = lower([*program.outputs.values(), *program.updates.values()], program.updates)
    roots = [r for r in roots if r.inputs and r.op.name not in MOVES]
    fusion = Fusion(roots, {"batch": len(drawn.inputs["x0"])})
    homes: dict[int, int] = {}
    places = {id(unit): place for place, unit in enumerate(fusion.units)}
    for place, unit in enumerate(fusion.units):
        for member in unit.members:
            assert id(member) not in homes, (member, "is in two units")
            for x in member.inputs:
                base = fusion.view(x).base
                home = homes.get(id(base))
                assert home is not None or not base.inputs, (member, base, "comes too late")
                stored = id(base) in fusion.stored or not base.inputs
                assert stored or home == place, (base, "is read and not stored")
            homes[id(member)] = place
            assert places[id(fusion.unit_of[id(member)])] == place
        assert len({id(m) for m in unit.members}) == len(unit.members)
    wanted = [t for t in topological_order(roots) if t.inputs and t.op.name not in MOVES]
    assert {id(t) for t in wanted} <= homes.keys()
    copies = sum(len(unit.members) for unit in fusion.units) - len(wanted)
    assert copies <= sum(t.op.name in MOVES for t in topological_order(roots))
    assert all(id(root) in fusion.stored for root in roots)


@settings(max_examples=40)
@given(graphs(updates=True))
def test_each_op_is_in_one_unit(drawn: Drawn) -> None:
    check_fusion(drawn)


@settings(max_examples=20)
@given(graphs(gradients=True))
def test_each_op_of_a_gradient_is_in_one_unit(drawn: Drawn) -> None:
    check_fusion(drawn)


# ----- views

BASE = constant(np.zeros(1))


def as_array(view: View, memory: np.ndarray) -> np.ndarray:
    size = memory.itemsize
    return as_strided(memory[view.offset :], view.shape, [s * size for s in view.strides])


@st.composite
def moves(draw: Any) -> tuple[View, np.ndarray, np.ndarray]:
    """Draw a view with the memory under it, and what NumPy makes of the same moves."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    memory = np.arange(np.prod(shape))
    view, array = View(BASE, 0, shape, contiguous(shape)), memory.reshape(shape)
    for _ in range(draw(st.integers(0, 4))):
        kind, n = draw(st.sampled_from(["permute", "slice", "repeat", "expand"])), array.ndim
        if kind == "permute":
            axes = tuple(draw(st.permutations(range(n))))
            view, array = MOVES["permute_dims"](view, axes=axes), array.transpose(axes)
        elif kind == "slice":
            starts = [draw(st.integers(0, size - 1)) for size in array.shape]
            steps = [draw(st.sampled_from([1, 1, 2, -1])) for _ in starts]
            key = tuple(slice(a, None, s) for a, s in zip(starts, steps, strict=True))
            view, array = MOVES["slice"](view, key=key), array[key]
        elif kind == "repeat" and n < 5:
            wanted = (draw(st.integers(1, 3)), *array.shape)
            view, array = view.broadcast(wanted), np.broadcast_to(array, wanted)
        elif n < 5:
            axis = draw(st.integers(0, n))
            view, array = MOVES["expand_dims"](view, axis=axis), np.expand_dims(array, axis)
    return view, memory, array


@st.composite
def shapes_of(draw: Any, size: int) -> tuple[int, ...]:
    """Draw a shape for so many elements."""
    shape = []
    while size > 1 and len(shape) < 4:
        factors = [f for f in range(1, size + 1) if size % f == 0]
        shape.append(draw(st.sampled_from(factors)))
        size //= shape[-1]
    return (*shape, size)


@settings(max_examples=300)
@given(st.data())
def test_views_are_numpys(data: Any) -> None:
    view, memory, array = data.draw(moves())
    np.testing.assert_array_equal(as_array(view, memory), array)
    shape = data.draw(shapes_of(array.size))
    found = view.reshaped(shape)
    wanted = array.reshape(shape)
    if found is None:
        assert not np.shares_memory(wanted, memory), (view, shape, "needs no copy")
    else:
        np.testing.assert_array_equal(as_array(found, memory), wanted)
