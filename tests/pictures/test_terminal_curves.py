"""Learning curves in characters: what they show, wide or narrow, in any encoding."""

from __future__ import annotations

import math

import numpy as np
import pytest

from syn0.errors import ArgumentError, DataError, UnknownNameError
from syn0.plots import terminal_curve
from syn0.training import History

FALLING = {"loss": [1.0, 0.5, 0.25, 0.12, 0.1], "val_loss": [1.0, 0.6, 0.5, 0.6, 0.8]}


def rows_of(text: str) -> list[str]:
    """Return what stands right of the axis, from the highest row to the lowest."""
    lines = text.splitlines()
    foot = next(i for i, line in enumerate(lines) if "└" in line or "+-" in line.lstrip()[:2])
    return [line[max(line.find(c) for c in "│┤|+") + 1 :] for line in lines[1:foot]]


def test_training_is_a_line_and_validation_dots() -> None:
    text = terminal_curve(FALLING, 60, 12, encoding="utf-8")
    rows = rows_of(text)
    assert len(rows) == 8
    assert rows[0].startswith("─") or rows[0].startswith("•")
    assert rows[-1].rstrip().endswith("─")
    assert sum(row.count("•") for row in rows) > 15
    assert "─ train 0.1   • validation 0.8" in text
    assert "lowest 0.5 at epoch 3" in text
    lines = text.splitlines()
    assert lines[0] == "loss"
    assert lines[1].startswith(" 1 ") or lines[1].split()[0] == "1"
    assert lines[-3].split() == ["1", "epoch", "5"]


@pytest.mark.parametrize("width", [32, 40, 72, 200])
@pytest.mark.parametrize("epochs", [1, 2, 3, 30, 1000])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_it_keeps_its_width_and_its_alphabet(width: int, epochs: int, encoding: str) -> None:
    loss = np.exp(-np.linspace(0, 3, epochs)).tolist()
    text = terminal_curve({"loss": loss, "val_loss": loss}, width, 10, encoding=encoding)
    text.encode(encoding)
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text


def test_where_blocks_cannot_be_written_letters_stand_for_them() -> None:
    for encoding in ("ascii", "latin-1", "no such encoding"):
        text = terminal_curve({"vérité": [1.0, 0.5], **FALLING}, name="loss", encoding=encoding)
        assert text.isascii()
    text = terminal_curve({"vérité": [1.0, 0.5]}, name="vérité", encoding="ascii")
    assert text.splitlines()[0] == "v\\xe9rit\\xe9"
    assert "vérité" in terminal_curve({"vérité": [1.0, 0.5]}, name="vérité", encoding="utf-8")


def test_the_encoding_is_that_of_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dumb:
        encoding = "ascii"

    monkeypatch.setattr("sys.stdout", Dumb())
    assert terminal_curve(FALLING).isascii()


def test_what_is_not_finite_leaves_a_gap_and_is_counted() -> None:
    loss = [1.0, math.nan, 0.5, 0.4, math.inf, 0.2, 0.1]
    text = terminal_curve({"loss": loss}, 72, 12, encoding="utf-8")
    assert "2 epochs without a number" in text
    columns = list(zip(*(row.ljust(70) for row in rows_of(text)), strict=True))
    empty = [i for i, column in enumerate(columns[:60]) if not "".join(column).strip()]
    assert len(empty) > 20
    nothing = terminal_curve({"loss": [math.nan]})
    assert nothing == "loss: no finite number in 1 epoch"


def test_many_decades_get_a_logarithmic_axis() -> None:
    loss = (10.0 ** -np.linspace(0, 6, 50)).tolist()
    text = terminal_curve({"loss": loss}, 60, 11, encoding="utf-8")
    assert text.startswith("loss (logarithmic)")
    first = [next((i for i, c in enumerate(row) if c != " "), None) for row in rows_of(text)]
    steps = np.diff([x for x in first if x is not None])[1:]  # the first row is half as high
    assert len(steps) == 5 and steps.max() - steps.min() <= 1, "equal factors are equal ways"


def test_a_flat_line_and_close_numbers_are_labelled() -> None:
    flat = terminal_curve({"loss": [0.5, 0.5]}, encoding="utf-8")
    assert flat.count("0.5 ┤") == 1
    close = terminal_curve({"loss": [1797.5, 1797.0]}, encoding="utf-8")
    assert "1797.5 ┤" in close and "1797 ┤" in close


def test_a_history_knows_its_epochs_and_metrics() -> None:
    history = History(first_epoch=100)
    for value in (0.5, 0.75, 1.0):
        history.append({"loss": 1 - value, "accuracy": value})
    text = terminal_curve(history, name="accuracy", encoding="ascii")
    assert text.splitlines()[-2].split() == ["101", "epoch", "103"]
    assert "lowest" not in text, "the best epoch is that of the loss"
    assert "at epoch 103" in terminal_curve(history, encoding="ascii")


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(DataError, match=r"net\.fit"):
        terminal_curve(History())
    with pytest.raises(UnknownNameError, match="did you mean 'loss'"):
        terminal_curve(FALLING, name="los")
    with pytest.raises(ArgumentError, match="too few"):
        terminal_curve(FALLING, 10)
