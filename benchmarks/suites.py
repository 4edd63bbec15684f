"""All workloads, by the tables that they are lines of."""

from __future__ import annotations

from benchmarks.dense import DENSE
from benchmarks.images import IMAGES

SUITES = {"dense": DENSE, "images": IMAGES}
BY_NAME = {workload.name: workload for suite in SUITES.values() for workload in suite}
