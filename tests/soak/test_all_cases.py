"""All cases of the tests of which a usual run has a sample."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_all_cases() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-m", "sampled", "tests"]
    root = Path(__file__).parents[2]
    everything = {**os.environ, "SYN0_ALL_CASES": "1"}
    subprocess.run(command, cwd=root, env=everything, check=True)
