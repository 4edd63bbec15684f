"""`syn0 tour`: each network beats its baseline on real data, by the Python that is printed."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from rich.console import Console

from syn0 import tour
from syn0.lab.page import Page

STOPS = {stop.run.__name__: stop for stop in tour.STOPS}


@pytest.fixture(scope="module")
def seen() -> tuple[dict[str, float], str]:
    stream = io.StringIO()
    scores = tour.show(Page(Console(file=stream, width=100, highlight=False, markup=False)))
    return scores, " ".join(stream.getvalue().split())


def score(seen: tuple[dict[str, float], str], name: str) -> float:
    return seen[0][STOPS[name].title]


def test_the_lesson_is_learned(seen: tuple[dict[str, float], str]) -> None:
    baselines = STOPS["learn_lesson"].baselines()
    assert score(seen, "learn_lesson") == 1.0
    assert max(baselines.values()) < 1.0


def test_breast_cancer(seen: tuple[dict[str, float], str]) -> None:
    assert score(seen, "diagnose_tumours") >= 0.97
    assert STOPS["diagnose_tumours"].baselines()["always the more frequent answer"] < 0.7


def test_digits(seen: tuple[dict[str, float], str]) -> None:
    assert score(seen, "read_digits") >= 0.97
    assert score(seen, "read_digits") > max(STOPS["read_digits"].baselines().values())


def test_digits_by_convolution(seen: tuple[dict[str, float], str]) -> None:
    found = score(seen, "see_digits")
    assert found >= 0.985 and found > score(seen, "read_digits")
    assert found >= max(STOPS["see_digits"].baselines().values())


def test_every_stop_shows_score_baselines_and_python(seen: tuple[dict[str, float], str]) -> None:
    scores, text = seen
    for stop in tour.STOPS:
        assert stop.title in text
        assert " ".join(stop.code.split()) in text
        assert f"{100 * scores[stop.title]:.1f} %" in text
        assert "baseline" not in stop.code
        for name in stop.baselines():
            assert name in text


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", STOPS)
def test_the_python_that_is_printed_gives_the_score(
    name: str, seen: tuple[dict[str, float], str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", STOPS[name].code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == score(seen, name)
