"""Places of boxes: apart, below what they read, with few crossings, for any graph."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syn0.plots.ranks import Places, _spread, place

SIZE = (100.0, 40.0)
GAP = (20.0, 30.0)


def placed(count: int, *edges: tuple[int, int]) -> Places:
    return place([SIZE] * count, edges, GAP)


def test_a_chain_stands_in_one_line() -> None:
    places = placed(3, (0, 1), (1, 2))
    assert places.centres == [(50, 20), (50, 90), (50, 160)]
    assert (places.width, places.height) == (100, 180)
    assert set(map(tuple, places.bends.values())) == {()}


def test_a_diamond_is_symmetric() -> None:
    places = placed(4, (0, 1), (0, 2), (1, 3), (2, 3))
    (top, left, right, end) = places.centres
    assert right[0] - left[0] == pytest.approx(120)
    assert top[0] == pytest.approx(end[0]) == pytest.approx((left[0] + right[0]) / 2)


def test_a_long_connection_bends_around_what_stands_between() -> None:
    places = placed(3, (0, 1), (1, 2), (0, 2))
    ((x, top, bottom),) = places.bends[0, 2]
    assert abs(x - places.centres[1][0]) >= SIZE[0] / 2
    assert (top, bottom) == (70, 110)
    assert 0 <= x <= places.width


def test_branches_are_untangled() -> None:
    # Two chains that would cross if boxes stood in the order of their numbers.
    places = placed(6, (0, 3), (1, 2), (2, 4), (3, 5))
    xs = [x for x, _ in places.centres]
    assert (xs[0] < xs[1]) == (xs[3] < xs[2]) == (xs[5] < xs[4])


def test_an_input_stands_right_above_its_reader() -> None:
    places = placed(5, (0, 1), (1, 2), (2, 4), (3, 4))
    assert places.centres[3][1] == places.centres[2][1]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    count = draw(st.integers(1, 14))
    pairs = [(i, j) for j in range(count) for i in range(j)]
    edges = draw(st.lists(st.sampled_from(pairs), max_size=24)) if pairs else []
    return count, edges


@given(graphs(), st.integers(0, 2**32 - 1))
def test_any_graph_has_places(graph: tuple[int, list[tuple[int, int]]], seed: int) -> None:
    count, edges = graph
    rng = np.random.default_rng(seed)
    sizes = [(float(w), float(h)) for w, h in rng.integers(20, 200, (count, 2))]
    places = place(sizes, edges, GAP)
    spans = [
        (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        for (x, y), (w, h) in zip(places.centres, sizes, strict=True)
    ]
    for one, other in combinations(spans, 2):
        beside = one[2] <= other[0] + 1e-6 or other[2] <= one[0] + 1e-6
        assert beside or one[3] <= other[1] + 1e-6 or other[3] <= one[1] + 1e-6
    assert all(left >= -1e-6 and right <= places.width + 1e-6 for left, _, right, _ in spans)
    for source, target in edges:
        assert spans[source][3] < spans[target][1]
        for x, top, bottom in places.bends[source, target]:
            assert spans[source][3] < top <= bottom < spans[target][1]
            for left, high, right, low in spans:
                assert not (high < bottom and top < low and left < x < right)


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0, 9)), min_size=1, max_size=9))
def test_numbers_are_spread_by_the_least_that_is_needed(given_: list[tuple[float, float]]) -> None:
    wanted, apart = [w for w, _ in given_], [a for _, a in given_[1:]]
    found = _spread(wanted, apart)
    steps = np.diff(found)
    assert (steps >= np.array(apart) - 1e-9).all()

    def cost(xs: list[float]) -> float:
        return float(np.sum((np.array(xs) - wanted) ** 2))

    for i in range(len(found)):
        for push in (-1e-3, 1e-3):
            moved = list(found)
            moved[i] += push
            if (np.diff(moved) >= np.array(apart)).all():
                assert cost(moved) >= cost(found) - 1e-9
