"""The table of a network's layers, for a terminal; for a notebook with its drawing."""

from __future__ import annotations

import math

from syn0.graph import format_shape
from syn0.losses import missing_activation
from syn0.plots import markup
from syn0.plots.network import draw_network
from syn0.stateful import StatefulNetwork
from syn0.steps import Task

HEAD = ("layer", "kind", "output", "parameters")


def _rows(model: StatefulNetwork) -> list[tuple[str, str, str, str]]:
    rows = []
    for name, layer in model.layers.items():
        shape = number = "?"
        if model.layout is not None:
            entries = model.entries_of(name).values()
            count = sum(math.prod(e.shape) for e in entries if e.role == "parameter")
            shape, number = format_shape(model.layout.shapes[name]), f"{count:,}"
        frozen = " (frozen)" if name in model.frozen else ""
        kind = getattr(layer, "kind", type(layer).__name__)
        rows.append((name, kind, shape, number + frozen))
    return rows


def _notes(model: StatefulNetwork, task: Task | None) -> list[str]:
    if not model.built:
        return ["shapes are set by build(shape) or by the first fit"]
    trainable = set(model.trainable())
    entries = [e for e in model.entries() if e.role == "parameter"]
    total = sum(math.prod(e.shape) for e in entries)
    learned = sum(math.prod(e.shape) for e in entries if e.name in trainable)
    notes = [f"{total:,} parameters, {learned:,} of them trainable, {model.dtype}"]
    if task is not None:
        outputs = model.trace().outputs
        for loss, (name, y) in zip(task.losses, outputs.items(), strict=True):
            wanted = missing_activation(loss, y)
            if wanted:
                notes.append(
                    f"{name}: the loss takes the output as logits; predict returns logits, "
                    f"{wanted} of them are probabilities"
                )
    return notes


def summary_text(model: StatefulNetwork, task: Task | None) -> str:
    """Return the table as plain text."""
    rows = [HEAD, *_rows(model)]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = [
        f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:<{widths[2]}}  {d:>{widths[3]}}"
        for a, b, c, d in rows
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    shape = f"input {format_shape(model.input_shape)}" if model.built else "input ?"  # type: ignore[arg-type]
    if len(model.input_names) > 1 and model.built:
        shapes = zip(model.input_names, model.input_shape, strict=True)
        shape = "inputs " + ", ".join(f"{n} {format_shape(s)}" for n, s in shapes)  # type: ignore[arg-type]
    return "\n".join([shape, *lines, *_notes(model, task)])


def summary_html(model: StatefulNetwork, task: Task | None) -> str:
    """Return the table, and below it the drawing, for a notebook."""
    table = markup.table(HEAD, _rows(model)) + markup.notes(_notes(model, task))
    drawing = draw_network(model)
    return table + markup.folded(drawing.title, markup.picture(drawing))
