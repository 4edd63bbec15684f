"""Each verdict comes on a planted fault, is gone once that is mended, and never comes unasked."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from faults import FAULTS, Fault
from healthy import RUNS, Healthy

from syn0.diagnosis import KINDS

DECISION = Path(__file__).parents[2] / "docs" / "decisions" / "0008-verdicts.md"


@pytest.mark.sampled(9)
@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_a_planted_fault_is_found_where_it_is(fault: Fault) -> None:
    net, X, y = fault.run()
    (found,) = [v for v in net.diagnose(X, y) if (v.kind, v.layer) == (fault.kind, fault.layer)]
    kind = KINDS[fault.kind]
    assert (found.threshold, found.source) == (kind.threshold, kind.source)
    assert found.number > kind.threshold if kind.above else found.number < kind.threshold


@pytest.mark.sampled(9)
@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_it_is_gone_after_the_advised_change(fault: Fault) -> None:
    net, X, y = fault.run(mended=True)
    assert fault.kind not in [verdict.kind for verdict in net.diagnose(X, y)]


def test_every_kind_is_planted_once_at_least() -> None:
    assert {fault.kind for fault in FAULTS} == set(KINDS)


def check_healthy(run: Healthy, seed: int) -> None:
    net, X, y = run.run(seed)
    report = net.diagnose(X, y)
    assert list(report) == [], f"seed {seed}\n{report}"


@pytest.mark.sampled(8)
@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_a_healthy_training_is_left_in_peace(run: Healthy) -> None:
    check_healthy(run, seed=0)


def test_the_healthy_are_twenty_and_learn() -> None:
    assert len(RUNS) >= 20
    for run in RUNS[::6]:
        losses = run.run(0)[0].history["loss"]
        assert np.isfinite(losses).all()
        assert losses[-1] < 0.5 * losses[0], run.name


def test_the_table_of_the_decision_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (above|below) ([\d.e-]+) \|.*\| ([^|]+) \|$",
                      DECISION.read_text(encoding="utf-8"), re.MULTILINE)  # fmt: skip
    told = {name: (sense == "above", float(limit), source) for name, sense, limit, source in rows}
    assert told == {name: (k.above, k.threshold, k.source) for name, k in KINDS.items()}
