"""A run that was broken off and resumed ends with the bits of one that was not."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from broken_off import CLASSES, FITS, CrashAt, Crashed, Fit, Scale, X
from conftest import seeded

import syn0
from syn0.errors import ArgumentError, DataError, FileAccessError, FileFormatError
from syn0.files.refusal import Refused
from syn0.files.stored_run import StoredRun
from syn0.training import Callback

pytestmark = pytest.mark.filterwarnings("ignore:threads=")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".syn0")


def check_splits(fit: Fit, folder: Path, rng: np.random.Generator) -> None:
    """Break a run off at random steps, until it ends; compare with the run that is whole."""
    wanted = fit.whole(folder / "whole")
    run, every = folder / "run", int(rng.integers(1, 5))
    for turn in itertools.count():
        checkpoint = syn0.Checkpoint(run, every=every, unit="step", keep=2)
        crash = [CrashAt(int(rng.integers(1, 30 if turn else 12)))] if turn < 20 else []
        begun = run.exists() and bool(names(run))
        net = fit.network(None if begun else fit.seed)
        options = {"threads": int(rng.integers(1, 4)), "resume": True}
        if fit.options.get("engine") == "numpy":
            del options["threads"]
        try:
            found = fit.run(net, run, checkpoint, *crash, **options)
            break
        except Crashed:
            continue
    assert found == wanted, (turn, every)
    assert turn > 0
    assert len(names(run)) <= 2
    logs = [path.read_text() for path in folder.rglob("history.csv")]
    assert len(set(logs)) <= 1


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", FITS)
def test_resumed_at_any_step_it_is_the_same_run(name: str, tmp_path: Path) -> None:
    check_splits(FITS[name], tmp_path, seeded("splits", name))


# ----- when checkpoints are written ---------------------------------------


def test_epochs_steps_and_seconds(tmp_path: Path) -> None:
    fit, kept = FITS["dropout"], {"keep": None}
    for unit, every in (("epoch", 2), ("step", 7), ("second", 1e-9)):
        fit.run(fit.network(1), tmp_path, syn0.Checkpoint(tmp_path / unit, every, unit, **kept))
    # Ten steps an epoch, and the last checkpoint is that of the end.
    assert names(tmp_path / "epoch") == [f"step-{n:09}.syn0" for n in (20, 40, 50)]
    assert names(tmp_path / "step") == [f"step-{n:09}.syn0" for n in (*range(7, 50, 7), 50)]
    assert names(tmp_path / "second")[-1] == f"step-{50:09}.syn0"


def test_an_epoch_is_one_call_of_the_engine_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans: list[int] = []
    fit = FITS["dropout"]
    net = fit.network(1).build((6,))
    make = net.executable

    def watched(kind: str, **options: Any) -> Any:
        found = make(kind, **options)

        class Watched:
            def run_span(self, state: Any, feed: Any, first: int, count: int, control: Any) -> int:
                spans.append(min(count, control.until))
                return found.run_span(state, feed, first, count, control)

        return Watched()

    monkeypatch.setattr(net, "executable", watched)
    fit.run(net, tmp_path, syn0.Checkpoint(tmp_path / "run", every=3), epochs=7)
    assert spans == [30, 30, 10]


def test_the_newest_stay(tmp_path: Path) -> None:
    fit = FITS["dropout"]
    fit.run(fit.network(1), tmp_path, syn0.Checkpoint(tmp_path, keep=2))
    assert names(tmp_path) == ["step-000000040.syn0", "step-000000050.syn0"]


def test_what_a_killed_save_left_goes(tmp_path: Path) -> None:
    remains = tmp_path / f".step-000000010.syn0.{'0' * 16}.tmp"
    other = tmp_path / ".mine.tmp"
    for path in (remains, other):
        path.write_bytes(b"x")
    fit = FITS["dropout"]
    fit.run(fit.network(1), tmp_path, syn0.Checkpoint(tmp_path))
    assert not remains.exists()
    assert other.exists()


class StopAt(Callback):
    """Ctrl-C, or the wish of a callback, at the end of an epoch."""

    def __init__(self, epoch: int, *, interrupt: bool = False) -> None:
        self.epoch, self.interrupt = epoch, interrupt

    def on_epoch_end(self, event: Any, run: Any) -> None:
        if event.epoch == self.epoch:
            if self.interrupt:
                import signal

                signal.raise_signal(signal.SIGINT)
            else:
                run.stop("enough", "it is enough " * 100)


def test_after_an_interrupt_the_last_step_is_kept(tmp_path: Path) -> None:
    fit = FITS["dropout"]
    wanted = fit.whole(tmp_path)
    folder = tmp_path / "run"
    checkpoint = syn0.Checkpoint(folder, every=100)
    net = fit.network(fit.seed)
    fit.run(net, folder, checkpoint, StopAt(1, interrupt=True))
    assert names(folder) == ["step-000000020.syn0"]
    assert fit.run(net, folder, checkpoint, resume=True) == wanted  # in the same process


def test_a_validation_that_was_cut_short_is_done_again(tmp_path: Path) -> None:
    import signal

    fit = FITS["watched"]
    wanted = fit.whole(tmp_path / "whole")
    net, calls = fit.network(fit.seed), []
    executable = net.executable

    def interrupted(kind: str, **options: Any) -> Any:
        if kind == "evaluate":
            calls.append(kind)
            if len(calls) == 5:
                signal.raise_signal(signal.SIGINT)
        return executable(kind, **options)

    net.executable = interrupted
    folder = tmp_path / "run"
    checkpoint = syn0.Checkpoint(folder)
    fit.run(net, folder, checkpoint)
    assert np.isnan(net.history["val_loss"][-1])
    del net.executable
    assert fit.run(net, folder, checkpoint, resume=True) == wanted


# ----- resuming -----------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of five epochs."""
    folder = tmp_path_factory.mktemp("run")
    fit = FITS["dropout"]
    fit.run(fit.network(fit.seed), folder, syn0.Checkpoint(folder, unit="step", every=7))
    return folder


def copy_of(run: Path, folder: Path) -> syn0.Checkpoint:
    for path in run.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return syn0.Checkpoint(folder)


def test_a_complete_run_returns_at_once(run: Path, tmp_path: Path) -> None:
    fit, checkpoint = FITS["dropout"], copy_of(run, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert fit.run(fit.network(), tmp_path, checkpoint, resume=True) == fit.whole(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    fewer = fit.network()
    fit.run(fewer, tmp_path, checkpoint, resume=True, epochs=2)
    assert len(fewer.history["loss"]) == 5


def test_more_epochs_are_the_total(run: Path, tmp_path: Path) -> None:
    fit, checkpoint = FITS["dropout"], copy_of(run, tmp_path)
    found = fit.run(fit.network(), tmp_path, checkpoint, resume=True, epochs=8)
    assert found == fit.run(fit.network(fit.seed), tmp_path, epochs=8)


def test_a_run_that_a_callback_ended_is_over(tmp_path: Path) -> None:
    fit, folder = FITS["watched"], tmp_path / "run"
    stop = StopAt(3)
    wanted = fit.run(fit.network(fit.seed), tmp_path, stop)
    checkpoint = syn0.Checkpoint(folder)
    assert fit.run(fit.network(fit.seed), folder, checkpoint, stop) == wanted
    resumed = fit.network()
    assert fit.run(resumed, folder, checkpoint, resume=True) == wanted
    assert len(resumed.history["loss"]) == 4


def test_a_run_may_begin_after_another_fit(tmp_path: Path) -> None:
    fit, folder = FITS["schedule"], tmp_path / "run"

    def begun() -> Any:
        net = fit.network(fit.seed)
        fit.run(net, tmp_path, epochs=2)
        return net

    wanted = fit.run(begun(), tmp_path, epochs=4)
    checkpoint = syn0.Checkpoint(folder, every=3, unit="step")
    with pytest.raises(Crashed):
        fit.run(begun(), folder, checkpoint, CrashAt(17), epochs=4)
    net = begun()
    assert fit.run(net, folder, checkpoint, epochs=4, resume=True) == wanted
    assert net.history.epochs == 6


def test_after_resuming_the_next_fit_continues(run: Path, tmp_path: Path) -> None:
    fit, checkpoint = FITS["dropout"], copy_of(run, tmp_path)
    net, whole = fit.network(), fit.network(fit.seed)
    fit.run(net, tmp_path, checkpoint, resume=True)
    fit.run(whole, tmp_path)
    assert fit.run(net, tmp_path, epochs=2) == fit.run(whole, tmp_path, epochs=2)
    first = fit.network(fit.seed).build((6,)).parameters
    for name, value in net.reset().parameters.items():
        np.testing.assert_array_equal(value, first[name])


def test_a_checkpoint_is_a_model(run: Path) -> None:
    newest = max(run.iterdir())
    net = syn0.load(newest)
    whole = FITS["dropout"].network(FITS["dropout"].seed)
    FITS["dropout"].run(whole, run)
    np.testing.assert_array_equal(net.predict(X), whole.predict(X))
    assert list(net.history["loss"]) == list(whole.history["loss"])


def test_own_parts_are_resumed_as_they_are(tmp_path: Path) -> None:
    def layers() -> tuple[Any, ...]:
        return Scale(1.5), syn0.Dense(4, lambda x: x * x), syn0.Dense(2, "softmax")

    check_splits(Fit(layers), tmp_path, seeded("own"))


class Longest(Callback):
    """Keeps the longest row of epochs in which the loss fell."""

    def on_fit_start(self, event: Any, run: Any) -> None:
        self.last, self.row, self.longest = np.inf, 0, 0

    def on_epoch_end(self, event: Any, run: Any) -> None:
        self.row = self.row + 1 if event.logs["loss"] < self.last else 0
        self.last, self.longest = event.logs["loss"], max(self.longest, self.row)

    def memory(self, run: Any) -> dict[str, Any]:
        return {"all": np.array([self.last, self.row, self.longest])}

    def recall(self, memory: Any, run: Any) -> None:
        self.last, self.row, self.longest = memory["all"].tolist()


def test_a_callback_of_ones_own_remembers(tmp_path: Path) -> None:
    fit, whole, resumed = FITS["dropout"], Longest(), Longest()
    fit.run(fit.network(fit.seed), tmp_path, whole)
    with pytest.raises(Crashed):
        fit.run(fit.network(fit.seed), tmp_path, Longest(), syn0.Checkpoint(tmp_path), CrashAt(35))
    fit.run(fit.network(), tmp_path, syn0.Checkpoint(tmp_path), resumed, resume=True)
    assert (resumed.last, resumed.row, resumed.longest) == (whole.last, whole.row, whole.longest)


def test_other_callbacks_begin_anew(tmp_path: Path) -> None:
    fit = FITS["dropout"]
    fit.run(fit.network(fit.seed), tmp_path, syn0.EarlyStopping("loss"), syn0.Checkpoint(tmp_path))
    other = syn0.EarlyStopping("accuracy")
    fit.run(fit.network(), tmp_path, other, syn0.Checkpoint(tmp_path), resume=True, epochs=6)
    assert other.best_epoch == 5


# ----- what is not the same run -------------------------------------------

OTHERS = {
    "layer 'hidden', units, is 12 in the run and 13 in this fit": {
        "layers": lambda: (syn0.Dense(13, "relu", name="hidden"), *FITS["dropout"].layers()[1:])
    },
    "the list of layers is hidden, dropout_1, dense_1 in the run and hidden, dense_1": {
        "layers": lambda: (FITS["dropout"].layers()[0], FITS["dropout"].layers()[2])
    },
    "layer 'dropout_1', rate, is 0.2 in the run and 0.3": {
        "layers": lambda: (
            FITS["dropout"].layers()[0], syn0.Dropout(0.3), FITS["dropout"].layers()[2],
        )
    },
    "the loss, kind, is losses.CrossEntropy in the run and losses.Focal": {
        "options": {"loss": "focal"}
    },
    "the optimizer, learning_rate, is 0.001 in the run and 0.01": {
        "options": {"optimizer": syn0.Adam(0.01)}
    },
    "kind, is optimizers.Adam in the run and optimizers.SGD": {
        "options": {"optimizer": syn0.SGD(0.01)}
    },
    "the data 'y' is int64 (83,), SHA-256 ": {"y": CLASSES[::-1]},
    "the data 'validation x' is None in the run": {"options": {"validation_data": (X, CLASSES)}},
    "batch_size is 9 in the run and 10": {"options": {"batch_size": 10}},
    "shuffle is True in the run and False": {"options": {"shuffle": False}},
    "the data 'sample_weight' is None": {"options": {"sample_weight": np.ones(83) * 2}},
    "a metric": {"options": {"metrics": []}},
}  # fmt: skip


@pytest.mark.parametrize("message", OTHERS)
def test_the_difference_is_named(message: str, run: Path, tmp_path: Path) -> None:
    checkpoint = copy_of(run, tmp_path)
    fit = Fit(**{"layers": FITS["dropout"].layers, **OTHERS[message]})  # type: ignore[arg-type]
    net = fit.network()
    seed = net.seed
    with pytest.raises((ArgumentError, DataError)) as caught:
        fit.run(net, tmp_path, checkpoint, resume=True)
    assert message in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "another folder" in str(caught.value)
    assert not net.built
    assert (net.seed, net.history.epochs) == (seed, 0)


def test_other_rows_are_told_apart_though_they_are_as_many(run: Path, tmp_path: Path) -> None:
    other, net = X.copy(), FITS["dropout"].network()
    other[50, 3] = np.nextafter(other[50, 3], 9, dtype="float32")
    with pytest.raises(DataError, match="the data 'x'"):
        net.fit(
            other, CLASSES, batch_size=9, callbacks=[copy_of(run, tmp_path)], resume=True, verbose=0
        )


def test_another_seed(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="has the seed 3, the network 4") as caught:
        FITS["dropout"].run(
            FITS["dropout"].network(4), tmp_path, copy_of(run, tmp_path), resume=True
        )
    assert "random_state=3" in str(caught.value)


def test_a_function_of_ones_own_that_computes_something_else(tmp_path: Path) -> None:
    def fit(function: Any) -> Fit:
        return Fit(lambda: (syn0.Dense(4, function), syn0.Dense(2, "softmax")))

    checkpoint = syn0.Checkpoint(tmp_path)
    fit(lambda x: x * x).run(fit(lambda x: x * x).network(1), tmp_path, checkpoint)
    with pytest.raises(ArgumentError, match="what is of your own"):
        fit(lambda x: x * 2).run(fit(lambda x: x * 2).network(1), tmp_path, checkpoint, resume=True)


def test_a_folder_with_a_run_is_not_written_into_unasked(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="holds a run already") as caught:
        FITS["dropout"].run(FITS["dropout"].network(), tmp_path, copy_of(run, tmp_path))
    assert "resume=True" in str(caught.value)


def test_what_no_file_can_hold_is_said_before_the_first_step(tmp_path: Path) -> None:
    net = syn0.Sequential(syn0.Dense(2, "softmax"), syn0.Dropout(0.1), random_state=0).build((6,))
    before = net.parameters
    net.set_parameters({"W_dense_1": np.ones((6, 2))})
    net.numbers["b_dense_1"] = np.full(2, np.inf, "float32")
    with pytest.raises(DataError, match="b_dense_1 holds inf"):
        net.fit(X, CLASSES, callbacks=[syn0.Checkpoint(tmp_path)], loss="cross_entropy", verbose=0)
    assert net.history.epochs == 0
    assert list(net.parameters) == list(before)
    assert not names(tmp_path)


def test_resume_needs_a_checkpoint() -> None:
    with pytest.raises(ArgumentError, match="needs the folder of the run") as caught:
        FITS["dropout"].network().fit(X, CLASSES, resume=True)
    assert 'syn0.Checkpoint("runs/a")' in str(caught.value)


def test_lbfgs_says_why_not(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="within SciPy"):
        FITS["dropout"].network().fit(
            X, CLASSES, optimizer=syn0.LBFGS(), callbacks=[syn0.Checkpoint(tmp_path)]
        )


@pytest.mark.parametrize(
    "options",
    [{"folder": ""}, {"every": 0}, {"every": 1.5}, {"unit": "day"}, {"keep": 0}, {"every": True},
     {"every": 0.0, "unit": "second"}, {"filepath": "x"}],
)  # fmt: skip
def test_settings_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Checkpoint"):
        syn0.Checkpoint(**{"folder": "runs/a", **options})


def test_two_checkpoints_in_one_folder(tmp_path: Path) -> None:
    both = [syn0.Checkpoint(tmp_path), syn0.Checkpoint(tmp_path, every=3, unit="step")]
    with pytest.raises(ArgumentError, match="two Checkpoints have the folder"):
        FITS["dropout"].network().fit(X, CLASSES, callbacks=both)


def test_two_folders_keep_one_run(tmp_path: Path) -> None:
    fit = FITS["dropout"]
    wanted = fit.whole(tmp_path)

    def both() -> list[Callback]:
        often = syn0.Checkpoint(tmp_path / "often", every=3, unit="step")
        return [syn0.Checkpoint(tmp_path / "seldom"), often]

    with pytest.raises(Crashed):
        fit.run(fit.network(fit.seed), tmp_path, *both(), CrashAt(28))
    assert fit.run(fit.network(), tmp_path, *both(), resume=True) == wanted
    assert names(tmp_path / "seldom")[-1] == names(tmp_path / "often")[-1]


# ----- damage -------------------------------------------------------------


def test_a_damaged_checkpoint_is_left_out_and_named(run: Path, tmp_path: Path) -> None:
    fit, rng = FITS["dropout"], seeded("damage")
    wanted = fit.whole(tmp_path)
    checkpoint = copy_of(run, tmp_path)
    newest, older = sorted(tmp_path.glob("*.syn0"), reverse=True)[:2]
    content = bytearray(newest.read_bytes())
    content[rng.integers(len(content) // 2, len(content))] ^= 1 << int(rng.integers(8))
    newest.write_bytes(content)
    older.write_bytes(older.read_bytes()[:-100])
    net = fit.network()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert fit.run(net, tmp_path, checkpoint, resume=True) == wanted
    texts = [str(w.message) for w in caught]
    assert [str(path) in text for path, text in zip((newest, older), texts, strict=True)] == [1, 1]
    assert all("is damaged and left out" in text for text in texts)
    assert caught[0].filename == str(Path(__file__).with_name("broken_off.py"))
    for path in tmp_path.glob("*.syn0"):
        syn0.load(path)  # the damaged ones went, or were written anew


def test_a_byte_that_is_another_is_seen(run: Path, tmp_path: Path) -> None:
    whole, place, rng = max(run.iterdir()).read_bytes(), tmp_path / "changed", seeded("bytes")
    wanted = StoredRun.read(max(run.iterdir()))
    header = 8 + int.from_bytes(whole[:8], "little")
    for end in [header] * 30 + [len(whole)] * 30:
        content = bytearray(whole)
        content[rng.integers(end)] ^= 1 << int(rng.integers(8))
        place.write_bytes(content)
        try:
            found = StoredRun.read(place)
        except Refused:
            continue
        assert found.record == wanted.record
        assert all(np.array_equal(x, wanted.tensors[n]) for n, x in found.tensors.items())


def test_with_nothing_whole_a_run_begins(run: Path, tmp_path: Path) -> None:
    checkpoint = copy_of(run, tmp_path)
    for path in tmp_path.iterdir():
        path.write_bytes(b"")
    fit = FITS["dropout"]
    with pytest.warns(UserWarning, match="is damaged"):
        found = fit.run(fit.network(fit.seed), tmp_path, checkpoint, resume=True)
    assert found == fit.whole(tmp_path / "whole")


def test_a_checkpoint_of_a_newer_release_is_no_damage(run: Path, tmp_path: Path) -> None:
    checkpoint = copy_of(run, tmp_path)
    newest = max(tmp_path.iterdir())
    text = b'format_version\\":1'
    assert text in newest.read_bytes()
    newest.write_bytes(newest.read_bytes().replace(text, text[:-1] + b"2"))
    with pytest.raises(FileFormatError, match="pip install --upgrade syn0"):
        FITS["dropout"].run(FITS["dropout"].network(), tmp_path, checkpoint, resume=True)


def test_a_model_in_the_place_of_a_checkpoint(tmp_path: Path) -> None:
    fit = FITS["dropout"]
    net = fit.network(fit.seed)
    fit.run(net, tmp_path)
    net.save(tmp_path / "step-000000050.syn0")
    with pytest.warns(UserWarning, match="a model and no checkpoint"):
        fit.run(fit.network(fit.seed), tmp_path, syn0.Checkpoint(tmp_path), resume=True)


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    net = FITS["dropout"].network()
    with pytest.raises(FileAccessError, match=str(tmp_path / "file")):
        net.fit(X, CLASSES, callbacks=[syn0.Checkpoint(tmp_path / "file")])
    assert not net.built
