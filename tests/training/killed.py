"""Processes that fit and are killed at random instants; run as a script of its own.

The parent imports and compiles once, and forks. Each child goes on with the run in the folder
and tells through a pipe which checkpoints it holds for written.
"""

from __future__ import annotations

import json
import os
import random
import select
import shutil
import signal
import struct
import time
from pathlib import Path
from typing import Any

from broken_off import CLASSES, VALUES, Fit, X

import syn0
from syn0.files.folder import CheckpointFolder, updates_of
from syn0.files.stored_run import StoredRun

_NUMBER = struct.Struct("<q")


def _callbacks(folder: Path) -> list[Any]:
    return [syn0.EarlyStopping(patience=4), syn0.CSVLogger(folder / "history.csv")]


# Small, so that a child lives for the time of many checkpoints and little else.
FITS = {
    "dropout": Fit(
        lambda: (syn0.Dense(12, "relu"), syn0.Dropout(0.2), syn0.Dense(2, "softmax")),
        CLASSES,
        {"epochs": 6, "validation_data": 0.2},
        _callbacks,
    ),
    "schedule": Fit(
        lambda: (syn0.Normalization(), syn0.Dense(7, "tanh"), syn0.Dense(2)),
        VALUES,
        {"epochs": 8, "optimizer": syn0.SGD(syn0.CosineDecay(0.05, 80), momentum=0.9)},
    ),
    "chunks": Fit(
        lambda: (syn0.Dense(6, "gelu"), syn0.BatchNormalization(), syn0.Dense(2, "softmax")),
        options={"epochs": 6, "optimizer": syn0.Muon()},
        data=lambda folder: ([(X[:30], CLASSES[:30]), (X[30:], CLASSES[30:])],),
    ),
}


def _child(fit: Fit, folder: Path, rng: random.Random, told: int, ended: int) -> None:
    write = CheckpointFolder.write

    def telling(self: Any, updates: int, *rest: Any) -> None:
        write(self, updates, *rest)
        os.write(told, _NUMBER.pack(updates))

    if told >= 0:
        CheckpointFolder.write = telling  # type: ignore[method-assign]
    unit, every = rng.choice([("step", 1), ("step", 3), ("epoch", 1)])
    begun = bool(CheckpointFolder(folder, None).paths())
    found = fit.run(
        fit.network(None if begun else fit.seed),
        folder,
        syn0.Checkpoint(folder, every, unit, keep=rng.choice([1, 2, None])),
        threads=rng.randint(1, 3),
        resume=True,
    )
    if ended >= 0:
        os.write(ended, found.encode())


def _run_child(fit: Fit, folder: Path, rng: random.Random) -> tuple[int, str]:
    """Let a child go on; return what it last held for written, and the digest if it ended."""
    from_start = rng.random() < 0.2
    told, ended = os.pipe(), os.pipe()
    fate = random.Random(rng.random())
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _child(fit, folder, fate, told[1], ended[1])
            code = 0
        finally:
            os._exit(code)
    os.close(told[1])
    os.close(ended[1])
    if not from_start:
        select.select([told[0]], [], [], 30.0)  # until it has written something, or ended
    time.sleep(rng.uniform(0.0, 0.2 if from_start else 0.06))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "a child failed"
    with os.fdopen(told[0], "rb") as file:
        numbers = file.read()
    with os.fdopen(ended[0], "rb") as file:
        digest = file.read().decode()
    last = _NUMBER.unpack(numbers[-_NUMBER.size :])[0] if numbers else 0
    return last, digest


def parent(count: int, seed: int, folder: Path) -> None:
    """Kill so many children; print what was seen as JSON."""
    rng = random.Random(seed)
    wanted = {}
    names = [*FITS] if count >= 20 else rng.sample([*FITS], 1)
    for name in names:
        fit = FITS[name]
        wanted[name] = fit.run(fit.network(fit.seed), folder / f"whole-{name}", threads=1)
        _child(fit, folder / f"warm-{name}", random.Random(1), -1, -1)
    seen = {"kills": 0, "runs": 0, "in a write": 0, "most kills of a run": 0}
    while seen["kills"] < count:
        name = rng.choice(names)
        place, kills, kept = folder / f"run-{seen['runs']}", 0, 0
        while True:
            last, digest = _run_child(FITS[name], place, rng)
            kept = max(kept, last)
            if digest:
                assert digest == wanted[name], (name, seen)
                break
            kills += 1
            paths = CheckpointFolder(place, None).paths()
            assert (updates_of(paths[0]) if paths else 0) >= kept, "a checkpoint was lost"
            for path in paths:
                StoredRun.read(path)
            seen["in a write"] += any(p.suffix == ".tmp" for p in place.glob(".*"))
        seen["kills"] += kills
        seen["runs"] += 1
        seen["most kills of a run"] = max(seen["most kills of a run"], kills)
        for log in place.glob("history.csv"):
            assert log.read_bytes() == (folder / f"whole-{name}" / log.name).read_bytes()
        shutil.rmtree(place)
    print(json.dumps(seen))
