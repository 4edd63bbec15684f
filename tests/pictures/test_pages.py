"""What notebooks show: escaped, well-formed, with nothing from elsewhere, on light and dark."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import numpy as np
import pytest

import syn0
from syn0.plots import markup
from syn0.plots.inline import curves_drawing
from syn0.plots.series import best_epoch, distinct_numbers, series_of, ticks
from syn0.training import History

# What may load or run something, and elements of a page that end themselves.
LOADS = {"script", "img", "iframe", "link", "object", "embed", "foreignobject", "use", "image"}


class Reader(HTMLParser):
    """Reads a part of a page: which elements are open, which there were, and what is said."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.said: list[str] = []
        self.feed(text)
        assert not self.open, f"{self.open} are never closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def check(text: str) -> Reader:
    """Read a part of a page; it must load nothing, run nothing and set no paper."""
    page = Reader(text)
    assert not LOADS & set(page.tags)
    for name, value in page.attributes:
        assert not name.startswith("on") and name not in ("src", "href", "xlink:href")
        assert "url(" not in value and "background" not in value
        assert "://" not in value or (name, value) == ("xmlns", "http://www.w3.org/2000/svg")
        assert not (name == "style" and re.search(r"(?<![-\w])color", value))
    return page


def history(**columns: list[float]) -> History:
    found = History()
    for row in zip(*columns.values(), strict=True):
        found.append(dict(zip(columns, row, strict=True)))
    return found


def trained() -> syn0.Sequential:
    net = syn0.Sequential(
        syn0.Dense(4, "relu", name="hidden"), syn0.Dense(2, "softmax"), random_state=0
    )
    X = np.random.default_rng(0).normal(size=(30, 3))
    net.fit(X, np.arange(30) % 2, epochs=3, validation_data=0.2, verbose=0)
    return net


def test_a_network_shows_table_and_drawing() -> None:
    net = trained()
    page = check(net._repr_html_())
    assert page.tags.count("table") == page.tags.count("svg") == 1
    assert page.tags.count("circle") == 3 + 4 + 2
    assert {"hidden", "Dense · relu", "(4,) · 16 parameters"} <= set(page.said)
    assert net.plot().inline in net._repr_html_()


def test_a_network_without_shapes_shows_itself() -> None:
    page = check(syn0.Sequential(syn0.Dense(1))._repr_html_())
    assert "shape not known yet" in page.said


def test_a_history_shows_table_and_curves() -> None:
    page = check(trained().history._repr_html_())
    assert page.tags.count("svg") == page.tags.count("table") == 1
    assert page.tags.count("polyline") == 4
    assert {"train", "validation", "accuracy", "1", "3"} <= set(page.said)
    assert sum(text.startswith("epoch · best ") for text in page.said) == 2


def test_names_of_metrics_are_escaped() -> None:
    page = check(history(loss=[1.0, 0.5], **{"<script>x</script>": [1.0, 2.0]})._repr_html_())
    assert page.said.count("<script>x</script>") >= 1


def test_one_epoch_is_a_dot_and_gaps_stay_gaps() -> None:
    one = check(history(loss=[0.5], val_loss=[0.75])._repr_html_())
    assert one.tags.count("circle") == 2 and "polyline" not in one.tags
    gaps = check(history(loss=[1.0, math.nan, 0.5, 0.4, math.inf, 0.2, 0.1])._repr_html_())
    assert (gaps.tags.count("circle"), gaps.tags.count("polyline")) == (1, 2)


def test_without_a_finite_number_there_is_the_table_alone() -> None:
    for column in ([math.nan], [math.inf, math.nan], []):
        page = check(history(loss=column)._repr_html_())
        assert "svg" not in page.tags and page.tags.count("table") == 1


@pytest.mark.parametrize("epochs", [2, 240, 100_000])
def test_a_long_history_stays_a_small_page(epochs: int) -> None:
    found = History()
    found.append_several({"loss": np.exp(-np.linspace(0, 1, epochs))})
    text = found._repr_html_()
    assert len(text) < 20_000
    (line,) = re.findall(r'points="([^"]*)"', text)
    points = [tuple(map(float, point.split(","))) for point in line.split()]
    assert len(points) <= 240
    xs, ys = zip(*points, strict=True)
    assert list(xs) == sorted(xs)
    assert list(ys) == sorted(ys), "a falling loss goes down the page"


def test_every_word_of_the_curves_lies_inside() -> None:
    columns = {"loss": [1e-7, 1.0, 1e5], "a_metric_with_a_very_long_name_indeed": [1.0, 2.0, 3.0]}
    drawing = curves_drawing({**columns, "val_loss": [1.0, 2.0, 3.0]}, 99_997)
    assert drawing is not None
    root = ElementTree.fromstring(drawing.text.encode())
    said = [node.text for node in root.iter() if node.tag.endswith("text")]
    assert "99998" in said and "100000" in said
    assert any(text and text.endswith("…e_indeed") for text in said) or any(
        text and "…" in text for text in said
    )
    for node in root.iter("{http://www.w3.org/2000/svg}text"):
        assert 0 <= float(node.get("x") or -1) <= 300
        assert 0 <= float(node.get("y") or -1) <= 200


def test_at_most_six_panels_stand_in_two_rows() -> None:
    drawing = curves_drawing({name: [1.0, 2.0] for name in "abcdefgh"})
    assert drawing is not None
    assert (drawing.width, drawing.height) == (900, 400)


# ----- what all curves share --------------------------------------------------


def test_series_pair_training_with_validation() -> None:
    found = series_of({"loss": [1, 2], "val_loss": [3, math.inf], "val_only": [5, 6]})
    assert [series.name for series in found] == ["loss", "only"]
    assert [label for label, _ in found[0].curves()] == ["train", "validation"]
    assert [label for label, _ in found[1].curves()] == ["validation"]
    np.testing.assert_array_equal(found[0].finite(), [1, 2, 3])


def test_the_best_epoch_is_that_of_validation_if_there_is_one() -> None:
    assert best_epoch({"loss": [1, 2], "val_loss": [2, 1]}) == ("val_loss", 1)
    assert best_epoch({"loss": [math.nan, 1, 2]}) == ("loss", 1)
    assert best_epoch({"loss": [1, 2], "val_loss": [math.nan] * 2}) == ("loss", 0)
    assert best_epoch({"accuracy": [1, 2]}) is None


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3e-9, 2e-9), (1e6, 1e6 + 1), (0.1, 9999)])
def test_ticks_are_round_and_inside(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 2 <= len(found) <= 7
    span = high - low
    assert all(low - 1e-9 * span <= tick <= high + 1e-9 * span for tick in found)
    steps = np.diff(found)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-3)


def test_numbers_are_told_apart() -> None:
    assert distinct_numbers([0.5, 0.25]) == ["0.5", "0.25"]
    assert len(set(distinct_numbers([1e6 + 1, 1e6 + 2]))) == 2
    assert distinct_numbers([2.0, 2.0]) == ["2", "2"]


# ----- the pieces of a page ---------------------------------------------------


def test_pieces_escape_all_that_they_are_given() -> None:
    text = markup.table(["<h>"], [["<c>", 3]]) + markup.notes(["<n>"])
    page = check(markup.folded("<t>", text, is_open=False))
    assert page.said == ["<t>", "<h>", "<c>", "3", "<n>"]
    assert page.tags[0] == "details" and "open" not in dict(page.attributes)


def test_a_page_that_loads_something_is_caught() -> None:
    for text in (
        "<script></script>", '<p style="background:#fff"></p>', '<a href="x"></a>',
        '<p style="color:red"></p>', "<p onclick='x'></p>", "<b><i></b></i>", "<p>",
    ):  # fmt: skip
        with pytest.raises(AssertionError):
            check(text)
