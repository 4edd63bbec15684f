"""How training goes: continuing, freezing, optimizers, stopping, failing, the same bits."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from nets import CLASSES, Dense, X, Y, first_line, same_parameters, small

import syn0
from syn0 import losses, ops
from syn0.engines import choose
from syn0.engines.llvm import LLVMEngine
from syn0.engines.numpy import NumpyEngine
from syn0.engines.threads import limit_threads
from syn0.errors import (
    ArgumentError,
    EngineError,
    NonFiniteError,
    UnknownNameError,
)
from syn0.training.feeds import ResidentFeed


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the programs that are compiled."""
    names: list[str] = []
    engine = type(choose("auto")[0])
    compile_program = engine.compile

    def counted(self: Any, program: Any) -> Any:
        names.append(program.name)
        return compile_program(self, program)

    monkeypatch.setattr(engine, "compile", counted)
    return names


# ----- continuing ---------------------------------------------------------


def test_two_fits_are_one_long_fit() -> None:
    one, two = small(), small()
    options: dict[str, Any] = {"batch_size": 8, "verbose": 0}
    one.fit(X, Y, epochs=5, **options)
    two.fit(X, Y, epochs=2, **options)
    two.fit(X, Y, epochs=3, **options)
    same_parameters(one, two)
    assert one.history["loss"] == two.history["loss"]


def test_the_first_line_says_how_a_fit_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    net = small()
    assert first_line(capsys, net, X, Y, engine="numpy") == (
        "loss mean_squared_error · optimizer Adam(learning_rate=0.001) · 30 samples · "
        "batch size 30 (auto) · float64 · engine numpy (asked for) · seed 0"
    )
    assert first_line(capsys, net, X, Y).endswith("continues after epoch 1")
    line = first_line(capsys, net, X, Y, loss="huber")
    assert line.startswith("loss huber")
    assert "another loss: the optimizer starts with fresh slots" in line
    line = first_line(capsys, net, X, Y, optimizer="sgd")
    assert "loss huber" in line  # the last fit's
    assert "another optimizer: the optimizer starts with fresh slots" in line
    assert "m_W_hidden" not in net.numbers
    line = first_line(capsys, net, X, Y, validation_data=0.2, batch_size=7)
    assert "SGD(learning_rate=0.01) · 24 samples, 6 for validation · batch size 7 ·" in line


def test_fresh_slots_begin_at_zero() -> None:
    one, other = small(), small()
    one.fit(X, Y, epochs=3, verbose=0)
    other.build((3,)).set_parameters(one.parameters)
    for net in (one, other):
        net.fit(X, Y, loss="huber", epochs=2, verbose=0)
    same_parameters(one, other)


def test_metrics_go_with_their_loss() -> None:
    net = small()
    net.fit(X, Y, metrics="mean_absolute_error", epochs=1, verbose=0)
    assert "mean_absolute_error" in net.fit(X, Y, epochs=1, verbose=0)
    assert list(net.fit(X, Y, loss="huber", epochs=1, verbose=0)) == ["loss"]


def test_a_step_continues_and_is_no_epoch() -> None:
    one, other = small(), small()
    found = one.step(X, Y)
    assert found["loss"] == pytest.approx(np.mean((other.predict(X)[:, 0] - Y) ** 2))
    one.step(X, Y)
    other.fit(X, Y, epochs=2, batch_size=None, verbose=0)
    same_parameters(one, other)
    assert len(one.history) == 0
    assert one.fit(X, Y, epochs=1, verbose=0).first_epoch == 0
    with pytest.raises(UnknownNameError, match="step has no argument 'epochs'"):
        one.step(X, Y, epochs=3)


# ----- freezing -----------------------------------------------------------


def test_frozen_layers_stay_and_the_others_learn() -> None:
    net = small().build((3,)).freeze("hidden")
    before = net.parameters
    net.fit(X, Y, epochs=2, verbose=0)
    np.testing.assert_array_equal(net.parameters["W_hidden"], before["W_hidden"])
    assert not np.array_equal(net.parameters["W_output"], before["W_output"])
    net.unfreeze("*").fit(X, Y, epochs=2, verbose=0)
    assert not np.array_equal(net.parameters["W_hidden"], before["W_hidden"])
    with pytest.raises(ArgumentError, match="every layer is frozen"):
        net.freeze("*").fit(X, Y, verbose=0)


def test_a_frozen_batch_normalization_uses_its_running_statistics() -> None:
    norm = syn0.BatchNormalization(name="norm")
    net = syn0.Sequential(norm, Dense(1, name="output"), random_state=0, dtype="float64")
    net.fit(X, Y, epochs=3, verbose=0)
    kept = net.parameters
    net.freeze("norm")
    loss = net.evaluate(X, Y)["loss"]
    history = net.fit(X, Y, epochs=1, batch_size=None, verbose=0)
    assert history["loss"][0] == pytest.approx(loss, rel=1e-12)
    for name in ("mean_norm", "variance_norm", "gamma_norm", "beta_norm"):
        np.testing.assert_array_equal(net.parameters[name], kept[name])


def test_a_network_without_parameters_cannot_learn() -> None:
    with pytest.raises(ArgumentError, match="no parameters to learn"):
        syn0.Sequential(syn0.Activation("tanh")).fit(X, X, verbose=0)


def normalized() -> syn0.Sequential:
    layers = syn0.BatchNormalization(name="n1"), Dense(4), syn0.BatchNormalization(), Dense(1)
    return syn0.Sequential(*layers, random_state=0, dtype="float64")


@pytest.mark.parametrize("learning_rate", [0.5, syn0.ExponentialDecay(0.5, 1000)])
def test_freezing_leaves_every_optimizer_its_rate(learning_rate: Any) -> None:
    net = normalized()
    given = {"gamma*": syn0.SGD(learning_rate), "*": syn0.Adam(0.001)}
    net.fit(X, Y, optimizer=given, epochs=1, verbose=0)
    net.freeze("n1")
    before = net.parameters
    net.fit(X, Y, epochs=1, batch_size=None, verbose=0)
    moved = np.abs(net.parameters["W_dense_1"] - before["W_dense_1"]).max()
    assert 0 < moved < 0.01
    assert float(net.numbers["learning_rate_2"]) == 0.001
    assert "learning_rate_2" in net.code()


def test_a_whole_group_may_be_frozen(capsys: pytest.CaptureFixture[str]) -> None:
    given = {"*_hidden": syn0.SGD(0.5, momentum=0.9), "*_output": syn0.Adam(0.001)}
    net = small()
    net.fit(X, Y, optimizer=given, epochs=1, verbose=0)
    before = net.freeze("hidden").parameters
    assert first_line(capsys, net, X, Y).endswith("continues after epoch 1")
    moved = net.parameters["W_output"] - before["W_output"]
    assert 0 < np.abs(moved).max() < 0.01
    assert first_line(capsys, net.unfreeze("*"), X, Y).endswith("continues after epoch 2")


def test_the_first_group_frozen_names_the_rate_in_use() -> None:
    given = {"*_hidden": syn0.Adam(0.25), "*_output": syn0.SGD(1e200)}
    net = small().build((3,)).freeze("hidden")
    with pytest.raises(NonFiniteError, match="1e\\+200 is too large"):
        net.fit(X, Y * 1e100, optimizer=given, epochs=9, verbose=0)


def test_frozen_layers_need_no_optimizer() -> None:
    net = small().build((3,)).freeze("hidden")
    net.fit(X, Y, optimizer={"*_output": syn0.SGD(0.1)}, epochs=1, verbose=0)
    with pytest.raises(ArgumentError, match="no pattern of the optimizers fits"):
        net.unfreeze("*").fit(X, Y, epochs=1, verbose=0)


def test_another_optimizer_counts_where_no_parameter_is_in_both_fits() -> None:
    net = small().build((3,)).freeze("hidden")
    net.fit(X, Y, optimizer=syn0.SGD(0.001), epochs=1, verbose=0)
    net.unfreeze("hidden").freeze("output")
    net.fit(X, Y, optimizer=syn0.SGD(0.5, momentum=0.9), epochs=1, verbose=0)
    assert float(net.numbers["learning_rate"]) == 0.5


def test_parameters_that_join_start_the_optimizer_afresh(
    capsys: pytest.CaptureFixture[str],
) -> None:
    net = small().build((3,)).freeze("hidden")
    net.fit(X, Y, optimizer=syn0.Adam(0.01), epochs=50, batch_size=10, verbose=0)
    net.set_parameters({"learning_rate": 0.002})
    before = net.unfreeze("hidden").parameters
    line = first_line(capsys, net, X, Y, batch_size=None)
    assert line.endswith("more parameters learn: the optimizer starts with fresh slots")
    assert int(net.numbers["step"]) == 1
    moved = np.abs(net.parameters["W_hidden"] - before["W_hidden"])
    np.testing.assert_allclose(moved, 0.002, rtol=1e-4)  # Adam's first step, at the rate set
    assert first_line(capsys, net, X, Y).endswith("continues after epoch 51")


def test_slots_of_frozen_layers_go_with_their_optimizer() -> None:
    net = small()
    net.fit(X, Y, epochs=1, verbose=0)
    net.freeze("hidden").fit(X, Y, epochs=1, verbose=0)
    assert "m_W_hidden" in net.numbers
    net.fit(X, Y, optimizer="sgd", epochs=1, verbose=0)
    assert "m_W_hidden" not in net.numbers


# ----- optimizers and schedules -------------------------------------------


class Declares(syn0.Layer):
    """A layer with parameters of given names."""

    def __init__(self, *names: str, **options: Any) -> None:
        super().__init__(**options)
        self.names = names

    def parameters(self, shape: Any) -> Any:
        return {name: ((), lambda rng, size, dtype: np.ones(size, dtype)) for name in self.names}

    def forward(self, p: Any, x: Any, *, training: bool) -> Any:
        for name in self.names:
            x = x * p[name]
        return x


@pytest.mark.parametrize(
    ("layer", "entry"),
    [
        (Declares("W", "m_W", name="a"), "m_W_a"),
        (Declares("learning", name="rate"), "learning_rate"),
    ],
)
def test_names_that_network_and_optimizer_would_share_are_refused(layer: Any, entry: str) -> None:
    net = syn0.Sequential(layer, Dense(1), random_state=0)
    with pytest.raises(ArgumentError, match=rf"(?s)Adam needs the .*'{entry}'.*another name"):
        net.fit(X, Y, optimizer="adam", verbose=0)
    assert not net.built
    if "m_W" in entry:
        net.fit(X, Y, optimizer="sgd", epochs=1, verbose=0)


def test_a_mapping_gives_each_parameter_its_optimizer() -> None:
    net = small().build((3,))
    before = net.parameters
    frozen = syn0.SGD(learning_rate=1e-300)
    net.fit(X, Y, optimizer={"*_hidden": frozen, "*": syn0.Adam(0.1)}, epochs=2, verbose=0)
    np.testing.assert_array_equal(net.parameters["W_hidden"], before["W_hidden"])
    assert not np.array_equal(net.parameters["W_output"], before["W_output"])
    with pytest.raises(UnknownNameError, match="no trainable parameter is called 'V_"):
        net.fit(X, Y, optimizer={"V_*": "adam", "*": "sgd"}, verbose=0)


def test_a_schedule_goes_on_over_two_fits() -> None:
    asked: list[int] = []

    def falling(step: int) -> float:
        asked.append(step)
        return 0.1 / (1 + step)

    one, two = small(), small()
    one.fit(X, Y, optimizer=syn0.SGD(falling), batch_size=10, epochs=4, verbose=0)
    optimizer = syn0.SGD(falling)
    asked.clear()
    two.fit(X, Y, optimizer=optimizer, batch_size=10, epochs=1, verbose=0)
    two.fit(X, Y, batch_size=10, epochs=3, verbose=0)
    same_parameters(one, two)
    assert sorted(set(asked)) == list(range(12))


def test_numbers_of_the_state_never_compile_anew(compiled: list[str]) -> None:
    net = syn0.Sequential(Dense(4), syn0.Dropout(0.5), Dense(1), random_state=0)
    net.fit(X, Y, optimizer=syn0.Adam(0.001), epochs=1, verbose=0)
    assert compiled == ["train_step"]
    net.fit(X, Y, optimizer=syn0.Adam(0.1, beta_1=0.5, epsilon=1e-3), epochs=1, verbose=0)
    assert float(net.numbers["learning_rate"]) == pytest.approx(0.1)
    net.set_parameters({"rate_dropout_1": 0.0, "learning_rate": 1e-4})
    net.fit(X, Y, epochs=1, batch_size=7, verbose=0)
    assert float(net.numbers["learning_rate"]) == pytest.approx(1e-4)
    assert compiled == ["train_step"]
    net.fit(X, Y, optimizer=syn0.Adam(clip_norm=1.0), epochs=1, verbose=0)
    assert compiled == ["train_step"] * 2
    net.fit(X, Y, optimizer=syn0.Adam(clip_norm=9.0), epochs=1, verbose=0)
    assert compiled == ["train_step"] * 2
    for decay in (syn0.ExponentialDecay(0.1, 5), syn0.CosineDecay(0.2, 9)):
        net.fit(X, Y, optimizer=syn0.Adam(decay, clip_norm=1.0), epochs=1, verbose=0)
    assert compiled == ["train_step"] * 3


def test_a_dropout_rate_that_is_changed_counts() -> None:
    one = syn0.Sequential(Dense(4), syn0.Dropout(0.5), Dense(1), random_state=0).build((3,))
    two = syn0.Sequential(Dense(4), syn0.Dropout(0.0), Dense(1), random_state=0)
    one.set_parameters({"rate_dropout_1": 0.0})
    for net in (one, two):
        net.fit(X, Y, epochs=2, verbose=0)
    same_parameters(one, two)


def test_the_rate_is_lowered_on_a_plateau_without_compiling(compiled: list[str]) -> None:
    net = small()
    slow = syn0.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, min_delta=1e9)
    net.fit(X, Y, optimizer=syn0.SGD(0.1), callbacks=[slow], epochs=3, verbose=0)
    assert float(net.numbers["learning_rate"]) == pytest.approx(0.025)
    net.fit(X, Y, epochs=1, verbose=0)  # the lowered rate stays
    assert float(net.numbers["learning_rate"]) == pytest.approx(0.025)
    assert compiled == ["train_step"]


def test_losses_with_lists_and_arrays_are_told_apart(compiled: list[str]) -> None:
    net = small(3, "softmax")
    for alpha in ([1.0, 2.0, 3.0], np.array([3.0, 2.0, 1.0]), np.array([3.0, 2.0, 1.0])):
        net.fit(X, CLASSES, loss=losses.Focal(alpha=alpha), epochs=1, verbose=0)
    assert compiled.count("train_step") == 2


def test_a_loss_with_anything_in_it_is_its_own_kind(compiled: list[str]) -> None:
    class Power:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self, y: Any, p: Any) -> Any:
            return (y - p) ** 4

    net, power = small(), Power()
    for loss in (power, power, Power()):
        net.fit(X, Y, loss=loss, epochs=1, verbose=0)
    assert compiled.count("train_step") == 2


# ----- LBFGS --------------------------------------------------------------


def test_lbfgs_finds_least_squares() -> None:
    net = syn0.Sequential(Dense(1, name="out"), random_state=0, dtype="float64")
    history = net.fit(
        X, Y, optimizer=syn0.LBFGS(), metrics="mean_absolute_error", validation_data=(X, Y),
        epochs=100, verbose=0,
    )  # fmt: skip
    wanted = np.linalg.lstsq(np.c_[X, np.ones(30)], Y, rcond=None)[0]
    found = np.append(net.parameters["W_out"][:, 0], net.parameters["b_out"])
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)
    assert list(history) == [
        "loss", "mean_absolute_error", "val_loss", "val_mean_absolute_error",
    ]  # fmt: skip
    assert history["mean_absolute_error"] == history["val_mean_absolute_error"]
    assert len(net.history["loss"]) < 100  # it converged


def test_lbfgs_with_weight_decay_is_ridge_regression() -> None:
    net = syn0.Sequential(Dense(1, use_bias=False, name="out"), random_state=0, dtype="float64")
    net.fit(X, Y, optimizer=syn0.LBFGS(weight_decay=0.3, tolerance=1e-9), epochs=100, verbose=0)
    wanted = np.linalg.solve(X.T @ X * 2 / 30 + 0.3 * np.eye(3), X.T @ Y * 2 / 30)
    np.testing.assert_allclose(net.parameters["W_out"][:, 0], wanted, rtol=1e-6)


def test_lbfgs_keeps_running_statistics_and_continues() -> None:
    net = syn0.Sequential(syn0.BatchNormalization(decay=0.5, name="n"), Dense(1), random_state=0)
    net.fit(X + 5, Y, optimizer="lbfgs", epochs=5, verbose=0)
    np.testing.assert_allclose(net.parameters["mean_n"], (X + 5).mean(axis=0), rtol=0.2)
    assert net.fit(X + 5, Y, epochs=1, verbose=0).first_epoch == len(net.history["loss"]) - 1


# ----- stopping -----------------------------------------------------------


def test_early_stopping_restores_the_best_epoch() -> None:
    net, seen = small(), []
    watch = syn0.LambdaCallback(on_epoch_end=lambda event, run: seen.append(run.copy_parameters()))
    stop = syn0.EarlyStopping(monitor="loss", patience=2)
    net.fit(X, Y, optimizer=syn0.SGD(5.0), callbacks=[watch, stop], epochs=50, verbose=0)
    assert len(net.history["loss"]) < 50
    best = int(np.argmin(net.history["loss"]))
    assert stop.best_epoch == best
    for name, value in net.parameters.items():
        np.testing.assert_array_equal(value, seen[best][name])


def test_early_stopping_stops_at_once_on_its_target() -> None:
    net = small()
    stop = syn0.EarlyStopping(monitor="loss", target=0.5)
    history = net.fit(X, Y, optimizer=syn0.Adam(0.05), callbacks=stop, epochs=500, verbose=0)
    assert history["loss"][-1] <= 0.5 < history["loss"][-2]


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as on Unix")
def test_ctrl_c_keeps_the_last_full_step(capsys: pytest.CaptureFixture[str]) -> None:
    net = small()

    def interrupt(event: Any, run: Any) -> None:
        if event.epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)

    history = net.fit(
        X, Y, batch_size=10, epochs=10_000, verbose=0,
        callbacks=[syn0.LambdaCallback(on_epoch_start=interrupt)],
    )  # fmt: skip
    assert "interrupted" in capsys.readouterr().err
    done = len(history["loss"])
    assert done == 2
    assert net._trainer.epochs_done == done
    twin = small()
    twin.fit(X, Y, batch_size=10, epochs=done, verbose=0)
    steps = int(net.numbers["step"])
    assert steps >= int(twin.numbers["step"])
    net.fit(X, Y, batch_size=10, epochs=1, verbose=0)
    assert int(net.numbers["step"]) == steps + 3


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_ctrl_c_while_compiling_leaves_all_as_it_was(
    optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, good = small(), small()
    for one in (net, good):
        one.fit(X, Y, epochs=1, verbose=0)

    def interrupted(self: Any, program: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        for engine in (NumpyEngine, LLVMEngine):
            patch.setattr(engine, "compile", interrupted)
        with pytest.raises(KeyboardInterrupt):
            net.fit(X, Y, loss="huber", optimizer=optimizer, epochs=1, verbose=0)
    assert set(net.numbers) == set(good.numbers)
    for one in (net, good):
        one.fit(X, Y, epochs=1, verbose=0)
    same_parameters(net, good)


def test_a_second_ctrl_c_keeps_the_steps_that_were_done(monkeypatch: pytest.MonkeyPatch) -> None:
    net = small().build((3,))
    before, batch = net.parameters, ResidentFeed.batch

    def interrupted(self: ResidentFeed, step: int) -> Any:
        if step == 2:
            raise KeyboardInterrupt
        return batch(self, step)

    with monkeypatch.context() as patch:
        patch.setattr(ResidentFeed, "batch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            net.fit(X, Y, batch_size=10, epochs=1, verbose=0, engine="numpy")
    assert not np.array_equal(net.parameters["W_output"], before["W_output"])
    assert int(net.numbers["step"]) == 2


# ----- failing ------------------------------------------------------------


def test_a_step_too_large_is_named_and_the_last_full_step_kept() -> None:
    net = small()
    seen: list[Any] = []
    watch = syn0.LambdaCallback(on_epoch_end=lambda event, run: seen.append(run.copy_parameters()))
    with pytest.raises(
        NonFiniteError, match=r"(?s)layer '\w+'.*step size.*learning_rate="
    ) as caught:
        net.fit(X, Y * 1e100, optimizer=syn0.SGD(1e200), callbacks=watch, epochs=9, verbose=0)
    assert "keeps the last full step" in str(caught.value)
    last = seen[-1] if seen else small().build((3,)).parameters
    for name, value in net.parameters.items():
        np.testing.assert_array_equal(value, last[name])
    assert all(map(math.isfinite, net.history.get("loss", [])))
    net.reset().fit(X, Y, optimizer=syn0.SGD(0.01), epochs=1, verbose=0)


def test_unscaled_data_are_named_as_the_cause() -> None:
    net = syn0.Sequential(Dense(2), Dense(1), random_state=0)
    with pytest.raises(NonFiniteError, match=r"(?s)layer 'dense_\d'.*unscaled.*Normalization"):
        net.fit(X * 1e30, Y, epochs=3, optimizer="sgd", verbose=0)


def test_a_layer_that_puts_out_nan_is_named() -> None:
    root = syn0.Activation(lambda x: ops.sqrt(x - 100), name="root")
    with pytest.raises(NonFiniteError, match=r"where: +layer 'root'"):
        syn0.Sequential(Dense(2), root, Dense(1)).fit(X, Y, verbose=0)


def test_a_loss_that_is_not_finite_is_named() -> None:
    def infinite(y: Any, p: Any) -> Any:
        return ops.log(p * 0)

    with pytest.raises(NonFiniteError, match=r"(?s)the loss is NaN.*layer 'output' puts out"):
        small().fit(X, Y, loss=infinite, verbose=0)
    schedule = syn0.SGD(syn0.ExponentialDecay(1e300, 10))
    with pytest.raises(NonFiniteError, match="lower the schedule"):
        small().fit(X, Y * 1e100, optimizer=schedule, verbose=0)
    with pytest.raises(NonFiniteError, match="loss"):
        small().fit(X, Y, loss=infinite, optimizer="lbfgs", verbose=0)


BAD: list[dict[str, Any]] = [
    {"loss": "nonsense"},
    {"loss": lambda y, p: 1.0},
    {"optimizer": "nonsense"},
    {"epochs": 0},
    {"epochs": 1.5},
    {"batch_size": 0},
    {"batch_size": "big"},
    {"validation_data": 7},
    {"callbacks": [3]},
    {"callbacks": [syn0.EarlyStopping(monitor="val_loss")]},
    {"engine": "torch"},
    {"threads": 0},
    {"verbose": "loud"},
    {"metrics": "nonsense"},
    {"resume": True},
    {"validation_split": 0.2},
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: "-".join(bad))
def test_a_bad_call_leaves_a_fresh_network_as_it_was(bad: dict[str, Any]) -> None:
    net = small()
    with pytest.raises(ValueError):
        net.fit(X, Y, **{"verbose": 0, **bad})
    assert not net.built
    assert len(net.history) == 0
    assert net.numbers == {}
    good = small()
    for one in (net, good):
        one.fit(X, Y, epochs=1, verbose=0)
    same_parameters(net, good)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: "-".join(bad))
def test_a_bad_call_leaves_a_trained_network_as_it_was(bad: dict[str, Any]) -> None:
    net, good = small(), small()
    for one in (net, good):
        one.fit(X, Y, epochs=2, verbose=0)
    with pytest.raises(ValueError):
        net.fit(X, Y, **{"verbose": 0, "optimizer": syn0.SGD(0.1), "loss": "huber", **bad})
    assert set(net.numbers) == set(good.numbers)
    for one in (net, good):
        one.fit(X, Y, epochs=1, verbose=0)
    same_parameters(net, good)
    assert net.history["loss"] == good.history["loss"]
    assert net.code() == good.code()


def test_an_error_in_a_callback_keeps_the_steps_that_were_done() -> None:
    def fail(event: Any, run: Any) -> None:
        if event.epoch == 1:
            raise RuntimeError("mine")

    net, good = small(), small()
    with pytest.raises(RuntimeError, match="mine"):
        net.fit(X, Y, epochs=9, callbacks=syn0.LambdaCallback(on_epoch_end=fail), verbose=0)
    good.fit(X, Y, epochs=2, verbose=0)
    assert net.history["loss"] == good.history["loss"]
    for one in (net, good):
        one.fit(X, Y, epochs=1, verbose=0)
    same_parameters(net, good)


def test_the_plan_of_a_minimizer_is_that_of_loss_and_gradient() -> None:
    net = small()
    net.fit(X, Y, optimizer="lbfgs", epochs=2, engine="llvm", verbose=0)
    page = net.plan()
    assert page.startswith("loss_and_gradient for ") and page == net.plan("loss_and_gradient")
    assert "update" not in page.splitlines()[0]
    with pytest.raises(ArgumentError, match=r"net\.plan\('loss_and_gradient'\)"):
        net.plan("train_step")
    net.fit(X, Y, optimizer="adam", epochs=1, engine="llvm", verbose=0)
    assert net.plan().startswith("train_step for ")
    assert net.plan("loss_and_gradient").startswith("loss_and_gradient for ")


def test_engines_that_are_planned_say_so() -> None:
    with pytest.raises(EngineError, match="planned"):
        small().fit(X, Y, engine="jax", verbose=0)
    small().fit(X, Y, engine="numpy", threads=1, epochs=1, verbose=0)


# ----- what is measured on the training data ------------------------------


def test_normalization_measures_the_training_data_of_the_first_fit() -> None:
    net = syn0.Sequential(syn0.Normalization(name="n"), Dense(1), random_state=0, dtype="float64")
    net.fit(X * 3 + 5, Y, validation_data=(X, Y), epochs=1, verbose=0)
    np.testing.assert_allclose(net.parameters["mean_n"], (X * 3 + 5).mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(net.parameters["variance_n"], (X * 3).var(axis=0), rtol=1e-12)
    before = net.parameters["mean_n"]
    net.fit(X - 100, Y, epochs=1, verbose=0)
    np.testing.assert_array_equal(net.parameters["mean_n"], before)
    net.reset().fit(X - 100, Y, epochs=1, verbose=0)
    np.testing.assert_allclose(net.parameters["mean_n"], (X - 100).mean(axis=0), rtol=1e-12)


def test_normalization_sees_neither_held_out_nor_absent_rows() -> None:
    net = syn0.Sequential(syn0.Normalization(name="n"), Dense(1), random_state=0, dtype="float64")
    job = net._trainer.prepare(X, Y, validation_data=0.5)
    np.testing.assert_allclose(job.measured["mean_n"], job.data.inputs["x"].mean(axis=0))
    assert job.data.samples == 15


def test_normalization_within_and_behind_other_layers() -> None:
    inner = syn0.Sequential(syn0.Rescaling(2.0), syn0.Normalization(name="n"), name="inner")
    net = syn0.Sequential(syn0.Rescaling(1.0, 1.0), inner, Dense(1), random_state=0)
    net.fit(X, Y, epochs=1, verbose=0)
    np.testing.assert_allclose(net.parameters["mean_n_inner"], 2 * (X + 1).mean(axis=0), rtol=1e-5)


def test_statistics_that_are_set_or_inherited_are_not_measured() -> None:
    net = syn0.Sequential(syn0.Normalization(name="n"), Dense(1), random_state=0).build((3,))
    net.set_parameters({"mean_n": [1, 2, 3]}).fit(X, Y, epochs=1, verbose=0)
    np.testing.assert_array_equal(net.parameters["mean_n"], [1, 2, 3])
    outer = syn0.Sequential(net, Dense(1), random_state=0)
    outer.fit(X + 9, Y, epochs=1, verbose=0)
    np.testing.assert_array_equal(outer.parameters["mean_n_sequential_1"], [1, 2, 3])
    given = syn0.Sequential(syn0.Normalization(mean=1.0, variance=4.0), Dense(1), random_state=0)
    given.fit(X, Y, epochs=1, verbose=0)
    assert set(given.parameters["mean_normalization_1"]) == {1.0}


# ----- the same bits ------------------------------------------------------

SCRIPT = """
import hashlib, numpy as np, syn0
X = np.random.default_rng(0).normal(size=(50, 4)); y = np.arange(50) % 3
net = syn0.Sequential(syn0.Dense(8, "relu"), syn0.Dropout(0.3), syn0.BatchNormalization(),
                      syn0.Dense(3, "softmax"), random_state=7)
net.fit(X, y, epochs=3, batch_size=16, validation_data=0.2, verbose=0)
print(hashlib.sha256(b"".join(v.tobytes() for v in net.parameters.values())).hexdigest())
"""


def test_one_seed_gives_the_same_bits_in_another_process() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in (1, 2)
    }  # fmt: skip
    assert len(found) == 1


def test_one_seed_gives_the_same_bits_watched_or_not(tmp_path: Path) -> None:
    def run(**options: Any) -> Any:
        layers = Dense(8, "relu"), syn0.Dropout(0.3), Dense(1)
        net = syn0.Sequential(*layers, random_state=7)
        net.fit(X, Y, epochs=4, batch_size=7, **{"verbose": 0, **options})
        return net

    watched = run(verbose=2, callbacks=[syn0.CSVLogger(tmp_path / "log.csv")])
    same_parameters(run(), watched)
    same_parameters(run(), run(validation_data=(X, Y)))


@pytest.mark.parametrize("engine", ["numpy", "llvm"])
def test_validation_is_of_the_epoch_that_ended(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often progress is told: also when it is due just as an epoch ends."""
    monkeypatch.setattr("syn0.training.loop.PROGRESS_INTERVAL", 0.0)
    silent, watched = (
        small(3, "softmax").fit(
            X, CLASSES, epochs=4, batch_size=7, validation_data=0.2, verbose=verbose, engine=engine
        )
        for verbose in (0, 1)
    )
    assert dict(watched) == dict(silent)


def test_the_last_fit_to_end_gives_the_threads_back(monkeypatch: pytest.MonkeyPatch) -> None:
    stood = [4]

    class Limits:
        def __init__(self, limits: int, user_api: str) -> None:
            self.before, stood[0] = stood[0], limits

        def restore_original_limits(self) -> None:
            stood[0] = self.before

    monkeypatch.setattr("syn0.engines.threads._libraries", lambda: SimpleNamespace(limit=Limits))
    first, second = limit_threads("auto", 1.0), limit_threads(2, 1.0)
    first.__enter__()
    second.__enter__()
    assert stood == [2]
    first.__exit__(None, None, None)
    assert stood == [2]
    second.__exit__(None, None, None)
    assert stood == [4]
    with pytest.raises(ZeroDivisionError), limit_threads(1, 1.0):
        stood[0] //= 0
    assert stood == [4]


def test_two_networks_train_in_two_threads() -> None:
    nets = [small(), small()]
    threads = [
        threading.Thread(target=net.fit, args=(X, Y), kwargs={"epochs": 20, "verbose": 0})
        for net in nets
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = small()
    alone.fit(X, Y, epochs=20, verbose=0)
    same_parameters(nets[0], alone)
    same_parameters(nets[1], alone)
