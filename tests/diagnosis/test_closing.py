"""The line at the end of `fit`: one at most, the gravest; free and silent when not wanted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from faults import (
    a_column_that_never_changes,
    a_column_twice,
    large_first_weights,
    neurons_that_died,
    steps_to_infinity,
    steps_too_long,
    targets_as_they_are,
)
from healthy import RUNS, digits, hidden, net_of

import syn0
from syn0 import closing
from syn0.diagnosing import Course, Subject
from syn0.diagnosis.evidence import Evidence
from syn0.errors import NonFiniteError
from syn0.sharing import shared
from syn0.training.callbacks import LambdaCallback


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every fit pay for a probe, however short it was."""
    monkeypatch.setattr(closing, "SHARE", 1e9)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no fit pay for a probe."""
    monkeypatch.setattr(closing, "SHARE", 0.0)
    monkeypatch.setattr(closing, "UNNOTICED", 0.0)


def said(capsys: pytest.CaptureFixture[str], made: Any, **options: Any) -> list[str]:
    """Return the lines of a fit that are verdicts; the last line tells how it ended."""
    net, X, y, settings = made
    net.fit(X, y, **{"verbose": 1, **settings, **options})
    lines = capsys.readouterr().out.splitlines()
    if lines:
        assert " epochs in " in lines[-1]
    return [line for line in lines if line.startswith("verdict: ")]


@pytest.mark.usefixtures("patient")
def test_one_line_says_the_gravest(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = said(capsys, targets_as_they_are(mended=False))
    assert line.startswith("verdict: the targets of `answer` are unscaled: about 171 in size")
    assert line.endswith("(LeCun et al., 1998) (1 more: net.diagnose(X, y))")
    (line,) = said(capsys, neurons_that_died(mended=False))
    assert "neurons of `hidden` are dead" in line and "more" not in line


@pytest.mark.usefixtures("patient")
def test_what_costs_little_is_not_said_after_each_fit(capsys: pytest.CaptureFixture[str]) -> None:
    for make in (a_column_twice, a_column_that_never_changes):
        net, X, y, settings = make(mended=False)
        assert said(capsys, (net, X, y, settings)) == []
        assert len(net.diagnose(X, y)) == 1


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("run", RUNS[::5], ids=lambda run: run.name)
def test_a_healthy_fit_ends_as_ever(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, run.make(0)) == []


@pytest.mark.usefixtures("patient")
def test_verbose_0_is_silent_and_looks_at_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Any] = []
    monkeypatch.setattr(closing, "look", lambda *seen: looked.append(seen))
    assert said(capsys, neurons_that_died(mended=False), verbose=0) == []
    assert capsys.readouterr() == ("", "")
    assert looked == []


def test_short_fits_are_told_of_their_layers(capsys: pytest.CaptureFixture[str]) -> None:
    """None of these lasts long enough to pay for gradients."""
    (line,) = said(capsys, neurons_that_died(mended=False))
    assert "neurons of `hidden` are dead: they output 0 for all" in line
    (line,) = said(capsys, large_first_weights(mended=False))
    assert "`hidden` is saturated" in line
    X = np.random.default_rng(0).standard_normal((200, 8))
    for _ in range(2):  # the first is compiled, the second takes some milliseconds
        net = net_of(0, hidden(16, "relu", name="first"), hidden(16, "relu"), hidden(3, "softmax"))
        net.build((8,)).set_parameters({"b_first": np.where(np.arange(16) < 11, -30.0, 0.0)})
        (line,) = said(capsys, (net, X, X[:, :3].argmax(axis=1), {"epochs": 100}))
        assert "11 of 16 neurons of `first` are dead: they output 0 for all 200 samples" in line


def test_the_longer_a_fit_the_more_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[tuple[int, bool]] = []

    def seen(_: Any, samples: int, *, forward_only: bool, at_once: bool) -> Evidence:
        looked.append((samples, forward_only))
        return Evidence()

    monkeypatch.setattr(closing, "gather", seen)
    net, (X, y) = net_of(0, hidden(16, "relu"), hidden(10, "softmax")), digits()
    net.fit(X, y, epochs=1, verbose=0)
    for seconds in (10.0, 0.1, 0.01, 0.0001):
        closing.look(Subject(net, *net._trainer.given(X, y, None)), seconds)
    assert looked == [(1000, False), (1000, True), (200, True)]


@pytest.mark.parametrize("run", RUNS[1::5], ids=lambda run: run.name)
def test_a_short_look_at_a_healthy_network_finds_nothing(run: Any) -> None:
    net, X, y = run.run(0)
    subject = Subject(net, *net._trainer.given(X, y, None), course=Course.of(net.history))
    found = closing.gather(subject, closing.A_FEW, at_once=True, forward_only=True)
    assert found.flatness or found.answers
    assert not found.signals and found.loss_after is None
    assert list(closing.gravest(found)) == []


@pytest.mark.usefixtures("hasty")
def test_the_shortest_fits_are_judged_by_their_history_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "gather", lambda *_, **__: pytest.fail("it probed"))
    assert said(capsys, neurons_that_died(mended=False)) == []
    (line,) = said(capsys, steps_too_long(mended=False))
    assert "the loss rises" in line and "try learning_rate=1 (" in line


@pytest.mark.usefixtures("patient")
def test_chunks_are_judged_by_their_history(capsys: pytest.CaptureFixture[str]) -> None:
    net, X, y, settings = steps_too_long(mended=False)
    (line,) = said(capsys, (net, [(X, y)], None, settings))
    assert "the loss rises" in line
    net, X, y, settings = neurons_that_died(mended=False)
    assert said(capsys, (net, [(X, y)], None, settings)) == []


@pytest.mark.usefixtures("patient")
def test_what_ends_early_is_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    net, X, y, settings = steps_to_infinity(mended=False)
    with pytest.raises(NonFiniteError):
        net.fit(X, y, verbose=1, **settings)
    assert "verdict" not in capsys.readouterr().out


@pytest.mark.usefixtures("patient")
def test_it_judges_what_callbacks_leave_behind(capsys: pytest.CaptureFixture[str]) -> None:
    """A callback kills all units at the end: the verdict is of the network that comes back."""

    def kill(event: Any, run: Any) -> None:
        run.state["b_hidden"] = np.full(16, -1000.0, dtype="float32")

    net = net_of(0, hidden(16, "relu", name="hidden"), hidden(10, "softmax"))
    made = (net, *digits(), {"epochs": 2, "callbacks": [LambdaCallback(on_fit_end=kill)]})
    (line,) = said(capsys, made)
    assert "16 of 16 neurons of `hidden` are dead" in line


@pytest.mark.usefixtures("patient")
def test_an_error_of_a_verdict_never_costs_a_training(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(closing, "look", fails)
    net, X, y, settings = neurons_that_died(mended=False)
    assert said(capsys, (net, X, y, settings)) == []
    assert net.history.epochs == settings["epochs"]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("engine", ["numpy", "llvm"])
def test_the_bits_are_the_same_with_and_without(engine: str) -> None:
    found = []
    for verbose in (0, 1):
        net = net_of(0, hidden(16, "relu"), syn0.Dropout(0.3), hidden(10, "softmax"))
        for _ in range(2):
            net.fit(*digits(), epochs=3, verbose=verbose, engine=engine, validation_data=0.2)
        found.append(({n: v.tobytes() for n, v in net.numbers.items()}, dict(net.history)))
    assert found[0] == found[1]


@pytest.mark.usefixtures("patient")
def test_nothing_is_compiled_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from syn0.engines import choose

    engine, compiled = type(choose("auto")[0]), []
    compile_program = engine.compile

    def watched(self: Any, program: Any) -> Any:
        compiled.append((program.name, tuple(program.outputs)))
        return compile_program(self, program)

    monkeypatch.setattr(engine, "compile", watched)
    for verbose in (0, 1):
        shared.clear()
        net = net_of(0, hidden(16, "relu"), hidden(10, "softmax"))
        net.fit(*digits(), epochs=2, verbose=verbose)
    assert compiled == 2 * [("train_step", ("loss", "accuracy"))]


@pytest.mark.usefixtures("patient")
def test_a_schedule_at_its_end_gives_the_last_steps_rate(
    capsys: pytest.CaptureFixture[str],
) -> None:
    net = net_of(0, hidden(16, "tanh"), hidden(10, "softmax"))
    seen: list[int] = []

    def rate(step: int) -> float:
        seen.append(int(step))
        return 0.01

    X, y = digits()
    net.fit(X, y, epochs=2, optimizer=syn0.Adam(rate), verbose=1)
    assert max(seen) == 2 * 9 - 1
