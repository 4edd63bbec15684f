import csv
import os
import pickle

import pytest
from fakes import LinearStep, data, explain, new_state

from syn0.errors import ArgumentError, UnknownNameError
from syn0.training import (
    Callback,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    ReduceLROnPlateau,
)
from syn0.training.callbacks import check_callbacks
from syn0.training.events import Notice
from syn0.training.feeds import ResidentFeed
from syn0.training.loop import train


def fit(*callbacks, epochs=3, first=0, evaluate=None):
    history = History()
    feed = ResidentFeed(data(), batch_size=10)
    train(
        LinearStep(),
        new_state(),
        feed,
        epochs=epochs,
        initial_step=first * feed.steps_per_epoch,
        samples=23,
        explain=explain,
        evaluate=evaluate,
        listeners=callbacks,
        history=history,
    )
    return history


# ----- the base -----------------------------------------------------------


def test_hooks_are_called_in_order() -> None:
    calls = []

    class Watch(Callback):
        def on_fit_start(self, event, run):
            calls.append(("fit", event.epochs, run.step))

        def on_epoch_start(self, event, run):
            calls.append(("start", event.epoch, run.step))

        def on_epoch_end(self, event, run):
            calls.append(("end", event.epoch, run.step))

        def on_fit_end(self, event, run):
            calls.append((event.reason, event.step, run.step))

    fit(Watch(), epochs=2)
    assert calls == [
        ("fit", 2, 0),
        ("start", 0, 0),
        ("end", 0, 3),
        ("start", 1, 3),
        ("end", 1, 6),
        ("completed", 6, 6),
    ]


def test_a_callback_without_hooks_hears_everything_in_silence() -> None:
    callback = Callback()
    assert fit(callback).epochs == 3
    callback.receive(Notice("a line"), None)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("on_epoch_begin", "on_epoch_start"),
        ("on_train_end", "on_fit_end"),
        ("on_epochs_end", "on_epoch_end"),
    ],
)
def test_a_hook_that_would_never_be_called_is_refused(name, meant) -> None:
    with pytest.raises(UnknownNameError, match=f"did you mean '{meant}'"):
        type("Mine", (Callback,), {name: lambda self, event, run: None})


def test_only_who_listens_within_epochs_wants_progress() -> None:
    class Watch(Callback):
        def on_progress(self, event, run):
            pass

    class Child(Watch):
        pass

    assert Watch().wants_progress
    assert Child().wants_progress
    assert not EarlyStopping().wants_progress
    assert LambdaCallback(on_progress=print).wants_progress
    assert not LambdaCallback(on_fit_end=print).every_epoch


def test_lists_of_callbacks_are_checked() -> None:
    one = EarlyStopping()
    assert check_callbacks(None) == ()
    assert check_callbacks(one) == (one,)
    assert check_callbacks([one, one]) == (one, one)
    with pytest.raises(ArgumentError, match=r"make one: EarlyStopping\(\.\.\.\)"):
        check_callbacks([one, EarlyStopping])
    with pytest.raises(ArgumentError, match=r"callbacks\[0\] is <built-in function print>"):
        check_callbacks(print)


def test_callbacks_can_be_pickled() -> None:
    for callback in (EarlyStopping(patience=3), CSVLogger("a.csv")):
        assert pickle.loads(pickle.dumps(callback)) == callback  # noqa: S301


# ----- functions ----------------------------------------------------------


def test_functions_are_called_with_event_and_run() -> None:
    losses = []
    show = LambdaCallback(on_epoch_end=lambda event, run: losses.append(event.logs["loss"]))
    assert fit(show)["loss"] == losses


@pytest.mark.parametrize(
    ("callback", "options", "mend"),
    [
        (EarlyStopping, {"restore_best_weights": True}, "restore_best="),
        (EarlyStopping, {"patients": 3}, "did you mean 'patience'"),
        (ReduceLROnPlateau, {"min_lr": 0.1}, "min_learning_rate="),
        (CSVLogger, {"filename": "a.csv"}, "path="),
        (LambdaCallback, {"on_epoch_begin": print}, "on_epoch_start="),
    ],
)
def test_words_of_other_libraries_are_answered(callback, options, mend) -> None:
    with pytest.raises(UnknownNameError, match=mend):
        callback(**options)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(ArgumentError, match="on_fit_end is 3"):
        LambdaCallback(on_fit_end=3)


# ----- CSV ----------------------------------------------------------------


def read(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_rows_grow_with_the_epochs_and_keep_every_digit(tmp_path) -> None:
    path = tmp_path / "runs" / "history.csv"
    seen = []

    class Look(Callback):
        def on_epoch_end(self, event, run):
            seen.append(path.read_bytes())

    history = fit(CSVLogger(path), Look(), evaluate=lambda: {"val_loss": 0.1})
    rows = read(path)
    assert rows[0] == ["epoch", "loss", "val_loss"]
    assert [int(row[0]) for row in rows[1:]] == [1, 2, 3]
    assert [float(row[1]) for row in rows[1:]] == history["loss"]
    assert [text.count(b"\n") for text in seen] == [2, 3, 4]
    assert all(text.endswith(b"\n") for text in seen)


def test_each_fit_begins_the_file_anew(tmp_path) -> None:
    logger = CSVLogger(tmp_path / "a.csv")
    fit(logger)
    fit(logger, epochs=1)
    assert len(read(logger.path)) == 2


def test_append_continues_and_drops_a_torn_row(tmp_path) -> None:
    path = tmp_path / "a.csv"
    fit(CSVLogger(path, append=True), epochs=2)
    whole = path.read_bytes()
    path.write_bytes(whole + b"3,0.12")
    fit(CSVLogger(path, append=True), epochs=1, first=2)
    assert path.read_bytes().startswith(whole)
    assert [row[0] for row in read(path)] == ["epoch", "1", "2", "3"]


def test_append_to_other_columns_is_refused(tmp_path) -> None:
    path = tmp_path / "a.csv"
    fit(CSVLogger(path))
    with pytest.raises(
        ArgumentError, match="has the columns epoch, loss; this fit has epoch, loss, v"
    ):
        fit(CSVLogger(path, append=True), evaluate=lambda: {"val_loss": 1.0})


def test_a_full_disk_leaves_no_torn_row(tmp_path, monkeypatch) -> None:
    path = tmp_path / "a.csv"
    fit(CSVLogger(path), epochs=1)
    whole = path.read_bytes()

    class Full:
        """A file that takes four bytes of what it is given."""

        def __init__(self, *args, **kwargs) -> None:
            self.file = open_file(*args, **kwargs)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def tell(self):
            return self.file.tell()

        def write(self, text):
            return self.file.write(text[:4])

        def truncate(self, size):
            return self.file.truncate(size)

    open_file = open
    monkeypatch.setattr("syn0.training.callbacks.open", Full, raising=False)
    with pytest.raises(OSError, match="no room"):
        fit(CSVLogger(path, append=True), first=1)
    assert path.read_bytes() == whole


@pytest.mark.skipif(os.name == "nt", reason="a folder is opened otherwise there")
def test_a_path_that_cannot_be_written_fails_before_training(tmp_path) -> None:
    state = new_state()
    with pytest.raises(IsADirectoryError):
        train(
            LinearStep(),
            state,
            ResidentFeed(data()),
            epochs=1,
            samples=23,
            explain=explain,
            listeners=[CSVLogger(tmp_path)],
        )
    assert int(state["step"]) == 0
