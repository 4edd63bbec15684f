"""The seams carry what is still to come: docs/decisions/0001 walked through, in small.

An op that a later release brings (scan) is drawn here with the records as they are,
and programs that are no plain training step (two players, contrastive divergence, a probe)
run over one state. If a seam changes, these say what it breaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from syn0 import graph, ops
from syn0.engines import Control, choose
from syn0.gradient import backpropagate, check_derivatives
from syn0.graph import Op, Tensor, batch, input_tensor, no_samples, time
from syn0.program import Entry, Program
from syn0.training.feeds import ResidentFeed


@pytest.fixture
def new_ops() -> Iterator[None]:
    known = dict(graph._registry)
    yield
    graph._registry.clear()
    graph._registry.update(known)


# ----- scan ---------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Body:
    """A graph as an attribute: called on tensors it draws, called on arrays it computes."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    def __call__(self, *arguments: Any) -> list[Any]:
        if isinstance(arguments[0], Tensor):
            new = {id(t): a for t, a in zip(self.inputs, arguments, strict=True)}
            for t in graph.topological_order(self.outputs):
                if id(t) not in new:
                    sources = [new[id(s)] for s in t.inputs]
                    new[id(t)] = t.op(*sources, **t.attributes) if sources else t
            return [new[id(t)] for t in self.outputs]
        values = {t.name or "": a for t, a in zip(self.inputs, arguments, strict=True)}
        return graph.evaluate(self.outputs, values)


def make_scan() -> Op:
    """Draw scan: the first `carried` inputs go round, the next `n` are sequences, others fixed.

    An op has one output. Of several carried values `output` names one; an engine runs the
    loops that differ in nothing else once.
    """

    def shape(
        *xs: Tensor, body: Body, carried: int, n: int, reverse: bool, output: int, last: bool
    ) -> Any:
        one = xs[output].shape
        return (one if last else (one[0], xs[carried].shape[1], *one[1:])), xs[0].dtype

    def forward(
        xp: Any, *xs: Any, body: Body, carried: int, n: int, reverse: bool, output: int, last: bool
    ) -> Any:
        carry, sequences, fixed = xs[:carried], xs[carried : carried + n], xs[carried + n :]
        steps = range(sequences[0].shape[1])
        kept = []
        for t in reversed(steps) if reverse else steps:
            carry = body(*carry, *(s[:, t] for s in sequences), *fixed)
            kept.append(carry[output])
        return kept[-1] if last else xp.stack(kept[::-1] if reverse else kept, axis=1)

    def derivative(
        dy: Tensor,
        y: Tensor,
        *xs: Tensor,
        body: Body,
        carried: int,
        n: int,
        reverse: bool,
        output: int,
        last: bool,
    ) -> Any:
        assert carried == 1 and not reverse and not last, "the sketch goes back once"
        h0, sequences, fixed = xs[0], xs[1 : 1 + n], xs[1 + n :]
        # One step back: the gradient that arrives, through the body, to all that it read.
        arriving = input_tensor("arriving", h0.shape, h0.dtype)
        local = [input_tensor(f"b{i}", t.shape, t.dtype) for i, t in enumerate(body.inputs)]
        step = input_tensor("dy", h0.shape, h0.dtype)
        sums = [input_tensor(f"sum{i}", f.shape, f.dtype) for i, f in enumerate(fixed)]
        back = backpropagate(ops.sum(body(*local)[0] * (arriving + step)), local)
        d_fixed = [s + d for s, d in zip(sums, back[1 + n :], strict=True)]
        reads = (arriving, *sums, step, *local[: 1 + n], *local[1 + n :])
        backward = Body(reads, (back[0], *d_fixed))
        before = ops.concat([ops.expand_dims(h0, 1), y[:, :-1]], axis=1)
        zeros = [ops.broadcast_to(graph.constant(0.0, h0.dtype), t.shape) for t in (h0, *fixed)]
        arguments = (*zeros, dy, before, *sequences, *fixed)
        options = {"body": backward, "carried": 1 + len(fixed), "n": 2 + n, "reverse": True}
        results = [scan(*arguments, **options, output=i, last=True) for i in range(1 + len(fixed))]
        return (results[0], *[None] * n, *results[1:])

    scan = Op("scan", shape, forward, derivative, no_samples)
    return scan


def test_scan_trains_through_a_body_graph_of_unknown_length(new_ops: None) -> None:
    scan = make_scan()
    rng = np.random.default_rng(0)
    values = [rng.standard_normal(s) * 0.5 for s in ((2, 4), (2, 5, 3), (4, 4), (3, 4))]

    def options(rows: graph.Size) -> dict[str, Any]:
        h, x_t = input_tensor("h", (rows, 4), "float64"), input_tensor("x_t", (rows, 3), "float64")
        U, W = input_tensor("U", (4, 4), "float64"), input_tensor("W", (3, 4), "float64")
        body = Body((h, x_t, U, W), (ops.tanh(x_t @ W + h @ U),))
        return {"body": body, "carried": 1, "n": 1, "reverse": False, "output": 0, "last": False}

    def loop(h0: Tensor, U: Tensor, W: Tensor) -> Any:
        return scan(h0, graph.constant(values[1]), U, W, **options(2))

    assert check_derivatives(loop, [values[0], *values[2:]], order=1) < 1e-6
    x = input_tensor("x", (batch, time, 3), "float64")
    h0 = input_tensor("h0", (batch, 4), "float64")
    long = scan(h0, x, graph.constant(values[2]), graph.constant(values[3]), **options(batch))
    assert long.shape == (batch, time, 4)


# ----- programs that are no plain training step ---------------------------


def entry(name: str, *shape: int) -> Entry:
    return Entry(name, shape, "float64", "parameter", True)


def run(program: Program, state: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    executable = choose("numpy")[0].compile(program)
    return executable.run(state, data)[1]


def test_two_players_are_two_programs_over_one_state() -> None:
    """A GAN: each player's program reads both players and writes its own entries only."""
    G, D = entry("W_generator", 2, 3), entry("W_discriminator", 3, 1)
    g, d = G.read(), D.read()
    z, real = input_tensor("z", (batch, 2), "float64"), input_tensor("x", (batch, 3), "float64")
    fake = z @ g
    told = ops.mean(ops.logaddexp(0, fake @ d) + ops.logaddexp(0, -(real @ d)))
    fooled = ops.mean(ops.logaddexp(0, -(fake @ d)))
    rate = 0.1
    steps = {
        "W_discriminator": Program(
            "judge", {"loss": told}, {D.name: d - rate * backpropagate(told, [d])[0]}
        ),
        "W_generator": Program(
            "forge", {"loss": fooled}, {G.name: g - rate * backpropagate(fooled, [g])[0]}
        ),
    }
    rng = np.random.default_rng(0)
    state = {e.name: rng.standard_normal(e.shape) for e in (G, D)}
    data = {"z": rng.standard_normal((8, 2)), "x": rng.standard_normal((8, 3)) + 2}
    for own, program in steps.items():
        assert set(run(program, state, data)) == {own}


def test_contrastive_divergence_is_a_program_without_a_loss() -> None:
    """An RBM's step: samples from Philox, statistics instead of a gradient."""
    W, seed, step = (
        entry("W", 6, 4),
        Entry("seed", (), "uint32", "counter"),
        Entry("step", (), "int64", "counter"),
    )
    v = input_tensor("v", (batch, 6), "float64")
    w = W.read()

    def draw(p: Tensor, stream: int, units: int) -> Any:
        u = ops.random_uniform(
            seed.read(), step.read(), stream=stream, shape=(batch, units), dtype="float64"
        )
        return ops.astype(u < p, "float64")

    p_h = ops.sigmoid(v @ w)
    v_1 = ops.sigmoid(draw(p_h, 0, 4) @ w.T)
    p_h1 = ops.sigmoid(v_1 @ w)
    update = w + 0.1 * (v.T @ p_h - v_1.T @ p_h1) / graph.size((batch,), "float64")
    program = Program("cd_1", {}, {"W": update, "step": step.read() + 1})
    rng = np.random.default_rng(0)
    patterns = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0).astype(float)
    state = {"W": 0.01 * rng.standard_normal((6, 4)), "seed": np.uint32(1), "step": np.int64(0)}
    for _ in range(300):
        state |= {k: np.asarray(x) for k, x in run(program, state, {"v": patterns}).items()}
    assert int(state["step"]) == 300
    hidden = 1 / (1 + np.exp(-patterns @ state["W"]))
    back = 1 / (1 + np.exp(-((hidden > 0.5) @ state["W"].T)))
    assert np.abs(back - patterns).mean() < 0.2


def linear_step() -> tuple[Program, dict[str, Any], dict[str, Any]]:
    w = entry("w", 3, 1).read()
    x, y = input_tensor("x", (batch, 3), "float64"), input_tensor("y", (batch, 1), "float64")
    loss = ops.mean(ops.square(x @ w - y))
    (dw,) = backpropagate(loss, [w])
    program = Program("train_step", {"loss": loss}, {"w": w - 0.1 * dw}, totals={"loss": "mean"})
    rng = np.random.default_rng(0)
    data = {"x": rng.standard_normal((10, 3)), "y": rng.standard_normal((10, 1))}
    return program, {"w": np.zeros((3, 1))}, data


def test_the_partial_last_batch_is_the_same_program_bound_to_the_remainder() -> None:
    program, state, data = linear_step()
    executable = choose("numpy")[0].compile(program)
    feed = ResidentFeed(data, batch_size=4, shuffle=False)
    control = Control()
    executable.run_span(state, feed, 0, feed.steps_per_epoch, control)
    w = np.zeros((3, 1))
    total = 0.0
    for start in (0, 4, 8):
        x, y = data["x"][start : start + 4], data["y"][start : start + 4]
        total += float(np.sum((x @ w - y) ** 2))
        w = w - 0.1 * 2 * x.T @ (x @ w - y) / len(x)  # the mean of the 2 that are left
    np.testing.assert_allclose(state["w"], w, rtol=1e-12)
    np.testing.assert_allclose(control.rows[0]["loss_total"], total, rtol=1e-12)
    assert control.rows[0]["weight_total"] == 10


def test_a_probe_is_one_more_output_and_changes_no_bit() -> None:
    program, state, data = linear_step()
    loss = program.outputs["loss"]
    probed = Program(
        "train_step", {**program.outputs, "probe": ops.max(loss.inputs[0])}, program.updates
    )
    plain, seen = run(program, state, data), run(probed, state, data)
    assert plain["w"].tobytes() == seen["w"].tobytes()


def test_many_hosts_see_the_batch_as_a_named_dimension() -> None:
    """The gradient of shards, weighted by their rows, is that of the whole batch."""
    program, state, data = linear_step()
    whole = run(program, state, data)["w"]
    parts = [slice(0, 7), slice(7, 10)]
    shards = [run(program, state, {k: v[p] for k, v in data.items()})["w"] for p in parts]
    np.testing.assert_allclose((7 * shards[0] + 3 * shards[1]) / 10, whole, rtol=1e-12)
