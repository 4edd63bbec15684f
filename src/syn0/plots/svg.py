"""Pictures as SVG text of our own: elements, escaped words, and the drawing as a whole."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from syn0.errors import ArgumentError
from syn0.files.atomic import write_atomically
from syn0.plots.palette import INK, PAPER

FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
# What XML cannot hold, even escaped: control characters and halves of surrogates.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def escape(text: object) -> str:
    """Return a text as it may stand between tags and inside of quotes.

    Examples
    --------
    >>> escape("<b> & 'c'")
    '&lt;b&gt; &amp; &#x27;c&#x27;'
    """
    return html.escape(_NOT_XML.sub("\ufffd", str(text)))


def element(tag: str, *children: str, **attributes: object) -> str:
    """Return an element around others; ``stroke_width`` becomes ``stroke-width``.

    Examples
    --------
    >>> element("g", element("circle", r=2.50), fill="<red>")
    '<g fill="&lt;red&gt;"><circle r="2.5"/></g>'
    """
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    inside = "".join(children)
    return f"<{tag}{given}>{inside}</{tag}>" if inside else f"<{tag}{given}/>"


def words(text: object, x: float, y: float, *, size: float = 11, **attributes: object) -> str:
    """Return a line of text."""
    given = {"fill": "currentColor", **attributes}
    return element("text", escape(text), x=x, y=y, font_size=size, **given)


def tooltip(text: object) -> str:
    """Return what is shown when the pointer rests on the element around it."""
    return element("title", escape(text))


def _value(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else escape(value)


# ----- the room that words take ---------------------------------------------


def width_of(text: str, size: float = 11) -> float:
    """Return about how wide a text is in pixels; fonts differ, so it is a little too much."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return size * (0.6 * (len(text) - wide) + 1.05 * wide)


def shortened(text: str, room: float, size: float = 11) -> str:
    """Return a text that fits, its middle left out where it is too long.

    Examples
    --------
    >>> shortened("hidden", 100), shortened("a_layer_with_a_very_long_name_2", 100)
    ('hidden', 'a_layer…_name_2')
    """
    if width_of(text, size) <= room:
        return text
    kept = len(text)
    while kept > 1:
        kept -= 1
        head = kept // 2
        found = f"{text[:head]}…{text[len(text) - (kept - head) :]}"
        if width_of(found, size) <= room:
            return found
    return "…"


# ----- a drawing ------------------------------------------------------------


@dataclass(frozen=True)
class Drawing:
    """A picture made of SVG; a notebook shows it, and `save` writes it into a file.

    It holds no script and nothing from elsewhere. In a page it takes the colour of the text
    around it, so that it is read on light and on dark; in a file it has paper of its own.

    Attributes
    ----------
    title : str
        What it shows, for those who hear pages instead of seeing them.
    width, height : float
        In pixels.
    body : str
        The elements.
    """

    title: str
    width: float
    height: float
    body: str = field(repr=False)

    @property
    def text(self) -> str:
        """The picture as an SVG file."""
        paper = element("rect", width="100%", height="100%", fill=PAPER)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + self._svg(paper, color=INK) + "\n"

    def __str__(self) -> str:
        return self.text

    def _repr_svg_(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.inline

    @property
    def inline(self) -> str:
        """The picture as a part of a page."""
        return self._svg("", style="max-width:100%;height:auto")

    def save(self, path: str | Path) -> Path:
        """Write the picture into a file, which appears whole or not at all.

        Parameters
        ----------
        path : str or Path
            A name that ends in ``.svg``; or in ``.html`` for a page that holds it.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ArgumentError
            If the name ends otherwise.
        FileAccessError
            If there is no such folder, or no room in it.
        """
        place = Path(path)
        kind = place.suffix.lower()
        if kind not in (".svg", ".html"):
            raise ArgumentError(
                f"a drawing cannot be written as {place.name!r}.",
                where="save(path)",
                expected="a name that ends in .svg or .html",
            )
        page = (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            f"<title>{escape(self.title)}</title></head>\n"
            f'<body style="color:{INK};background:{PAPER}">{self.inline}</body></html>\n'
        )
        write_atomically(place, (self.text if kind == ".svg" else page).encode())
        return place

    def _svg(self, paper: str, **attributes: object) -> str:
        return element(
            "svg", paper, self.body,
            xmlns="http://www.w3.org/2000/svg", width=self.width, height=self.height,
            viewBox=f"0 0 {_value(self.width)} {_value(self.height)}",
            font_family=FONT, role="img", aria_label=self.title, **attributes,
        )  # fmt: skip
