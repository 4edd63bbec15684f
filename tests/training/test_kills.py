"""kill -9 at random instants: nothing that was written is lost, and the run ends as it would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import SEED

TESTS = Path(__file__).parents[1]


def check_kills(count: int, folder: Path, seed: int) -> dict[str, int]:
    """Kill fits again and again; return what was seen."""
    script = f"""
import sys
from pathlib import Path
sys.path[:0] = {[str(TESTS), str(TESTS / "training")]!r}
import killed
killed.parent({count}, {seed}, Path({str(folder)!r}))
"""
    command = [sys.executable, "-W", "ignore:threads=", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 + 5 * count)
    assert done.returncode == 0, (seed, done.stdout, done.stderr)
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_killed_run_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    assert check_kills(6, tmp_path, SEED)["kills"] >= 6
