"""Write the golden files of this version of the format: ``python tests/files/write_golden.py``.

A released golden file is never written again: later releases must load it as it is.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import wares

import syn0
from syn0.files.records import FORMAT_VERSION

FOLDER = Path(__file__).parent / "golden"


def networks() -> dict[str, Any]:
    """Return small networks, each fitted a little, by name."""
    classes = syn0.Sequential(
        syn0.Normalization(),
        syn0.Dense(6, "relu", name="hidden", kernel_penalty="l2"),
        syn0.BatchNormalization(),
        syn0.Dropout(0.1),
        syn0.Dense(3, "softmax", name="output"),
        random_state=0,
    )
    classes.fit(wares.X, wares.CLASSES, validation_data=0.2, **wares.OPTIONS)
    found = {"classes": classes}
    for name in ("layers", "functions", "wired"):
        case = wares.OWN[name]
        found[name] = case.make("float64" if name == "wired" else "float32")
        case.fit(found[name], **case.options)
    return found


def checkpoint(place: Path) -> Any:
    """Write a checkpoint from the middle of an epoch, and return its network."""
    net = syn0.Sequential(
        syn0.Dense(6, "relu", name="hidden"), syn0.Dense(3, "softmax", name="output"),
        random_state=0,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        kept = syn0.Checkpoint(folder, every=10, unit="step", keep=None)
        stop = syn0.EarlyStopping(patience=5)
        options = {**wares.OPTIONS, "validation_data": 0.2}
        net.fit(wares.X, wares.CLASSES, callbacks=[stop, kept], **options)
        shutil.copy(Path(folder) / "step-000000010.syn0", place)
    return syn0.load(place)


def target(name: str) -> Any:
    """Return what the network of a golden file learned."""
    return wares.CLASSES if name in ("classes", "checkpoint") else wares.OWN[name].y


def main() -> None:
    for name, net in {**networks(), "checkpoint": None}.items():
        place = FOLDER / f"v{FORMAT_VERSION}-{name}.syn0"
        if place.exists():
            print(f"{place} is there already; a golden file is written once")
            continue
        if net is None:
            net = checkpoint(place)
        else:
            net.save(place)
        found = net.predict(wares.X[:5])
        by_name = found if isinstance(found, dict) else {"": found}
        told = {
            "x": wares.X[:5].tolist(),
            "predictions": {key: np.asarray(v, float).tolist() for key, v in by_name.items()},
            "numbers": wares.digest(net),
            "history": {key: list(column) for key, column in net.history.items()},
        }
        place.with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
