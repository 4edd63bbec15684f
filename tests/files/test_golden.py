"""Files that were written once, by each version of the format, and must always load."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import wares
import write_golden

import syn0
from syn0.files.records import FORMAT_VERSION

FILES = sorted(write_golden.FOLDER.glob("*.syn0"))


def test_this_version_has_its_files() -> None:
    kinds = ("classes", "layers", "functions", "wired", "checkpoint")
    assert {f"v{FORMAT_VERSION}-{kind}.syn0" for kind in kinds} <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_file_gives_what_it_gave(path: Path) -> None:
    told = json.loads(path.with_suffix(".json").read_text())
    net = syn0.load(path)
    assert wares.digest(net) == told["numbers"]
    assert {key: list(column) for key, column in net.history.items()} == told["history"]
    found = net.predict(np.array(told["x"]))
    by_name = found if isinstance(found, dict) else {"": found}
    for key, wanted in told["predictions"].items():
        # To rounding: another engine or processor may run this test.
        tolerance = 1e-5 if net.dtype == "float32" else 1e-12
        np.testing.assert_allclose(by_name[key], wanted, rtol=tolerance, atol=tolerance)
    name = path.stem.split("-", 1)[1]
    before = net.history.epochs
    net.fit(wares.X, write_golden.target(name), epochs=2, verbose=0)
    assert net.history.epochs == before + 2
    assert np.isfinite(net.history["loss"]).all()
