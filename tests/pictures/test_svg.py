"""SVG text: escaped, well-formed, readable on light and dark, written whole or not at all."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from syn0.errors import ArgumentError, FileAccessError
from syn0.plots import Drawing
from syn0.plots.palette import BLUE, CLASSES, GREY, INK, ORANGE, PAPER
from syn0.plots.svg import element, shortened, tooltip, width_of, words

DRAWING = Drawing("<a> & 'b'", 100.0, 50.0, words("<script>alert(1)</script>", 1, 2))


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", [BLUE, ORANGE, GREY])
def test_lines_are_seen_on_light_and_on_dark_paper(colour: str) -> None:
    assert contrast(colour, "#ffffff") >= 3  # what WCAG 2.1 asks of graphics
    assert contrast(colour, "#111111") >= 3


def test_words_are_read_on_the_paper_of_a_file() -> None:
    assert contrast(INK, PAPER) >= 7
    assert contrast("#ffffff", "#ffffff") == 1, "the measure sees what cannot be read"
    assert len(set(CLASSES)) == len(CLASSES)


def test_a_drawing_is_well_formed_and_what_people_write_does_nothing() -> None:
    for text in (DRAWING.text, DRAWING.inline):
        root = ElementTree.fromstring(text.encode())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.get("aria-label") == "<a> & 'b'"
        assert not [node for node in root.iter() if node.tag.endswith("script")]
        assert [node.text for node in root.iter() if node.text][-1] == "<script>alert(1)</script>"


def test_what_xml_cannot_hold_is_replaced() -> None:
    text = element("g", tooltip("a\x00b\x1b[31m\ud800c\n"), fill="\x07")
    assert ElementTree.fromstring(text)[0].text == "a\ufffdb\ufffd[31m\ufffdc\n"


def test_a_page_gives_the_colour_and_a_file_has_paper_of_its_own() -> None:
    inline, alone = DRAWING._repr_html_(), DRAWING._repr_svg_()
    assert INK not in inline and PAPER not in inline
    assert 'fill="currentColor"' in inline
    assert f'color="{INK}"' in alone and f'fill="{PAPER}"' in alone
    assert str(DRAWING) == DRAWING.text == alone
    assert "<script" not in repr(DRAWING)


def test_long_words_lose_their_middle() -> None:
    assert shortened("x" * 100, 80, 11).count("…") == 1
    for room in (10, 30, 77, 200):
        assert width_of(shortened("name_of_a_layer" * 9, room)) <= max(room, width_of("…"))
    assert shortened("short", 500) == "short"
    assert width_of("層") > width_of("l")


@pytest.mark.parametrize("ending", [".svg", ".html", ".SVG"])
def test_it_is_saved(ending: str, tmp_path: Path) -> None:
    path = DRAWING.save(tmp_path / f"net{ending}")
    text = path.read_text(encoding="utf-8")
    assert "<svg" in text and "<script" not in text
    assert not re.search(r"(src|href|url\()", text)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(("name", "word"), [("net.png", ".svg"), ("net", ".svg")])
def test_another_ending_is_refused(name: str, word: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=word):
        DRAWING.save(tmp_path / name)
    with pytest.raises(FileAccessError, match="no folder"):
        DRAWING.save(tmp_path / "nowhere" / "net.svg")
    assert not list(tmp_path.iterdir())


def test_a_save_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.svg"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        DRAWING.save(path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["net.svg"]
