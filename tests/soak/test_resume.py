"""The full counts for runs that are broken off: ``pytest tests/soak/test_resume.py -s``.

``SYN0_KILLS`` is how many processes are killed, 2,000 by default.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import SEED

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))

import test_checkpoint_faults
import test_checkpoints
import test_kills
from broken_off import FITS

KILLS = int(os.environ.get("SYN0_KILLS", "2000"))


@pytest.mark.parametrize("turn", range(10))
def test_killed_runs(turn: int, tmp_path: Path) -> None:
    seen = test_kills.check_kills(-(-KILLS // 10), tmp_path, SEED + turn)
    print(f"\nseed {SEED + turn}: {seen}")


@pytest.mark.parametrize("turn", range(10))
def test_every_call_that_fails(turn: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(SEED + turn)
    assert test_checkpoint_faults.check_all_faults(tmp_path, rng) > 20


@pytest.mark.filterwarnings("ignore:threads=")
@pytest.mark.parametrize("turn", range(20))
@pytest.mark.parametrize("name", FITS)
def test_splits(name: str, turn: int, tmp_path: Path) -> None:
    rng = np.random.default_rng([SEED, turn])
    test_checkpoints.check_splits(FITS[name], tmp_path, rng)
