"""Reading checkpoints: each is whole, or it is left out for the one before."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import FileAccessError, FileFormatError
from syn0.files import records
from syn0.files.container import read_container, read_tensors
from syn0.files.envelope import read_model
from syn0.files.folder import CheckpointFolder
from syn0.files.refusal import Refused, TooNew, short
from syn0.program import Entry, State
from syn0.tracing import SEED, STEP
from syn0.training.history import History
from syn0.training.record import Place

Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class StoredRun:
    """A checkpoint that was read, whole: each number has the checksum written with it."""

    path: Path
    record: records.Model
    run: records.Run
    tensors: Tensors

    @classmethod
    def read(cls, path: Path) -> StoredRun:
        """Return the run in a file.

        Raises
        ------
        Refused
            If the file is damaged, or no checkpoint.
        """
        container = read_container(path)
        record = read_model(container.text)
        if record.run is None:
            raise Refused("it is a model and no checkpoint.")
        if set(record.checksums) != set(container.spans):
            raise Refused("its tensors and its checksums differ.")
        tensors = dict(read_tensors(container, [*container.spans], record.checksums))
        found = cls(path, record, record.run, tensors)
        found._check()
        return found

    def _check(self) -> None:
        """Refuse what does not hold together."""
        history, run = self.record.history, self.run
        columns = [self._tensor(f"history/{key}") for key in history.keys]
        columns_fit = all(
            x.shape == (history.epochs,) and x.dtype == np.float64 for x in columns
        ) and (bool(columns) or not history.epochs)
        totals = [self._tensor(f"total/{name}") for name in run.totals]
        if self._tensor("state/step").shape != ():
            raise Refused("its number of steps is none.")
        totals_fit = all(x.shape == () and x.dtype == np.float64 for x in totals)
        placed = run.first_epoch <= run.epochs == history.epochs
        if not (columns_fit and totals_fit and placed and bool(totals) == bool(run.steps)):
            raise Refused("its history and its place do not fit together.")
        self.memories()

    def _tensor(self, name: str) -> NDArray[Any]:
        if name not in self.tensors:
            raise Refused(f"the tensor {short(name)} is missing.")
        return self.tensors[name]

    @property
    def place(self) -> Place:
        """Where to go on."""
        totals = {name: float(self.tensors[f"total/{name}"]) for name in self.run.totals}
        run, updates = self.run, int(self.tensors["state/step"])
        return Place(run.epochs, run.steps, totals, run.first_epoch, updates)

    def history(self, epochs: slice, first_epoch: int) -> History:
        """Return a part of the history."""
        found = History(first_epoch)
        columns = {k: self.tensors[f"history/{k}"][epochs] for k in self.record.history.keys}
        if columns and len(next(iter(columns.values()))):
            found.append_several(columns)
        return found

    def memories(self) -> list[tuple[str, Tensors]]:
        """Return what callbacks remember, and which they are."""
        return [
            (m.callback, {name: self._tensor(f"callback/{i}/{name}") for name in m.arrays})
            for i, m in enumerate(self.run.callbacks)
        ]

    def state(self, declared: Sequence[Entry], optional: Sequence[Entry]) -> State:
        """Return the numbers for a network, which must be those that it has.

        Parameters
        ----------
        declared, optional : sequence of Entry
            What the network declares, and what its optimizers may have besides.

        Raises
        ------
        Refused
            If they are not.
        """
        must = {e.name: e for e in (*declared, SEED, STEP)}
        may = {e.name: e for e in optional} | must
        found = {
            name.removeprefix("state/"): array
            for name, array in self.tensors.items()
            if name.startswith("state/")
        }
        if not must.keys() <= found.keys() <= may.keys():
            odd = min((must.keys() - found.keys()) | (found.keys() - may.keys()))
            raise Refused(f"the tensor state/{short(odd)} is missing, or belongs to nothing.")
        for name, array in found.items():
            kind = tuple(int(d) for d in may[name].shape), may[name].dtype
            if (array.shape, array.dtype.name) != kind:
                raise Refused(f"{name} has the shape {array.shape} and the dtype {array.dtype}.")
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise Refused(f"{name} holds numbers that are not finite.")
        if int(found[SEED.name]) != self.record.seed or int(found[STEP.name]) < 0:
            raise Refused("its seed or its number of steps is not what it may be.")
        return found


def newest(folder: CheckpointFolder) -> tuple[StoredRun | None, list[Path]]:
    """Return the newest whole checkpoint of a folder, and newer ones that are damaged."""
    damaged: list[Path] = []
    for path in folder.paths():
        try:
            return StoredRun.read(path), damaged
        except TooNew as error:
            raise unusable(path, error) from None
        except Refused as error:
            damaged.append(path)
            warnings.warn(
                f"{path} is damaged and left out: {error.what}", UserWarning, stacklevel=7
            )
        except OSError as error:
            found = FileAccessError(f"{path} cannot be read: {error.strerror or error}.")
            found.errno = error.errno
            raise found from error
    return None, damaged


def unusable(path: Path, error: Refused) -> FileFormatError:
    """Return the error for a run that is there and cannot be continued."""
    return FileFormatError(
        f"{path} cannot be resumed: {error.what}",
        where=error.where,
        expected=error.expected,
        mend=error.mend,
    )
