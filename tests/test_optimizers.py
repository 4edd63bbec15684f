"""Optimizers against plain NumPy loops written from the publications, and their limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import syn0
from syn0 import graph, ops, optimizers, schedules
from syn0.errors import ArgumentError, UnknownNameError
from syn0.optimizers import (
    LBFGS,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    Lion,
    Muon,
    Nadam,
    Optimizer,
    RMSprop,
    apply_updates,
    assign,
    declare,
    groups_of,
    schedules_of,
)
from syn0.optimizers.descent import orthogonalized
from syn0.program import Entry

STEPS = 12
SHAPES = {"W": (3, 5), "b": (5,)}


def gradients(name: str, shape: tuple[int, ...] = ()) -> Iterator[Any]:
    """Yield a fixed sequence of gradients for a parameter, of sizes that vary."""
    rng = np.random.default_rng(sum(map(ord, name)))
    for t in range(STEPS):
        yield rng.normal(size=shape or SHAPES[name]) * 10.0 ** rng.uniform(-2, 1) + 0.1 * t


def start(name: str, shape: tuple[int, ...] = ()) -> Any:
    return np.random.default_rng(9 + len(name)).normal(size=shape or SHAPES[name])


def run(
    optimizer: Any,
    shapes: dict[str, tuple[int, ...]] | None = None,
    dtype: str = "float64",
    tables: dict[str, Callable[[int], float]] | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Train for some steps in a graph; return the parameters and the state."""
    shapes = shapes or SHAPES
    entries = [Entry(name, shape, dtype, "parameter", True) for name, shape in shapes.items()]
    chosen = assign(optimizer, list(shapes))
    declared = declare(chosen, entries)
    state = {e.name: np.full(e.shape, value, e.dtype) for e, value in declared.items()}
    state |= {name: start(name, shape).astype(dtype) for name, shape in shapes.items()}
    state["step"] = np.int64(0)
    tables = tables or {}
    step = graph.state_tensor("step", (), "int64") + 1
    pairs = {e.name: (e.read(), graph.input_tensor(f"g_{e.name}", e.shape, dtype)) for e in entries}
    updates = {"step": step, **apply_updates(pairs, chosen, step, list(tables))}
    assert {e.name for e in declared} | set(shapes) | {"step"} == set(state)
    streams = {name: gradients(name, shape) for name, shape in shapes.items()}
    for t in range(STEPS):
        given = {f"g_{name}": next(stream).astype(dtype) for name, stream in streams.items()}
        given |= {name: np.asarray(table(t), dtype) for name, table in tables.items()}
        values = graph.evaluate(list(updates.values()), {**state, **given})
        for name, value in zip(updates, values, strict=True):
            assert np.shape(value) == state[name].shape
            assert np.ndim(value) == 0 or value.dtype == state[name].dtype
            state[name] = np.asarray(value, state[name].dtype)
    return {name: state[name] for name in shapes}, state


def check(optimizer: Optimizer, rule: Callable[..., Iterator[Any]], **options: Any) -> None:
    """Compare an optimizer with a rule: a generator that is sent gradients and yields W."""
    found, _ = run(optimizer, **options)
    for name, value in found.items():
        shape = (options.get("shapes") or SHAPES)[name]
        loop = rule(start(name, shape))
        next(loop)
        for g in gradients(name, shape):
            wanted = loop.send(g)
        np.testing.assert_allclose(value, wanted, rtol=1e-9, atol=1e-12, err_msg=name)


# ----- the publications as NumPy loops ------------------------------------


def sgd(lr: float = 0.01, decay: float = 0.0) -> Any:
    def loop(W: Any) -> Any:
        while True:
            g = yield W
            W = W - lr * (g + decay * W)

    return loop


def momentum(lr: float, mu: float, nesterov: bool) -> Any:
    def loop(W: Any) -> Any:
        v = np.zeros_like(W)
        while True:
            g = yield W
            v = mu * v - lr * g
            W = W + (mu * v - lr * g if nesterov else v)

    return loop


def adagrad(lr: float, initial: float, epsilon: float) -> Any:
    def loop(W: Any) -> Any:
        s = np.full_like(W, initial)
        while True:
            g = yield W
            s += g**2
            W = W - lr * g / (np.sqrt(s) + epsilon)

    return loop


def rmsprop(lr: float, rho: float, mu: float, epsilon: float, centered: bool) -> Any:
    def loop(W: Any) -> Any:
        v, m, change = np.zeros_like(W), np.zeros_like(W), np.zeros_like(W)
        while True:
            g = yield W
            v = rho * v + (1 - rho) * g**2
            m = rho * m + (1 - rho) * g
            spread = np.maximum(v - m**2, 0) if centered else v
            change = mu * change + g / (np.sqrt(spread) + epsilon)
            W = W - lr * change

    return loop


def adadelta(lr: float, rho: float, epsilon: float) -> Any:
    def loop(W: Any) -> Any:
        v, u = np.zeros_like(W), np.zeros_like(W)
        while True:
            g = yield W
            v = rho * v + (1 - rho) * g**2
            change = np.sqrt(u + epsilon) / np.sqrt(v + epsilon) * g
            u = rho * u + (1 - rho) * change**2
            W = W - lr * change

    return loop


def adam(
    lr: float, b1: float, b2: float, epsilon: float, l2: float = 0.0, decay: float = 0.0
) -> Any:
    def loop(W: Any) -> Any:
        m, v, t = np.zeros_like(W), np.zeros_like(W), 0
        while True:
            g = (yield W) + l2 * W
            t += 1
            m = b1 * m + (1 - b1) * g
            v = b2 * v + (1 - b2) * g**2
            step = (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + epsilon)
            W = W - lr * (step + decay * W)

    return loop


def nadam(lr: float, b1: float, b2: float, epsilon: float) -> Any:
    def mu(t: int) -> float:
        return b1 * (1 - 0.5 * 0.96 ** (t / 250))

    def loop(W: Any) -> Any:
        m, v, t, product = np.zeros_like(W), np.zeros_like(W), 0, 1.0
        while True:
            g = yield W
            t += 1
            product *= mu(t)
            m = mu(t) * m + (1 - mu(t)) * g
            v = b2 * v + (1 - b2) * g**2
            ahead = mu(t + 1) * m / (1 - product * mu(t + 1)) + (1 - mu(t)) * g / (1 - product)
            W = W - lr * ahead / (np.sqrt(v / (1 - b2**t)) + epsilon)

    return loop


def lion(lr: float, b1: float, b2: float, decay: float) -> Any:
    def loop(W: Any) -> Any:
        m = np.zeros_like(W)
        while True:
            g = yield W
            W = W - lr * (np.sign(b1 * m + (1 - b1) * g) + decay * W)
            m = b2 * m + (1 - b2) * g

    return loop


def muon(lr: float, mu: float, decay: float) -> Any:
    """Jordan's algorithm; SVD-free, for matrices (in, out)."""

    def newton_schulz(G: Any) -> Any:
        X = G / (np.linalg.norm(G) + 1e-7)
        if X.shape[0] > X.shape[1]:
            X = X.T
        for _ in range(5):
            A = X @ X.T
            X = 3.4445 * X + (-4.7750 * A + 2.0315 * A @ A) @ X
        return X if G.shape == X.shape else X.T

    def loop(W: Any) -> Any:
        B = np.zeros_like(W)
        while True:
            g = yield W
            B = mu * B + g
            matrix = (g + mu * B).reshape(-1, W.shape[-1])
            scale = max(1, matrix.shape[1] / matrix.shape[0]) ** 0.5
            W = W - lr * (scale * newton_schulz(matrix).reshape(W.shape) + decay * W)

    return loop


CASES: list[tuple[Optimizer, Any]] = [
    (SGD(), sgd(0.01)),
    (SGD(0.3, weight_decay=0.1), sgd(0.3, 0.1)),
    (SGD(0.1, momentum=0.9), momentum(0.1, 0.9, False)),
    (SGD(0.1, 0.8, nesterov=True), momentum(0.1, 0.8, True)),
    (Adagrad(), adagrad(0.001, 0.1, 1e-7)),
    (Adagrad(0.5, initial_accumulator=0.0, epsilon=0.01), adagrad(0.5, 0.0, 0.01)),
    (RMSprop(), rmsprop(0.001, 0.9, 0.0, 1e-7, False)),
    (RMSprop(0.05, 0.8, 0.7, 1e-3), rmsprop(0.05, 0.8, 0.7, 1e-3, False)),
    (RMSprop(0.05, centered=True), rmsprop(0.05, 0.9, 0.0, 1e-7, True)),
    (Adadelta(), adadelta(1.0, 0.95, 1e-6)),
    (Adadelta(0.5, 0.8, 1e-3), adadelta(0.5, 0.8, 1e-3)),
    (Adam(), adam(0.001, 0.9, 0.999, 1e-8)),
    (Adam(0.1, 0.8, 0.95, 1e-3), adam(0.1, 0.8, 0.95, 1e-3)),
    (Adam(0.1, weight_decay=0.2), adam(0.1, 0.9, 0.999, 1e-8, l2=0.2)),
    (AdamW(), adam(0.001, 0.9, 0.999, 1e-8, decay=0.004)),
    (AdamW(0.1, weight_decay=0.2), adam(0.1, 0.9, 0.999, 1e-8, decay=0.2)),
    (Nadam(), nadam(0.001, 0.9, 0.999, 1e-8)),
    (Nadam(0.1, 0.8, 0.9, 1e-2), nadam(0.1, 0.8, 0.9, 1e-2)),
    (Lion(), lion(0.001, 0.9, 0.99, 0.0)),
    (Lion(0.1, 0.8, 0.9, weight_decay=0.3), lion(0.1, 0.8, 0.9, 0.3)),
]


@pytest.mark.parametrize(("optimizer", "rule"), CASES)
def test_as_published(optimizer: Optimizer, rule: Any) -> None:
    check(optimizer, rule)


@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (5, 5), (3, 3, 2, 4)])
def test_muon_as_published(shape: tuple[int, ...]) -> None:
    check(Muon(), muon(0.02, 0.95, 0.0), shapes={"W": shape})
    check(Muon(0.1, 0.9, weight_decay=0.2), muon(0.1, 0.9, 0.2), shapes={"W": shape})


def test_muon_gives_what_is_no_matrix_to_adam() -> None:
    optimizer = Muon(0.2, adam_ratio=0.5, weight_decay=0.1)
    rule = adam(0.2, 0.9, 0.999, 1e-8)

    def scaled(W: Any) -> Any:
        m, v, t = np.zeros_like(W), np.zeros_like(W), 0
        while True:
            g = yield W
            t += 1
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            step = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
            W = W - 0.2 * (0.5 * step + 0.1 * W)

    check(optimizer, scaled, shapes={"b": (5,)})
    check(Muon(0.2, adam_ratio=1.0), rule, shapes={"b": (5,)})


@pytest.mark.parametrize("shape", [(6, 9), (9, 6), (8, 8)])
def test_orthogonalized_brings_singular_values_near_one(shape: tuple[int, int]) -> None:
    W = np.random.default_rng(2).normal(size=shape)
    x = graph.input_tensor("x", shape, "float64")
    (found,) = graph.evaluate([orthogonalized(x)], {"x": W})
    u, _, vt = np.linalg.svd(W, full_matrices=False)
    values = np.linalg.svd(found, compute_uv=False)
    assert values.min() > 0.6
    assert values.max() < 1.3
    # The singular vectors stay: seen in them the result is diagonal.
    seen = u.T @ found @ vt.T
    np.testing.assert_allclose(seen, np.diag(np.diagonal(seen)), atol=1e-9)
    (zeros,) = graph.evaluate([orthogonalized(x)], {"x": np.zeros(shape)})
    assert (zeros == 0).all()


def test_every_optimizer_is_checked() -> None:
    checked = {type(optimizer) for optimizer, _ in CASES} | {Muon, LBFGS}
    assert set(optimizers.catalogue.makers.values()) == checked


@pytest.mark.parametrize("name", sorted(set(optimizers.catalogue.makers) - {"lbfgs"}))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parameters_move_and_keep_their_dtype(name: str, dtype: str) -> None:
    found, state = run(name, dtype=dtype)
    for parameter, value in found.items():
        assert np.isfinite(value).all()
        assert (value != start(parameter).astype(dtype)).any()
    assert state["step"] == STEPS


def test_a_bowl_is_descended() -> None:
    """Minimize half a weighted square, whose gradient is the weighted parameter."""
    rates = {"adadelta": 10.0, "adagrad": 0.5, "sgd": 0.1, "lion": 0.01, "muon": 0.05}
    for name in set(optimizers.catalogue.makers) - {"lbfgs"}:
        optimizer = optimizers.catalogue.makers[name](rates.get(name, 0.05))  # type: ignore[call-arg]
        entry = Entry("W", (2, 2), "float64", "parameter", True)
        declared = declare({"W": optimizer}, [entry])
        state = {e.name: np.full(e.shape, value) for e, value in declared.items()}
        state |= {"W": np.array([[3.0, -2.0], [1.0, 2.0]]), "step": np.int64(0)}
        step = graph.state_tensor("step", (), "int64") + 1
        W = entry.read()
        updates = {"step": step, **apply_updates({"W": (W, W * 2.0)}, {"W": optimizer}, step)}
        before = np.square(state["W"]).sum()
        for _ in range(400):
            values = graph.evaluate(list(updates.values()), state)
            state = dict(zip(updates, values, strict=True)) | {
                k: v for k, v in state.items() if k not in updates
            }
        assert np.square(state["W"]).sum() < 0.05 * before, name


# ----- limits -------------------------------------------------------------


def one_step(optimizer: Optimizer, given: dict[str, Any]) -> dict[str, Any]:
    """Return the change of each parameter that starts at 0, divided by -learning_rate."""
    pairs = {
        name: (graph.constant(np.zeros(np.shape(g))), graph.constant(np.asarray(g, float)))
        for name, g in given.items()
    }
    step = graph.constant(1, "int64")
    chosen = dict.fromkeys(given, optimizer)
    values = {name: np.asarray(v) for name, v in optimizer.hyperparameters().items()}
    updates = apply_updates(pairs, chosen, step)
    found = graph.evaluate([updates[name] for name in given], values)
    return {name: -v / values["learning_rate"] for name, v in zip(given, found, strict=True)}


def test_clip_value() -> None:
    found = one_step(SGD(1.0, clip_value=0.5), {"a": [[0.2, -3.0]], "b": [7.0]})
    assert found["a"].tolist() == [[0.2, -0.5]]
    assert found["b"].tolist() == [0.5]


def test_clip_norm_is_of_each_parameter() -> None:
    found = one_step(SGD(1.0, clip_norm=1.0), {"a": [[3.0, -4.0]], "b": [0.5], "c": [0.0]})
    np.testing.assert_allclose(found["a"], [[0.6, -0.8]], rtol=1e-14)
    assert found["b"].tolist() == [0.5]
    assert found["c"].tolist() == [0.0]


def test_clip_global_norm_is_of_all_parameters() -> None:
    found = one_step(SGD(1.0, clip_global_norm=1.3), {"a": [[3.0, -4.0]], "b": [12.0]})
    np.testing.assert_allclose(found["a"], [[0.3, -0.4]], rtol=1e-14)
    np.testing.assert_allclose(found["b"], [1.2], rtol=1e-14)
    short = one_step(SGD(1.0, clip_global_norm=13.0), {"a": [[3.0, -4.0]], "b": [12.0]})
    assert short["a"].tolist() == [[3.0, -4.0]]
    zero = one_step(SGD(1.0, clip_global_norm=1.0), {"a": [0.0]})
    assert zero["a"].tolist() == [0.0]


def test_limits_apply_one_after_the_other() -> None:
    optimizer = SGD(1.0, clip_value=4.0, clip_norm=5.0, clip_global_norm=1.0)
    found = one_step(optimizer, {"a": [3.0, 40.0], "b": [12.0]})
    # By value (3, 4) and 4, by norm the same, then by the norm of all, sqrt(41).
    np.testing.assert_allclose(found["a"], np.array([3.0, 4.0]) / 41**0.5)
    np.testing.assert_allclose(found["b"], [4 / 41**0.5])


def test_a_gradient_that_is_no_number_stays_so() -> None:
    for limit in ({"clip_value": 1.0}, {"clip_norm": 1.0}, {"clip_global_norm": 1.0}):
        found = one_step(SGD(1.0, **limit), {"a": [np.nan, 1.0]})
        assert np.isnan(found["a"]).any()


def test_clipping_comes_before_the_decay_of_weights() -> None:
    found, _ = run(SGD(0.1, clip_value=0.01, weight_decay=0.5), shapes={"W": (2, 2)})
    W = start("W", (2, 2))
    for g in gradients("W", (2, 2)):
        W = W - 0.1 * (np.clip(g, -0.01, 0.01) + 0.5 * W)
    np.testing.assert_allclose(found["W"], W, rtol=1e-12)


# ----- hyperparameters, schedules, groups ---------------------------------


def test_hyperparameters_are_entries() -> None:
    assert Adam(0.1).hyperparameters() == {
        "learning_rate": 0.1, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8,
    }  # fmt: skip
    assert SGD(0.1).hyperparameters() == {"learning_rate": 0.1}
    assert set(SGD(0.1, 0.9, clip_norm=1.0, weight_decay=0.1).hyperparameters()) == {
        "learning_rate", "momentum", "clip_norm", "weight_decay",
    }  # fmt: skip
    entries = [Entry("W", (2, 3), "float32", "parameter", True)]
    found = declare({"W": Nadam()}, entries)
    shapes = {e.name: (e.shape, e.role, value) for e, value in found.items()}
    assert shapes["m_W"] == ((2, 3), "slot", 0.0)
    assert shapes["momentum_product"] == ((), "slot", 1.0)
    assert shapes["beta_1"] == ((), "hyperparameter", 0.9)
    assert {e.dtype for e in found} == {"float32"}


def test_a_schedule_comes_with_each_step() -> None:
    schedule = schedules.ExponentialDecay(0.5, 3)
    assert SGD(schedule).hyperparameters() == {"learning_rate": 0.5}
    chosen = assign(SGD(schedule), ["W"])
    assert schedules_of(chosen) == {"learning_rate": schedule}
    assert schedules_of(assign("adam", ["W"])) == {}
    found, _ = run(SGD(schedule), {"W": (2, 2)}, tables={"learning_rate": schedule})
    W = start("W", (2, 2))
    for t, g in enumerate(gradients("W", (2, 2))):
        W = W - 0.5 * 0.5 ** (t / 3) * g
    np.testing.assert_allclose(found["W"], W, rtol=1e-12)


def test_a_mapping_gives_each_pattern_its_optimizer() -> None:
    given = {"W": SGD(0.5, momentum=0.9), "*": Adam(0.1)}
    chosen = assign(given, ["W", "b"])
    assert [g.names for g in groups_of(chosen)] == [("W",), ("b",)]
    found, state = run(given)
    alone_W, _ = run(SGD(0.5, momentum=0.9))
    alone_b, _ = run(Adam(0.1))
    np.testing.assert_array_equal(found["W"], alone_W["W"])
    np.testing.assert_array_equal(found["b"], alone_b["b"])
    assert {"learning_rate", "learning_rate_2", "momentum", "beta_1_2", "velocity_W", "m_b"} <= set(
        state
    )
    assert (state["learning_rate"], state["learning_rate_2"]) == (0.5, 0.1)


def test_groups_have_schedules_and_shared_numbers_of_their_own() -> None:
    schedule = schedules.StepDecay(0.1, 4)
    given = {"W": "nadam", "*": Nadam(schedule)}
    found, state = run(given, tables={"learning_rate_2": schedule})
    assert state["momentum_product"] == state["momentum_product_2"] != 1
    assert schedules_of(assign(given, ["W", "b"])) == {"learning_rate_2": schedule}
    alone, _ = run("nadam")
    np.testing.assert_array_equal(found["W"], alone["W"])


def test_the_first_fitting_pattern_counts_and_one_object_is_one_group() -> None:
    shared = Adam()
    chosen = assign({"W_out*": SGD(), "W_*": shared, "b_*": shared}, ["W_a", "W_out", "b_a"])
    assert [type(o).__name__ for o in chosen.values()] == ["Adam", "SGD", "Adam"]
    assert len(groups_of(chosen)) == 2


def test_groups_keep_their_numbers_without_some_parameters() -> None:
    chosen = assign({"W": SGD(0.5), "*": Adam(0.1)}, ["W", "b"])
    order = tuple(chosen.values())
    (group,) = groups_of({"b": chosen["b"]}, order)
    assert (group.number, group.names) == (2, ("b",))
    entries = [Entry(name, (2,), "float32", "parameter", True) for name in ("W", "b")]
    names = [e.name for e in declare({"b": chosen["b"]}, entries, order)]
    assert names[0] == "learning_rate_2"


def test_patterns_may_be_for_frozen_parameters() -> None:
    chosen = assign({"*_a": SGD(), "*_b": Adam()}, ["W_a", "W_b"], frozen=["W_a"])
    assert list(chosen) == ["W_a", "W_b"]
    assert list(assign({"*_b": Adam()}, ["W_a", "W_b"], frozen=["W_a"])) == ["W_b"]


@pytest.mark.parametrize("other", ["m_W", "learning_rate"])
def test_entries_that_the_network_declares_are_refused(other: str) -> None:
    entries = [Entry(name, (), "float32", "parameter", True) for name in ("W", other)]
    with pytest.raises(ArgumentError, match=f"Adam needs the .*'{other}'"):
        declare({"W": Adam()}, entries)


def test_no_hyperparameter_is_called_step() -> None:
    class Own(SGD):
        def hyperparameters(self) -> dict[str, float]:
            return {"step": 1.0}

    with pytest.raises(ArgumentError, match="Own needs the hyperparameter 'step'"):
        declare({"W": Own()}, [Entry("W", (), "float32", "parameter", True)])


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"W_*": "adam"}, r'add {"\*": optimizer}'),
        ({"X_*": "adam", "*": "sgd"}, "no trainable parameter is called 'X_\\*'"),
        ({"*": "lbfgs"}, "moves all parameters together"),
        ({}, "empty"),
    ],
)
def test_wrong_mappings_are_refused(given: Any, text: str) -> None:
    with pytest.raises((ArgumentError, UnknownNameError), match=text):
        assign(given, ["W_a", "b_a"])


# ----- L-BFGS -------------------------------------------------------------


def test_lbfgs_is_for_the_host() -> None:
    optimizer = optimizers.get("lbfgs")
    assert isinstance(optimizer, LBFGS)
    assert optimizer.kind == "minimize"
    assert Adam().kind == "update"
    assert LBFGS(memory=7, tolerance=0.1, max_line_search=9).options() == {
        "maxcor": 7, "gtol": 0.1, "ftol": 64 * np.finfo("float64").eps, "maxls": 9,
    }  # fmt: skip
    assert optimizer.hyperparameters() == {}
    assert declare({"W": optimizer}, [Entry("W", (2,), "float32", "parameter")]) == {}
    weight = graph.constant(1.0)
    assert optimizer.penalty({}, {}, weight) is None
    penalty = LBFGS(weight_decay=0.5).penalty(
        {"W": graph.constant([[1.0, 2.0]]), "b": graph.constant([3.0])}, {}, weight
    )
    assert penalty is not None
    assert graph.evaluate([penalty], {})[0] == 0.5 * 0.5 * 14
    with pytest.raises(ArgumentError, match="makes no step"):
        optimizer.update()


# ----- names and arguments ------------------------------------------------


def test_names() -> None:
    for name, maker in optimizers.catalogue.makers.items():
        assert optimizers.get(name).name == name  # type: ignore[union-attr]
        assert optimizers.get(name) == maker()
    adam_one = Adam()
    assert optimizers.get(adam_one) is adam_one


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Adam(lr=0.1), "write learning_rate="),
        (lambda: SGD(lr=0.1), "write learning_rate="),
        (lambda: Adam(betas=(0.9, 0.99)), "write beta_1 and beta_2"),
        (lambda: Adam(eps=1e-8), "write epsilon="),
        (lambda: Adam(clipnorm=1.0), "write clip_norm="),
        (lambda: Adam(global_clipnorm=1.0), "write clip_global_norm="),
        (lambda: Adam(amsgrad=True), "no such variant"),
        (lambda: Adam(learning_rat=0.1), "did you mean 'learning_rate'"),
        (lambda: LBFGS(learning_rate=0.1), "line search finds the step size"),
        (lambda: LBFGS(clip_norm=1.0), "true gradient"),
        (lambda: LBFGS(max_iter=5), "epochs, an argument of fit"),
        (lambda: LBFGS(0), "memory=0"),
        (lambda: Adam(-0.1), "learning_rate=-0.1"),
        (lambda: Adam(beta_1=1.0), "beta_1=1.0"),
        (lambda: Adam(epsilon=0.0), "epsilon=0.0"),
        (lambda: SGD(momentum=1.0), "momentum=1.0"),
        (lambda: RMSprop(rho=-1.0), "rho=-1.0"),
        (lambda: Adam(clip_norm=0.0), "clip_norm=0.0"),
        (lambda: Adam(weight_decay=-1.0), "weight_decay=-1.0"),
        (lambda: Adagrad(initial_accumulator=-1.0), "initial_accumulator=-1.0"),
        (lambda: Adam("adaptive"), "ReduceLROnPlateau"),
        (lambda: optimizers.get("adaam"), "did you mean 'adam'"),
        (lambda: optimizers.get("momentum"), "syn0.SGD"),
        (lambda: optimizers.get(Adam), r"write Adam\(\)"),
        (lambda: optimizers.get(0.1), "not an optimizer"),
    ],
)
def test_wrong_arguments_are_refused(make: Any, text: str) -> None:
    with pytest.raises((ArgumentError, UnknownNameError), match=text):
        make()


# ----- what joins the loss ------------------------------------------------


@dataclass(frozen=True)
class Ridge(SGD):
    """Adds alpha / 2 times the squared weights, divided by the weight of the batch."""

    alpha: float = 0.0

    def hyperparameters(self) -> dict[str, float]:
        return {**super().hyperparameters(), "alpha": self.alpha}

    def penalty(self, parameters: Any, h: Any, weight: Any) -> Any:
        return 0.5 * h["alpha"] * ops.sum(ops.square(parameters["W_out"])) / weight


@pytest.mark.parametrize("engine", ["numpy", "llvm"])
@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 4.0]])
def test_an_optimizer_may_add_to_the_loss_of_a_batch(engine: str, weights: Any) -> None:
    X, y = np.array([[1.0, 2.0], [0.0, 1.0], [3.0, -1.0]]), np.array([1.0, 0.0, 2.0])
    found = {}
    for alpha in (0.0, 0.5):
        out = syn0.Dense(1, name="out")
        net = syn0.Sequential(out, random_state=0, dtype="float64").build((2,))
        before = net.parameters["W_out"]
        history = net.fit(
            X, y, sample_weight=weights, optimizer=Ridge(0.1, alpha=alpha), epochs=1, verbose=0,
            engine=engine,
        )  # fmt: skip
        found[alpha] = history["loss"][0], net.parameters["W_out"]
    total = 3 if weights is None else 7
    loss = found[0.5][0] - found[0.0][0]
    np.testing.assert_allclose(loss, 0.25 * np.sum(before**2) / total, rtol=1e-12)
    step = found[0.0][1] - found[0.5][1]
    np.testing.assert_allclose(step, 0.1 * 0.5 * before / total, rtol=1e-12)
