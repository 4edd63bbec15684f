"""The table of a network's layers, for a terminal and for a notebook."""

from __future__ import annotations

import html
import math

from syn0.graph import format_shape
from syn0.losses import scores_before
from syn0.stateful import StatefulNetwork
from syn0.steps import Task

# The losses that take scores, and the function that makes probabilities of them.
_LOGITS_OF = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid", "focal": "softmax"}
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
            wanted = _LOGITS_OF.get(getattr(loss, "name", ""))
            if y.shape[-1:] == (1,):
                wanted = wanted and "sigmoid"
            if wanted and scores_before(wanted, y) is y:
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
    """Return the table for a notebook."""
    head = "".join(f"<th>{title}</th>" for title in HEAD)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in _rows(model)
    )
    notes = "".join(f"<div>{html.escape(note)}</div>" for note in _notes(model, task))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"
