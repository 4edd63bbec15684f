"""The NumPy engine: its printed text is sound, and means what the graph means."""

from __future__ import annotations

import ast
import math
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from graphs import Drawn, graphs
from hypothesis import given, settings
from hypothesis import strategies as st

from syn0 import graph, ops
from syn0.engines import Control, choose
from syn0.engines.numpy import NumpyEngine, NumpyExecutable
from syn0.engines.source import Source, _Printer, print_program
from syn0.errors import ArgumentError, EngineError
from syn0.gradient import backpropagate
from syn0.graph import Tensor, batch, input_tensor, state_tensor, time
from syn0.program import Program

# ----- what printed text must be ------------------------------------------


def names_in(text: str) -> set[str]:
    return {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}


def statements(source: Source) -> list[ast.Assign]:
    """Return the body's lines; each is an assignment."""
    found = []
    for line in ast.parse(source.body("")).body:
        assert isinstance(line, ast.Assign), ast.unparse(line)
        found.append(line)
    return found


def assert_no_dead_code(source: Source) -> None:
    """Read the body backwards: each variable that is set must be wanted later on."""
    results = [*source.outputs.values(), *source.updates.values()]
    live = set().union(*map(names_in, results)) if results else set()
    for line in reversed(statements(source)):
        targets = {n.id for n in ast.walk(line.targets[0]) if isinstance(n, ast.Name)}
        assert targets <= live, f"{ast.unparse(line)} is not used"
        live = live - targets | names_in(ast.unparse(line.value))
    known = {"np", "math", "len", "slice", *source.inputs, *source.state, *source.constants}
    functions = {name: text for text in source.helpers for name in [_function_name(text)]}
    assert live <= known | set(functions), live - known
    called = live & set(functions)
    while called:
        name = called.pop()
        called |= names_in(functions.pop(name)) & set(functions)
    assert not functions, "a helper that nobody calls"


def _function_name(text: str) -> str:
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    return function.name


def run_as_script(executable: NumpyExecutable, drawn: Drawn) -> dict[str, Any]:
    """Run the text alone, as plain statements, and return all variables it leaves."""
    source = executable.source
    inputs, state = executable.program.leaves()
    space: dict[str, Any] = dict(source.constants)
    for variable, tensor in zip((*source.inputs, *source.state), (*inputs, *state), strict=True):
        value = drawn.values[tensor.name or ""]
        space[variable] = value.item() if tensor.shape == () else value
    text = "\n".join([*source.imports(), *source.helpers, source.body("")])
    with np.errstate(all="ignore"):
        exec(compile(text, "<printed>", "exec"), space)
    return space


def check_engine(drawn: Drawn) -> None:
    """Compile a drawn program; compare numbers, text and the state that text leaves behind."""
    program = drawn.program()
    executable = NumpyEngine().compile(program)
    before = {name: value.copy() for name, value in drawn.state.items()}
    outputs, updates = executable.run(dict(drawn.state), drawn.inputs)
    drawn.assert_equal(list(outputs.values()), list(program.outputs.values()))
    drawn.assert_equal(list(updates.values()), list(program.updates.values()))
    assert (list(outputs), list(updates)) == (list(program.outputs), list(program.updates))
    for found, tensor in zip(
        (*outputs.values(), *updates.values()),
        (*program.outputs.values(), *program.updates.values()),
        strict=True,
    ):
        if tensor.shape:
            assert found.dtype == tensor.dtype
    for name, value in before.items():
        np.testing.assert_array_equal(drawn.state[name], value)
    assert_no_dead_code(executable.source)
    space = run_as_script(executable, drawn)
    for name, tensor in program.updates.items():
        variable = executable.source.updates[name]
        drawn.assert_equal([space[variable]], [tensor])
    for name, text in executable.source.outputs.items():
        with np.errstate(all="ignore"):
            found = eval(text, space)  # noqa: S307
        drawn.assert_equal([found], [program.outputs[name]])


@given(graphs(updates=True))
def test_random_graphs(drawn: Drawn) -> None:
    check_engine(drawn)


@given(graphs(dtype="float32", updates=True))
def test_random_graphs_in_float32(drawn: Drawn) -> None:
    check_engine(drawn)


@settings(max_examples=30)
@given(graphs(gradients=True, updates=True))
def test_random_graphs_with_their_gradients(drawn: Drawn) -> None:
    check_engine(drawn)


@settings(max_examples=30)
@given(graphs(updates=True), st.data())
def test_random_graphs_in_sections(drawn: Drawn, data: Any) -> None:
    program = drawn.program()
    order = [t for t in graph.topological_order(program.roots()) if t.inputs]
    shown = data.draw(st.lists(st.sampled_from(order), max_size=4)) if order else []
    sections = (("forward", tuple(shown[:2])), ("nothing", ()), ("rest", tuple(shown[2:])))
    executable = NumpyEngine().compile(replace(program, sections=sections))
    outputs, updates = executable.run(dict(drawn.state), drawn.inputs)
    drawn.assert_equal(list(outputs.values()), list(program.outputs.values()))
    drawn.assert_equal(list(updates.values()), list(program.updates.values()))
    assert "# nothing" not in executable.source.body()


# ----- the text -----------------------------------------------------------


def printed(outputs: Mapping[str, Tensor], **options: Any) -> Source:
    return print_program(Program("p", outputs, **options).simplified())


X = input_tensor("x", (batch, 3), "float64")
W = state_tensor("W", (3, 3), "float64")
V = state_tensor("V", (3, 3), "float64")
A, B, C = (state_tensor(name, (2,), "float64") for name in "abc")


def test_one_statement_a_thought() -> None:
    with graph.scope("hidden"):
        z = (X @ W).named("z")
    hidden = ops.tanh(z).named("hidden")
    loss = ops.mean(ops.square(hidden)).named("loss")
    (dW,) = backpropagate(loss, [W])
    source = printed(
        {"loss": loss}, updates={"W": W - 0.5 * dW},
        sections=(("forward", (hidden,)), ("loss", (loss,)), ("backward", (dW,)), ("update", ())),
    )  # fmt: skip
    body = source.body("")
    assert body.splitlines()[:6] == [
        "batch = len(x)", "# forward", "hidden = np.tanh(x @ W)",
        "# loss", "square = hidden ** 2", "loss = np.mean(square)",
    ]  # fmt: skip
    assert "\n# backward\n" in body
    assert body.splitlines()[-1].startswith("W = W - 0.5 * ")
    assert source.updates == {"W": "W"}


def test_named_sizes_are_read_off_the_inputs() -> None:
    y = input_tensor("y", (batch, time, 2), "float64")
    total = (y / graph.size((batch, time), "float64")).sum()
    assert printed({"total": total}).sizes == ("batch = len(y)", "time = y.shape[1]")
    assert printed({"total": X.sum()}).sizes == ()


def test_a_size_that_no_input_has_is_an_error() -> None:
    with pytest.raises(EngineError, match="no input of p has the size time"):
        printed({"y": ops.broadcast_to(A, (time, 2)).sum(axis=0)})


def test_long_lines_are_split_where_a_person_would() -> None:
    long = X
    for i in range(12):
        long = ops.tanh(long @ W + i) * ops.sigmoid(X)
    assert max(map(len, printed({"y": long}).body("").splitlines())) <= 96
    assert_no_dead_code(printed({"y": long}))


def test_long_sums_and_chains_do_not_meet_the_recursion_limit() -> None:
    total = deep = X.sum()
    number = rate = state_tensor("rate", (), "float64")
    for i in range(1500):
        total = total + ops.mean(ops.square(X + i))
        deep = ops.sin(deep)
        number = number * 2 - rate
    source = printed({"total": total, "deep": deep, "number": number})
    assert max(map(len, source.body("").splitlines())) <= 200
    assert_no_dead_code(source)


def test_each_of_many_parts_gets_a_line() -> None:
    parts = [ops.tanh(X + i) * ops.sigmoid(X) for i in range(60)]
    source = printed({"y": ops.concat(parts, axis=1)})
    assert len(source.body("").splitlines()) == 63
    assert_no_dead_code(source)


def test_numbers_that_double_their_own_text_get_lines() -> None:
    number = state_tensor("rate", (), "float64")
    for _ in range(40):
        number = number * number
    assert len(printed({"y": X * number}).body("")) < 2000


def visits(layers: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how often tensors are met while a program of so many layers is printed."""
    h, weights = X, [state_tensor(f"W_{i}", (3, 3), "float64") for i in range(layers)]
    for w in weights:
        h = ops.tanh(h @ w)
    loss = ops.mean(h)
    updates = {
        w.name or "": w - 0.1 * d
        for w, d in zip(weights, backpropagate(loss, weights), strict=True)
    }
    program, count = Program("p", {"loss": loss}, updates).simplified(), 0
    for name in ("_size_of", "_expression", "_is_shared", "_variable_for"):
        plain = getattr(_Printer, name)

        def counted(*args: Any, plain: Any = plain, **options: Any) -> Any:
            nonlocal count
            count += 1
            return plain(*args, **options)

        monkeypatch.setattr(_Printer, name, counted)
    print_program(program)
    monkeypatch.undo()
    return count


def test_the_work_of_printing_grows_with_the_network_and_not_faster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few, many = visits(50, monkeypatch), visits(200, monkeypatch)
    assert many <= 4.2 * few


def test_what_is_used_twice_is_computed_once() -> None:
    shared = ops.tanh(X)
    source = printed({"a": shared + 1, "b": ops.exp(shared)})
    assert source.body().count("np.tanh") == 1


@pytest.mark.parametrize(
    "name",
    ["np", "math", "len", "sum", "max", "lambda", "class", "batch", "epoch", "rows", "order",
     "start", "data", "parameters", "sigmoid", "softmax", "None", "3d", "a b", "für", "_", ""],
)  # fmt: skip
def test_no_name_of_a_users_breaks_the_text(name: str) -> None:
    x = input_tensor(name or "x", (batch, 3), "float64")
    w = state_tensor(name or "w", (3,), "float64")
    count = graph.size((batch,), "float64")
    hidden = ops.softmax(ops.sigmoid(x * w)).named(name or "h")
    updates = {name or "w": w + hidden.sum(axis=0) / count}
    executable = NumpyEngine().compile(Program("p", {"y": ops.max(hidden)}, updates))
    source = executable.source
    taken = {"np", "math", "batch", "epoch", "rows", "order", "start", "data", "parameters"}
    for variable in (*source.inputs, *source.state, *source.updates.values()):
        assert variable.isidentifier()
        assert variable not in taken | {"sum", "max", "len", "sigmoid", "softmax"}
    if name:
        drawn = Drawn(
            [ops.max(hidden)], {name: np.ones((2, 3))}, {name: np.ones(3)}, "float64", updates
        )
        (y,) = executable.run(drawn.state, drawn.inputs)[0].values()
        assert y == pytest.approx(1 / 3)
        assert_no_dead_code(source)


def test_other_names_may_be_asked_for() -> None:
    hidden = ops.tanh(X @ W).named("hidden")
    program = Program("p", {"y": hidden}, {"W": W * 2}).simplified()
    source = print_program(program, {"W": "syn0", "x": "layer0", "hidden": "layer1"})
    assert "layer1 = np.tanh(layer0 @ syn0)" in source.body()
    assert "syn0 = 2 * syn0" in source.body()


def test_helpers_are_the_source_of_the_op_with_its_comments() -> None:
    source = printed({"y": ops.sigmoid(X)})
    (helper,) = source.helpers
    assert "def sigmoid(x):" in helper
    assert "# never overflows" in helper
    assert "xp." not in helper


def test_large_constants_stand_beside_the_text() -> None:
    table = np.arange(12.0).reshape(3, 4)
    source = printed({"y": X @ table})
    assert source.body("").splitlines()[-1] == "y = x @ constant_1"
    np.testing.assert_array_equal(source.constants["constant_1"], table)


def test_nan_and_infinity_can_be_printed() -> None:
    x = input_tensor("x", (batch, 3), "float64")
    y = ops.where(x > -np.inf, ops.minimum(x, np.inf), np.nan)
    executable = NumpyEngine().compile(Program("p", {"y": y}))
    outputs, _ = executable.run({}, {"x": np.array([[1.0, -np.inf, np.inf]])})
    np.testing.assert_array_equal(outputs["y"], [[1, np.nan, np.inf]])


# ----- updates read the old state -----------------------------------------

UPDATES: dict[str, dict[str, Tensor]] = {
    "swap": {"a": B, "b": A},
    "turn": {"a": B, "b": C, "c": A},
    "follow": {"a": B, "b": B + 1},
    "follow backwards": {"b": B + 1, "a": B},
    "sum and copy": {"a": A + B, "b": A},
    "copies": {"a": C, "b": C},
    "cross": {"a": A + B, "b": A - B},
    "chain": {"a": A + B, "b": B + C, "c": C + A},
    "shared": {"a": ops.tanh(A + B), "b": ops.tanh(A + B)},
    "itself": {"a": A, "b": B},
    "constant": {"a": ops.broadcast_to(graph.constant(1.0), (2,)), "b": A},
    "reversed": {"a": A[:1].sum() * B, "c": A},
}  # fmt: skip


@pytest.mark.parametrize("updates", UPDATES.values(), ids=list(UPDATES))
@pytest.mark.parametrize("outputs", [{}, {"a": A, "old": B, "sum": A + B}], ids=["", "and outputs"])
def test_updates_read_old_values(updates: dict[str, Tensor], outputs: dict[str, Tensor]) -> None:
    state = {name: np.array(v) for name, v in zip("abc", ([1.0, 2], [10.0, 20], [5.0, 7]))}
    drawn = Drawn(list(outputs.values()), {}, state, "float64", updates)
    check_engine(drawn)


def test_an_entry_that_is_only_written_keeps_clear_of_other_names() -> None:
    z = ops.tanh(A).named("W")
    drawn = Drawn([z], {}, {"a": np.array([0.1, 0.2]), "W": np.zeros(2)}, "float64")
    drawn.updates = {"W": ops.exp(z) + 1, "a": ops.sin(z)}
    check_engine(drawn)


# ----- spans --------------------------------------------------------------


class Rows:
    """Batches of one array, by position, with the step size beside them."""

    def __init__(self, X: np.ndarray, size: int, rates: np.ndarray | None = None) -> None:
        self.X, self.size, self.rates = X, size, rates
        self.steps_per_epoch = -(-len(X) // size)
        self.asked: list[int] = []

    def batch(self, step: int) -> dict[str, np.ndarray]:
        self.asked.append(step)
        start = step % self.steps_per_epoch * self.size
        rate = np.array(0.1) if self.rates is None else self.rates[step]
        return {"x": self.X[start : start + self.size], "rate": rate}


def descent(dtype: str = "float64") -> Program:
    """A step down the mean squared distance of the rows from w."""
    x = input_tensor("x", (batch, 3), dtype)
    rate = input_tensor("rate", (), dtype)
    w, v = state_tensor("w", (3,), dtype), state_tensor("v", (3,), dtype)
    step = state_tensor("step", (), "int64")
    loss = ops.mean(ops.square(x - w)).named("loss")
    (dw,) = backpropagate(loss, [w])
    speed = 0.9 * v + dw
    noise = ops.random_normal(
        state_tensor("seed", (), "uint32"), step, stream=1, shape=(3,), dtype=dtype
    )
    return Program(
        "train_step", {"loss": loss, "largest": ops.max(ops.abs(dw))},
        {"w": w - rate * speed + 0.001 * noise, "v": speed, "step": step + 1},
        totals={"loss": "mean", "largest": "sum"},
    )  # fmt: skip


def start(dtype: str = "float64") -> dict[str, np.ndarray]:
    return {
        "w": np.zeros(3, dtype), "v": np.zeros(3, dtype), "step": np.array(0),
        "seed": np.array(7, "uint32"), "other": np.ones(2),
    }  # fmt: skip


DATA = np.linspace(-1, 2, 30).reshape(10, 3)


def spans(executable: Any, feed: Rows, lengths: list[int], control: Control) -> dict[str, Any]:
    state, first = start(), 0
    for length in lengths:
        assert executable.run_span(state, feed, first, length, control) == length
        first += length
    return state


def test_a_span_is_its_steps_one_by_one() -> None:
    executable, feed, control = NumpyEngine().compile(descent()), Rows(DATA, 4), Control()
    state = start()
    assert executable.run_span(state, feed, 0, 7, control) == 7
    by_hand, losses = start(), []
    for step in range(7):
        outputs, updates = executable.run(by_hand, feed.batch(step))
        losses.append(outputs["loss"])
        by_hand |= {k: np.asarray(v) for k, v in updates.items()}
    for name, value in by_hand.items():
        np.testing.assert_array_equal(state[name], value)
    assert state["step"] == 7
    assert feed.asked[:7] == list(range(7))
    # 10 rows in batches of 4, 4 and 2: the mean over an epoch is weighted by rows.
    assert [row["weight_total"] for row in control.rows] == [10, 10]
    assert control.rows[0]["loss_total"] == pytest.approx(
        4 * losses[0] + 4 * losses[1] + 2 * losses[2]
    )
    assert control.row["weight_total"] == 4
    assert control.row["loss_total"] == pytest.approx(4 * losses[6])
    assert control.failure is None


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6))
def test_any_split_of_a_span_gives_the_same_bits(lengths: list[int]) -> None:
    executable = NumpyEngine().compile(descent())
    whole_control, control = Control(), Control()
    whole = spans(executable, Rows(DATA, 4), [sum(lengths)], whole_control)
    parts = spans(executable, Rows(DATA, 4), lengths, control)
    for name, value in whole.items():
        np.testing.assert_array_equal(parts[name], value)
    assert (control.rows, control.row) == (whole_control.rows, whole_control.row)


def test_a_weight_replaces_the_rows() -> None:
    program = descent()
    outputs = {**program.outputs, "weight": graph.constant(2.5)}
    executable, control = NumpyEngine().compile(replace(program, outputs=outputs)), Control()
    executable.run_span(start(), Rows(DATA, 5), 0, 2, control)
    (row,) = control.rows
    assert row["weight_total"] == 5.0


def test_a_span_stops_at_the_end_of_a_step() -> None:
    executable = NumpyEngine().compile(descent())
    state = start()
    assert executable.run_span(state, Rows(DATA, 4), 0, 9, Control(deadline=-math.inf)) == 1
    assert state["step"] == 1
    assert executable.run_span(state, Rows(DATA, 4), 1, 9, Control(abort=True)) == 1
    assert state["step"] == 2
    assert executable.run_span(state, Rows(DATA, 4), 2, 0, Control(abort=True)) == 0


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_a_step_that_fails_is_not_taken_over(poison: float) -> None:
    rates = np.full(9, 0.1)
    rates[5] = poison
    executable, control = NumpyEngine().compile(descent()), Control()
    state, good = start(), start()
    assert executable.run_span(state, Rows(DATA, 4, rates), 0, 9, control) == 5
    assert control.failure == "w"
    executable.run_span(good, Rows(DATA, 4), 0, 5, Control())
    for name, value in good.items():
        np.testing.assert_array_equal(state[name], value)
    assert control.row["weight_total"] == 8
    assert [row["weight_total"] for row in control.rows] == [10]


def test_a_loss_that_is_not_finite_is_named_first() -> None:
    broken = DATA.copy()
    broken[5, 1] = np.nan
    control, state = Control(), start()
    done = NumpyEngine().compile(descent()).run_span(state, Rows(broken, 4), 0, 9, control)
    assert (done, control.failure) == (1, "loss")
    assert np.isfinite(state["w"]).all()
    assert state["step"] == 1


def test_an_error_in_the_feed_leaves_the_last_full_step() -> None:
    class Broken(Rows):
        def batch(self, step: int) -> dict[str, np.ndarray]:
            if step == 3:
                raise KeyboardInterrupt
            return super().batch(step)

    state, good = start(), start()
    executable = NumpyEngine().compile(descent())
    with pytest.raises(KeyboardInterrupt):
        executable.run_span(state, Broken(DATA, 4), 0, 9, Control())
    executable.run_span(good, Rows(DATA, 4), 0, 3, Control())
    np.testing.assert_array_equal(state["w"], good["w"])
    assert state["step"] == 3


def test_a_float32_program_stays_in_float32() -> None:
    executable, state = NumpyEngine().compile(descent("float32")), start("float32")
    data = {"x": DATA[:4].astype("float32"), "rate": np.array(0.1, "float32")}
    outputs, updates = executable.run(state, data)
    assert {k: np.asarray(v).dtype.name for k, v in updates.items()} == {
        "w": "float32", "v": "float32", "step": "int64",
    }  # fmt: skip
    assert np.asarray(outputs["loss"]).dtype == np.float32
    executable.run_span(state, Rows(DATA.astype("float32"), 4), 0, 5, Control())
    assert state["w"].dtype == np.float32


def test_a_batch_of_another_dtype_is_cast() -> None:
    executable = NumpyEngine().compile(Program("p", {"y": X * 2}))
    (y,) = executable.run({}, {"x": np.ones((2, 3), "uint8")})[0].values()
    assert y.dtype == np.float64


def test_one_executable_serves_many_threads() -> None:
    executable = NumpyEngine().compile(descent())
    expected = start()
    executable.run_span(expected, Rows(DATA, 4), 0, 50, Control())
    states = [start() for _ in range(4)]
    threads = [
        threading.Thread(target=executable.run_span, args=(state, Rows(DATA, 4), 0, 50, Control()))
        for state in states
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for state in states:
        np.testing.assert_array_equal(state["w"], expected["w"])


def test_the_same_program_serves_any_batch() -> None:
    executable = NumpyEngine().compile(Program("p", {"y": ops.mean(X, axis=0) * 2}))
    for rows in (1, 2, 7):
        (y,) = executable.run({}, {"x": np.ones((rows, 3))})[0].values()
        np.testing.assert_array_equal(y, [2, 2, 2])


# ----- choosing an engine -------------------------------------------------


def test_engines_by_name() -> None:
    engine, why = choose("auto")
    assert engine.name in ("llvm", "numpy")
    assert why
    assert choose("numpy") == (choose("numpy")[0], "asked for") or choose("numpy")[1] == "asked for"
    with pytest.raises(EngineError, match="planned"):
        choose("jax")
    with pytest.raises(ArgumentError, match="did you mean 'numpy'"):
        choose("nunpy")


@pytest.fixture(autouse=True)
def _no_scope_is_left_open() -> Iterator[None]:
    yield
    assert graph.current_scope() == ""
