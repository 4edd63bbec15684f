import signal
import subprocess
import sys

import numpy as np
import pytest
from fakes import Recorder, explain

from syn0.errors import NonFiniteError
from syn0.training import EarlyStopping, History, LambdaCallback
from syn0.training import loop as loop_module
from syn0.training.events import EpochEnded, EpochStarted, FitEnded, Progress
from syn0.training.minimize import minimize, pack, unpack

SCALES = np.asarray([1.0, 4.0, 9.0, 25.0, 100.0])
GOAL = np.asarray([1.0, -2.0, 3.0, -4.0, 5.0])
NAMES = ["W", "b"]


def quadratic(vector):
    """A bowl whose lowest point is GOAL."""
    away = vector - GOAL
    return float(0.5 * (SCALES * away**2).sum()), SCALES * away


def new_state(dtype="float64"):
    return {"W": np.zeros((2, 2), dtype), "b": np.zeros(1, dtype), "step": np.asarray(7)}


def fit(state, function=quadratic, epochs=100, **options):
    return minimize(function, state, NAMES, epochs=epochs, samples=10, explain=explain, **options)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-5), ("float32", 1e-3)])
def test_it_finds_the_lowest_point(dtype, tolerance) -> None:
    state, history = new_state(dtype), History()
    outcome = fit(state, history=history)
    np.testing.assert_allclose(pack(state, NAMES), GOAL, atol=tolerance)
    assert outcome.reason == "converged"
    assert "nothing more to gain" in outcome.message
    assert (state["W"].dtype, state["W"].shape, int(state["step"])) == (dtype, (2, 2), 7)
    assert history.epochs == outcome.step < 100
    assert np.all(np.diff(history["loss"]) < 0)


def test_each_iteration_is_told_with_its_own_parameters() -> None:
    state, recorder = new_state(), Recorder()
    outcome = fit(
        state,
        epochs=3,
        initial_step=40,
        listeners=[recorder],
        evaluate=lambda: {"val_loss": quadratic(pack(state, NAMES))[0]},
    )
    assert (outcome.reason, outcome.step) == ("completed", 43)
    ended = recorder.of(EpochEnded)
    assert [e.epoch for e in ended] == [e.epoch for e in recorder.of(EpochStarted)] == [40, 41, 42]
    for event in ended:
        assert event.logs["val_loss"] == event.logs["loss"]
    assert recorder.of(FitEnded)[0].reason == "completed"
    assert recorder.closed == 1


def test_progress_is_told_between_iterations(monkeypatch) -> None:
    monkeypatch.setattr(loop_module, "PROGRESS_INTERVAL", -1.0)
    recorder = Recorder(wants_progress=True)
    fit(new_state(), epochs=4, listeners=[recorder])
    assert [(e.epoch, e.step) for e in recorder.of(Progress)] == [(1, 0), (2, 0), (3, 0)]
    assert recorder.of(Progress)[0].logs == recorder.of(EpochEnded)[0].logs


def test_early_stopping_stops_it() -> None:
    state = new_state()
    stopping = EarlyStopping("loss", target=1.0)
    outcome = fit(state, listeners=[stopping], restorable=NAMES)
    assert outcome.reason == "target"
    assert quadratic(pack(state, NAMES))[0] == stopping.best <= 1.0


def test_options_reach_scipy() -> None:
    loose, strict = fit(new_state(), options={"gtol": 10.0}), fit(new_state())
    assert loose.step < strict.step


@pytest.mark.parametrize("bad", ["loss", "gradient"])
def test_what_is_not_finite_is_explained_and_the_last_iteration_stays(bad) -> None:
    state, calls, kept = new_state(), [], []

    def breaking(vector):
        calls.append(vector)
        loss, gradient = quadratic(vector)
        if len(calls) > 4:
            return (np.nan, gradient) if bad == "loss" else (loss, gradient * np.inf)
        return loss, gradient

    keep = LambdaCallback(on_epoch_end=lambda event, run: kept.append(pack(run.state, NAMES)))
    recorder = Recorder()
    with pytest.raises(NonFiniteError, match=f"{bad} is not finite"):
        fit(state, breaking, listeners=[recorder, keep])
    np.testing.assert_array_equal(pack(state, NAMES), kept[-1])
    assert [e.reason for e in recorder.of(FitEnded)] == ["not_finite"]


def test_ctrl_c_keeps_the_last_iteration() -> None:
    state, calls, history = new_state(), [], History()

    def pressing(vector):
        calls.append(vector)
        if len(calls) == 4:
            signal.raise_signal(signal.SIGINT)
        return quadratic(vector)

    outcome = fit(state, pressing, history=history)
    assert outcome.reason == "interrupted"
    assert outcome.step == history.epochs < 5
    assert quadratic(pack(state, NAMES))[0] == history["loss"][-1]


def test_pack_and_unpack_undo_each_other() -> None:
    state = {"W": np.arange(6, dtype="float32").reshape(2, 3), "b": np.asarray(9.0)}
    vector = pack(state, ["b", "W"])
    assert vector.tolist() == [9, 0, 1, 2, 3, 4, 5]
    again = unpack(vector, state, ["b", "W"])
    assert {k: (v.dtype, v.tolist()) for k, v in again.items()} == {
        k: (v.dtype, v.tolist()) for k, v in state.items()
    }


def test_scipy_and_rich_are_loaded_when_first_needed() -> None:
    code = (
        "import sys, syn0.training.minimize, syn0.training.loop, syn0.training.progress;"
        "sys.exit(any(name.split('.')[0] in ('scipy', 'rich', 'sklearn') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
