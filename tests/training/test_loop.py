import itertools
import signal
import threading

import numpy as np
import pytest
from fakes import Hooked, LinearStep, Recorder, data, explain, new_state
from hypothesis import given, settings
from hypothesis import strategies as st

from syn0.engines import Control
from syn0.errors import NonFiniteError
from syn0.training import Callback, History, LambdaCallback
from syn0.training import loop as loop_module
from syn0.training.events import EpochEnded, EpochStarted, FitEnded, FitStarted, Progress
from syn0.training.feeds import ResidentFeed, StepTable
from syn0.training.loop import mean_of_totals, train

SAMPLES, BATCH = 23, 5  # 5 steps an epoch, the last of 3 samples


def new_feed(**options) -> ResidentFeed:
    return ResidentFeed(data(SAMPLES), batch_size=BATCH, seed=3, **options)


def fit(state, *, epochs=4, step=None, feed=None, **options):
    feed = feed or new_feed()
    executable = step or LinearStep()
    return train(
        executable,
        state,
        feed,
        epochs=epochs,
        samples=SAMPLES,
        explain=explain,
        **options,
    )


def reference(steps: int):
    """The same steps in a plain loop."""
    state, feed, losses = new_state(), new_feed(), []
    for step in range(steps):
        batch = feed.batch(step)
        outputs, updates = LinearStep().run(state, batch)
        state.update(updates)
        losses.append((outputs["loss"], len(batch["x"])))
    return state, losses


def assert_same(state, other) -> None:
    assert {k: v.tobytes() for k, v in state.items()} == {k: v.tobytes() for k, v in other.items()}


# ----- numbers ------------------------------------------------------------


def test_training_is_the_plain_loop() -> None:
    state, history = new_state(), History()
    outcome = fit(state, history=history)
    expected, losses = reference(20)
    assert_same(state, expected)
    assert (outcome.reason, outcome.step, outcome.totals) == ("completed", 20, {})
    total = 0.0
    for loss, rows in losses[5:10]:
        total += loss * rows
    assert history["loss"][1] == total / SAMPLES
    assert history["loss"][-1] < history["loss"][0] / 3


@settings(max_examples=40)
@given(st.lists(st.integers(1, 9), min_size=1), st.booleans())
def test_any_split_of_spans_gives_the_same_bits(pieces, owed) -> None:
    state, history = new_state(), History()
    step = LinearStep(itertools.cycle(pieces))
    fit(state, step=step, history=history, listeners=[Recorder(every_epoch=owed)])
    whole, whole_history = new_state(), History()
    fit(whole, history=whole_history)
    assert_same(state, whole)
    assert history == whole_history


@pytest.mark.parametrize("cut", range(1, 20))
def test_going_on_from_any_step_gives_the_same_bits(cut) -> None:
    state, history, control = new_state(), History(), Control()
    feed = Hooked(new_feed(), cut - 1, lambda: setattr(control, "abort", True))
    outcome = fit(state, feed=feed, control=control, history=history)
    assert (outcome.reason, outcome.step) == ("interrupted", cut)
    rest = Control(row=dict(outcome.totals))
    fit(state, epochs=4 - cut // 5, initial_step=cut, control=rest, history=history)
    whole, whole_history = new_state(), History()
    fit(whole, history=whole_history)
    assert_same(state, whole)
    assert history == whole_history


def test_two_fits_are_one_longer_fit() -> None:
    rates = {"learning_rate": StepTable(lambda step: 0.1 / (1 + step))}
    state, whole = new_state(), new_state()
    first = fit(state, epochs=1, feed=new_feed(tables=rates))
    fit(state, epochs=3, feed=new_feed(tables=rates), initial_step=first.step)
    fit(whole, epochs=4, feed=new_feed(tables=rates))
    assert_same(state, whole)
    again = new_state()
    fit(again, epochs=1, feed=new_feed(tables=rates))
    fit(again, epochs=3, feed=new_feed(tables=rates))  # forgets where it stood
    assert not np.array_equal(again["W"], whole["W"])


def test_totals_become_weighted_means_or_what_else_is_asked_for() -> None:
    assert mean_of_totals({"weight_total": 4.0, "loss_total": 2.0}) == {"loss": 0.5}
    assert np.isnan(mean_of_totals({"weight_total": 0.0, "loss_total": 0.0})["loss"])
    means, sums = History(), History()
    fit(new_state(), history=means)
    fit(new_state(), history=sums, summarize=lambda totals: {"loss": totals["loss_total"]})
    np.testing.assert_allclose(sums["loss"], np.multiply(means["loss"], SAMPLES))


# ----- spans and events ---------------------------------------------------


def test_nothing_owed_is_one_span() -> None:
    step, recorder = LinearStep(), Recorder()
    fit(new_state(), step=step, listeners=[recorder])
    assert step.spans == [(0, 20)]
    assert [type(e) for e in recorder.events] == [
        FitStarted,
        *[EpochStarted, EpochEnded] * 4,
        FitEnded,
    ]
    assert [e.epoch for e in recorder.of(EpochEnded)] == [0, 1, 2, 3]
    assert recorder.closed == 1


@pytest.mark.parametrize(
    "owed", [{"listeners": [Recorder(every_epoch=True)]}, {"evaluate": lambda: {"val_loss": 1.0}}]
)
def test_what_is_owed_at_an_epochs_end_ends_the_span(owed) -> None:
    step = LinearStep()
    fit(new_state(), step=step, **owed)
    assert step.spans == [(0, 5), (5, 5), (10, 5), (15, 5)]


def test_a_listener_says_how_many_epochs_may_pass() -> None:
    class Patient(Recorder):
        def epochs_ahead(self) -> float:
            return 3 - len(self.of(EpochEnded)) % 3

    listener, step = Patient(), LinearStep()
    fit(new_state(), step=step, epochs=8, listeners=[listener])
    assert step.spans == [(0, 15), (15, 15), (30, 10)]
    assert [event.epoch for event in listener.of(EpochEnded)] == list(range(8))


def test_validation_sees_the_state_of_its_epoch_and_joins_the_logs() -> None:
    state, recorder, history = new_state(), Recorder(), History()
    steps = []

    def evaluate():
        steps.append(int(state["step"]))
        return {"val_loss": float(len(steps))}

    fit(state, listeners=[recorder], evaluate=evaluate, history=history)
    assert steps == [5, 10, 15, 20]
    assert history["val_loss"] == [1, 2, 3, 4]
    assert list(recorder.of(EpochEnded)[2].logs) == ["loss", "val_loss"]


def test_the_start_tells_what_was_chosen() -> None:
    recorder = Recorder()
    fit(new_state(), listeners=[recorder], initial_step=10, choices=["Adam"], keys=["loss"])
    assert recorder.events[0] == FitStarted(("Adam",), 10, 4, 5, SAMPLES, ("loss",))
    assert [e.epoch for e in recorder.of(EpochStarted)] == [2, 3, 4, 5]


def test_progress_tells_of_the_part_of_the_epoch_that_is_done(monkeypatch) -> None:
    monkeypatch.setattr(loop_module, "PROGRESS_INTERVAL", -1.0)
    recorder = Recorder(wants_progress=True)
    fit(new_state(), epochs=2, listeners=[recorder])
    seen = recorder.of(Progress)
    assert [(e.epoch, e.step) for e in seen] == [
        *[(0, 1), (0, 2), (0, 3), (0, 4)],
        *[(1, 0), (1, 1), (1, 2), (1, 3), (1, 4)],
    ]
    _, losses = reference(2)
    assert seen[1].logs["loss"] == pytest.approx((losses[0][0] + losses[1][0]) / 2)
    assert seen[4].logs == recorder.of(EpochEnded)[0].logs
    assert all(e.samples_per_second > 0 for e in seen)


def test_progress_is_told_no_more_often_than_the_clock_strikes(monkeypatch) -> None:
    monkeypatch.setattr(loop_module, "PROGRESS_INTERVAL", 3600.0)
    recorder = Recorder(wants_progress=True)
    fit(new_state(), listeners=[recorder], evaluate=lambda: {"val_loss": 1.0})
    assert recorder.of(Progress) == []


def test_a_callback_may_stop_within_an_epoch(monkeypatch) -> None:
    monkeypatch.setattr(loop_module, "PROGRESS_INTERVAL", -1.0)

    class StopAtStep7(Callback):
        def on_progress(self, event, run):
            if run.step == 7:
                run.stop("enough", "seven will do")

    state, history = new_state(), History()
    outcome = fit(state, listeners=[StopAtStep7()], history=history)
    assert (outcome.reason, outcome.message, outcome.step) == ("enough", "seven will do", 7)
    assert (int(state["step"]), history.epochs) == (7, 1)


def test_the_first_reason_counts() -> None:
    def stop(reason):
        return LambdaCallback(on_epoch_end=lambda event, run: run.stop(reason))

    outcome = fit(new_state(), listeners=[stop("first"), stop("second")])
    assert (outcome.reason, outcome.step) == ("first", 5)


def test_the_first_listener_hears_the_end_last() -> None:
    order = []
    listeners = [
        LambdaCallback(
            on_epoch_end=lambda event, run, name=name: order.append(name),
            on_fit_end=lambda event, run, name=name: order.append(name),
        )
        for name in "ab"
    ]
    fit(new_state(), epochs=1, listeners=listeners)
    assert order == ["a", "b", "b", "a"]


def test_an_error_in_a_callback_closes_the_listeners() -> None:
    recorder, history = Recorder(), History()
    broken = LambdaCallback(on_epoch_end=lambda event, run: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        fit(new_state(), listeners=[recorder, broken], history=history)
    assert (recorder.closed, history.epochs) == (1, 1)


# ----- not finite ---------------------------------------------------------


def test_a_loss_that_is_not_finite_is_explained_and_the_last_step_stays() -> None:
    arrays, recorder, history = data(SAMPLES), Recorder(), History()
    feed = ResidentFeed(arrays, batch_size=BATCH, shuffle=False)
    feed.inputs["x"] = arrays["x"].copy()
    feed.inputs["x"][12] = np.inf
    state = new_state()
    with pytest.raises(NonFiniteError, match="loss is not finite") as caught:
        fit(state, feed=feed, listeners=[recorder], history=history)
    assert "a lower rate" in str(caught.value)
    assert int(state["step"]) == 2
    assert np.isfinite(state["W"]).all()
    assert recorder.of(FitEnded) == [FitEnded("not_finite", str(caught.value), 2)]
    assert (recorder.closed, history.epochs) == (1, 0)


# ----- Ctrl-C -------------------------------------------------------------


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_keeps_the_last_full_step_and_the_history() -> None:
    before = signal.getsignal(signal.SIGINT)
    state, history, recorder = new_state(), History(), Recorder()
    feed = Hooked(new_feed(), 7, press_ctrl_c)
    outcome = fit(state, feed=feed, history=history, listeners=[recorder])
    assert signal.getsignal(signal.SIGINT) is before
    assert (outcome.reason, outcome.step) == ("interrupted", 8)
    assert_same(state, reference(8)[0])
    assert history.epochs == 1
    assert outcome.message == (
        "interrupted after step 3 of 5 of epoch 2, which is kept; call fit again to continue"
    )
    assert recorder.of(FitEnded)[0].message == outcome.message


def test_ctrl_c_in_validation_cuts_it_short() -> None:
    state, history, recorder = new_state(), History(), Recorder()
    calls = []

    def evaluate():
        calls.append(1)
        if len(calls) == 2:
            press_ctrl_c()
            pytest.fail("the validation went on")
        return {"val_loss": 1.0}

    outcome = fit(state, evaluate=evaluate, history=history, epochs=2, listeners=[recorder])
    assert (outcome.reason, outcome.step) == ("interrupted", 10)
    assert "after epoch 2" in outcome.message
    assert len(recorder.of(EpochEnded)) == 1
    assert history["val_loss"][0] == 1.0
    assert np.isnan(history["val_loss"][1])
    assert np.isfinite(history["loss"][1])


def test_a_second_ctrl_c_raises_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    recorder = Recorder()

    def press_twice() -> None:
        press_ctrl_c()
        press_ctrl_c()

    state = new_state()
    with pytest.raises(KeyboardInterrupt):
        fit(state, feed=Hooked(new_feed(), 7, press_twice), listeners=[recorder])
    assert signal.getsignal(signal.SIGINT) is before
    assert_same(state, reference(7)[0])
    assert recorder.closed == 1


def test_an_ignored_ctrl_c_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        outcome = fit(new_state(), feed=Hooked(new_feed(), 7, press_ctrl_c))
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert outcome.reason == "completed"


def test_another_thread_trains_and_leaves_signals_alone() -> None:
    handlers, outcomes = [], []
    before = signal.getsignal(signal.SIGINT)
    feed = Hooked(new_feed(), 3, lambda: handlers.append(signal.getsignal(signal.SIGINT)))
    thread = threading.Thread(target=lambda: outcomes.append(fit(new_state(), feed=feed)))
    thread.start()
    thread.join()
    assert handlers == [before]
    assert outcomes[0].reason == "completed"
