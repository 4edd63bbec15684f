"""Early stopping and plateaus on sequences worked by hand."""

import math

import numpy as np
import pytest
from fakes import LinearStep, Recorder, data, explain, new_state

from syn0.errors import ArgumentError, UnknownNameError
from syn0.training import Callback, EarlyStopping, History, ReduceLROnPlateau
from syn0.training.events import FitStarted, Notice
from syn0.training.feeds import ResidentFeed
from syn0.training.loop import train

NAN = math.nan
KEYS = ["loss", "accuracy", "val_loss", "val_accuracy", "val_pinball"]


def follow(values, callback, *, name="val_loss", state=None, **options):
    """Train one step an epoch while the validation gives `values`."""
    state = new_state() if state is None else state
    numbers, history, recorder = iter(values), History(), Recorder()
    outcome = train(
        LinearStep(),
        state,
        ResidentFeed(data(), batch_size=None),
        epochs=len(values),
        samples=23,
        explain=explain,
        evaluate=lambda: {name: next(numbers)},
        listeners=[recorder, callback],
        history=history,
        restorable=["W"],
        **options,
    )
    said = [event.text for event in recorder.of(Notice)]
    return outcome, history, state, said


def parameters_after(steps: int) -> np.ndarray:
    state = new_state()
    feed = ResidentFeed(data(), batch_size=None)
    for step in range(steps):
        state.update(LinearStep().run(state, feed.batch(step))[1])
    return state["W"]


# ----- early stopping -----------------------------------------------------


@pytest.mark.parametrize(
    ("values", "settings", "epochs", "best"),
    [
        ([5, 4, 3, 4, 5, 1], {"patience": 2}, 5, 3),
        ([5, 4, 3, 4, 5, 1], {"patience": 3}, 6, 6),
        ([5, 5, 5, 5], {"patience": 1}, 2, 1),
        ([1, 2, 0, 1, 1, 1], {"patience": 2}, 5, 3),
        # Less than min_delta each, but together more: the reference is the last improvement.
        ([1.0, 0.8, 0.6, 0.4, 0.2, 0.0], {"patience": 3, "min_delta": 0.5}, 6, 6),
        # The best is the very best, though its lead is below min_delta.
        ([1.0, 0.9, 0.95, 0.96], {"patience": 2, "min_delta": 0.5}, 3, 2),
        ([NAN, 3, NAN, NAN, 1], {"patience": 2}, 4, 2),
        ([NAN, NAN, NAN], {"patience": 2}, 2, 0),
        ([9, 8, 8, 8, 8, 8], {"patience": None}, 6, 2),
    ],
)
def test_when_it_stops_and_what_was_best(values, settings, epochs, best) -> None:
    callback = EarlyStopping(**settings)
    outcome, history, state, said = follow(values, callback)
    assert history.epochs == epochs
    assert callback.best_epoch == best - 1
    restored = best not in (0, epochs)
    np.testing.assert_array_equal(state["W"], parameters_after(best if restored else epochs))
    stopped = epochs < len(values) or callback.wait == settings["patience"]
    assert outcome.reason == ("early_stopping" if stopped else "completed")
    assert int(state["step"]) == epochs  # the optimizer goes on where it stood
    if restored:
        assert said == [f"parameters of epoch {best} restored: val_loss {values[best - 1]:.4f}"]


def test_accuracy_should_rise() -> None:
    callback = EarlyStopping("val_accuracy", patience=2)
    outcome, history, _, _ = follow([0.5, 0.7, 0.6, 0.7, 0.9], callback, name="val_accuracy")
    assert (outcome.reason, history.epochs, callback.best) == ("early_stopping", 4, 0.7)
    assert outcome.message == "val_accuracy has not improved for 2 epochs"


@pytest.mark.parametrize(
    ("name", "values", "target", "epochs"),
    [
        ("val_loss", [0.5, 0.2, 0.1, 0.05], 0.1, 3),
        ("val_accuracy", [0.5, 0.91, 0.95], 0.9, 2),
        ("val_accuracy", [0.5, 0.6, 0.7], 0.9, 3),
    ],
)
def test_the_target_stops_at_once(name, values, target, epochs) -> None:
    callback = EarlyStopping(name, target=target)
    outcome, history, state, _ = follow(values, callback, name=name)
    assert history.epochs == epochs
    reached = values[epochs - 1] >= target if name == "val_accuracy" else True
    assert outcome.reason == ("target" if reached else "completed")
    np.testing.assert_array_equal(state["W"], parameters_after(epochs))


def test_restore_best_is_an_option() -> None:
    _, _, state, said = follow([1, 2, 3], EarlyStopping(patience=2, restore_best=False))
    np.testing.assert_array_equal(state["W"], parameters_after(3))
    assert said == []


def test_the_next_fit_begins_anew() -> None:
    callback = EarlyStopping(patience=2)
    follow([0.1, 2, 3], callback)
    _, history, _, _ = follow([5, 4, 3, 4, 5], callback)
    assert (history.epochs, callback.best) == (5, 3)


def test_after_an_interruption_the_last_step_stays() -> None:
    class Interrupting(Callback):
        def on_epoch_end(self, event, run):
            if event.epoch == 2:
                raise_interrupt()

    def raise_interrupt() -> None:
        import signal

        signal.raise_signal(signal.SIGINT)

    class Both(Callback):
        def __init__(self) -> None:
            self.stopping, self.interrupting = EarlyStopping(patience=9), Interrupting()

        def receive(self, event, run):
            self.stopping.receive(event, run)
            self.interrupting.receive(event, run)

    outcome, _, state, said = follow([1, 2, 3, 4, 5], Both())
    assert outcome.reason == "interrupted"
    assert said == []
    np.testing.assert_array_equal(state["W"], parameters_after(3))


# ----- plateaus -----------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "settings", "rates"),
    [
        # An epoch's new rate counts from the next epoch on.
        ([5, 4, 4, 4, 4, 4], {"patience": 2, "factor": 0.5}, [1, 1, 1, 0.5, 0.5, 0.25]),
        ([5, 4, 4, 3, 3, 3], {"patience": 2, "factor": 0.5}, [1, 1, 1, 1, 1, 0.5]),
        ([5, 5, 5, 5], {"patience": 1, "min_learning_rate": 0.05}, [1, 0.1, 0.05, 0.05]),
        ([5, 4.9, 4.8], {"patience": 1, "min_delta": 0.15, "factor": 0.5}, [1, 0.5, 0.5]),
    ],
)
def test_the_rate_after_each_epoch(values, settings, rates) -> None:
    state = new_state(learning_rate=1.0)
    seen = []

    class Watch(ReduceLROnPlateau):
        def on_epoch_end(self, event, run):
            super().on_epoch_end(event, run)
            seen.append(run.state["learning_rate"])

    _, _, _, said = follow(values, Watch(**settings), state=state)
    np.testing.assert_allclose(seen, rates, rtol=1e-6)
    assert all(rate.dtype == "float32" and rate.shape == () for rate in seen)
    assert len(said) == len(set(rates)) - 1


def test_the_old_rate_array_is_not_written_to() -> None:
    state = new_state(learning_rate=1.0)
    old = state["learning_rate"]
    _, _, _, said = follow([1, 1], ReduceLROnPlateau(patience=1), state=state)
    assert (float(old), said) == (1.0, ["learning_rate lowered from 1 to 0.1 in epoch 2"])


def test_every_optimizers_rate_is_lowered() -> None:
    state = new_state() | {"learning_rate_head": np.asarray(1.0)}
    follow([1, 1], ReduceLROnPlateau(patience=1, factor=0.5), state=state)
    assert float(state["learning_rate_head"]) == 0.5
    assert float(state["learning_rate"]) == np.float32(0.05) * np.float32(0.5)


def test_a_scheduled_rate_is_refused_before_training() -> None:
    state = new_state()
    with pytest.raises(ArgumentError, match="a schedule sets the learning rate"):
        follow([1, 1], ReduceLROnPlateau(), state=state, scheduled=["learning_rate"])
    assert int(state["step"]) == 0


def test_no_rate_at_all_is_refused() -> None:
    state = new_state()
    del state["learning_rate"]
    with pytest.raises(ArgumentError, match="has no learning rate"):
        follow([1, 1], ReduceLROnPlateau(), state=state)


# ----- arguments ----------------------------------------------------------


@pytest.mark.parametrize(
    ("callback", "settings", "message"),
    [
        (EarlyStopping, {"patience": 0}, "patience=0"),
        (EarlyStopping, {"patience": 2.5}, "patience=2.5"),
        (EarlyStopping, {"min_delta": -1}, "min_delta=-1"),
        (EarlyStopping, {"mode": "up"}, "mode='up'"),
        (ReduceLROnPlateau, {"factor": 1.0}, "factor=1.0"),
        (ReduceLROnPlateau, {"patience": None}, "patience=None"),
        (ReduceLROnPlateau, {"min_learning_rate": -1}, "min_learning_rate=-1"),
        (ReduceLROnPlateau, {"min_delta": -1}, "min_delta=-1"),
    ],
)
def test_bad_settings_are_refused(callback, settings, message) -> None:
    with pytest.raises(ArgumentError, match=message) as caught:
        callback(**settings)
    assert callback.__name__ in str(caught.value)


@pytest.mark.parametrize(
    ("monitor", "mode", "values", "best"),
    [
        ("val_pinball", "min", [2, 1, 3], 1),
        ("val_pinball", "max", [2, 1, 3], 3),
        ("val_mean_absolute_error", "auto", [2, 1, 3], 1),
        ("val_out.f1", "auto", [2, 1, 3], 3),
        ("val_roc_auc", "auto", [2, 1, 3], 3),
        ("val_r2", "auto", [2, 1, 3], 3),
    ],
)
def test_the_direction_by_name_or_mode(monitor, mode, values, best) -> None:
    callback = EarlyStopping(monitor, mode=mode)
    follow(values, callback, name=monitor)
    assert callback.best == best


def test_an_unknown_monitor_is_refused_before_training_when_keys_are_known() -> None:
    state = new_state()
    with pytest.raises(UnknownNameError, match="did you mean 'val_accuracy'") as caught:
        follow([1], EarlyStopping("val_acc"), state=state, keys=KEYS)
    assert ", ".join(KEYS) in str(caught.value)
    assert int(state["step"]) == 0


def test_an_unknown_monitor_is_refused_at_the_first_epochs_end() -> None:
    with pytest.raises(UnknownNameError, match="no 'val_loss' to monitor"):
        follow([1], EarlyStopping(), name="val_accuracy")


def test_a_name_that_tells_no_direction_is_refused_before_training() -> None:
    state = new_state()
    with pytest.raises(ArgumentError, match="does not tell whether") as caught:
        follow([1], EarlyStopping("val_pinball"), state=state, keys=KEYS)
    assert "mode='min'" in str(caught.value)
    assert int(state["step"]) == 0


def test_without_validation_the_remedy_is_named() -> None:
    callback = EarlyStopping()
    with pytest.raises(UnknownNameError, match=r"validation_data=0\.2, or monitor='loss'"):
        callback.on_fit_start(FitStarted((), 0, 1, 1, 1, keys=("loss",)), None)
