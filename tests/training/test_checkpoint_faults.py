"""Whatever call fails while a checkpoint is written: clear words, whole files, intact numbers."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from broken_off import FITS
from conftest import seeded

import syn0
from syn0.errors import FileAccessError
from syn0.files.folder import CheckpointFolder
from syn0.files.stored_run import StoredRun
from syn0.training import Callback
from syn0.training.events import Event, FitStarted, Paused
from syn0.training.run import Run

FIT = FITS["dropout"]
CALLS = ("open", "write", "fsync", "replace", "close", "unlink", "scandir", "fchmod")
NUMBERS = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.EROFS, errno.EACCES)
SHORT: dict[str, Any] = {"epochs": 2, "batch_size": 20}


class Faults:
    """Lets system calls fail while checkpoints are written.

    Parameters
    ----------
    first : int
        The number of the first call that fails; -1 lets none fail.
    lasting : bool
        Whether all that follow fail too.
    """

    def __init__(self, first: int, *, lasting: bool, number: int) -> None:
        self.first, self.lasting, self.number = first, lasting, number
        self.calls, self.failed, self.active = 0, 0, False

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write = CheckpointFolder.write

        def watched(folder: CheckpointFolder, *arguments: Any) -> None:
            self.active = True
            try:
                write(folder, *arguments)
            finally:
                self.active = False

        monkeypatch.setattr(CheckpointFolder, "write", watched)
        for name in CALLS:
            monkeypatch.setattr(os, name, self._failing(name, getattr(os, name)))

    def _failing(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def failing(*arguments: Any, **options: Any) -> Any:
            if not self.active:
                return call(*arguments, **options)
            fails = self.calls == self.first or (self.lasting and 0 <= self.first < self.calls)
            self.calls += 1
            if not fails:
                return call(*arguments, **options)
            self.failed += 1
            if name == "close":  # Linux closes in any case
                call(*arguments, **options)
            raise OSError(self.number, os.strerror(self.number))

        return failing


class Numbers(Callback):
    """Keeps the parameters after each step."""

    hears_pauses = True

    def __init__(self) -> None:
        self.after: dict[int, dict[str, Any]] = {}

    def steps_ahead(self, run: Run) -> float:
        return 1

    def receive(self, event: Event, run: Run) -> None:
        if isinstance(event, (Paused, FitStarted)):
            self.after[run.step] = {k: np.array(v) for k, v in run.state.items()}


def fitted(folder: Path, *more: Callback, **options: Any) -> tuple[Any, str]:
    net = FIT.network(FIT.seed)
    return net, FIT.run(net, folder, *more, **{**SHORT, **options})


def check_fault(
    first: int, lasting: bool, number: int, folder: Path, steps: Numbers, wanted: str
) -> bool:
    """Let one call fail; return whether there was such a call."""
    net, faults = FIT.network(FIT.seed), Faults(first, lasting=lasting, number=number)
    checkpoint, seen = syn0.Checkpoint(folder, 3, "step", keep=2), Numbers()
    with pytest.MonkeyPatch.context() as patch:
        faults.install(patch)
        try:
            FIT.run(net, folder, checkpoint, seen, **SHORT)
        except FileAccessError as error:
            caught = error
        else:
            assert not faults.failed
            return False
    assert faults.failed
    assert caught.errno == number
    assert str(folder) in str(caught)
    assert os.strerror(number) in str(caught)
    # The network holds the last full step, and every file is whole.
    done = max(seen.after)
    for name, value in steps.after[done].items():
        if name != "step":
            np.testing.assert_array_equal(net.numbers[name], value)
    paths = CheckpointFolder(folder, None).paths()
    for path in paths:
        StoredRun.read(path)
        syn0.load(path)
    assert done <= 3 or paths
    assert fitted(folder, checkpoint, resume=True)[1] == wanted
    leftovers = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    assert not leftovers
    return True


def check_all_faults(folder: Path, rng: np.random.Generator, every: int = 1) -> int:
    """Let the first, second, ... call fail, until a run has no more; return how many there were."""
    steps = Numbers()
    _, wanted = fitted(folder / "whole", steps)
    first = int(rng.integers(every))
    while True:
        lasting, number = bool(rng.integers(2)), int(rng.choice(NUMBERS))
        if not check_fault(first, lasting, number, folder / f"run-{first}", steps, wanted):
            return first
        first += every


def test_each_call_that_fails(tmp_path: Path) -> None:
    assert check_all_faults(tmp_path, seeded("faults"), every=10) > 20


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount")
def test_a_disk_that_is_full_or_read_only(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        folder = tmp_path / "run"
        every = syn0.Checkpoint(folder, 1, "step", keep=None)
        net = FIT.network(FIT.seed)
        with pytest.raises(FileAccessError, match="No space left") as caught:
            FIT.run(net, folder, every)
        assert str(folder) in str(caught.value)
        paths = CheckpointFolder(folder, None).paths()
        for path in paths:
            StoredRun.read(path)
        for path in paths[2:]:
            path.unlink()
        few = syn0.Checkpoint(folder, 1, "step", keep=2)
        wanted = FIT.run(FIT.network(FIT.seed), tmp_path)
        assert FIT.run(net, folder, few, resume=True) == wanted
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path)], check=True)
        with pytest.raises(FileAccessError, match="cannot be written"):
            FIT.run(FIT.network(), folder, few, resume=True, epochs=9)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_fit_can_go_on_without_its_checkpoints(tmp_path: Path) -> None:
    net, faults = FIT.network(FIT.seed), Faults(3, lasting=True, number=errno.ENOSPC)
    with pytest.MonkeyPatch.context() as patch:
        faults.install(patch)
        with pytest.raises(FileAccessError, match="No space left"):
            FIT.run(net, tmp_path, syn0.Checkpoint(tmp_path))
    assert net.history.epochs == 1
    FIT.run(net, tmp_path, epochs=4)
    whole = FIT.network(FIT.seed)
    FIT.run(whole, tmp_path)
    np.testing.assert_array_equal(net.predict(np.ones((1, 6))), whole.predict(np.ones((1, 6))))
