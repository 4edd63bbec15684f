"""The table of a network's layers, for a terminal and for a notebook."""

from __future__ import annotations

import html
import math

from syn0.graph import format_shape
from syn0.stateful import StatefulNetwork
from syn0.steps import Task

HEAD = ("layer", "kind", "output", "parameters")


def _rows(model: StatefulNetwork) -> list[tuple[str, str, str, str]]:
    rows = []
    for name, layer in model.layers.items():
        declared = [
            model._declared[full].entry for full in model._local_names.get(name, {}).values()
            if full in model._declared
        ]  # fmt: skip
        count = sum(math.prod(e.shape) for e in declared if e.role == "parameter")
        frozen = " (frozen)" if name in model._frozen else ""
        shape = format_shape(model._shapes[name]) if model.built else "?"
        number = f"{count:,}{frozen}" if model.built else "?"
        kind = getattr(layer, "network", layer)
        rows.append((name, type(kind).__name__, shape, number))
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
            word = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}
            wanted = word.get(getattr(loss, "name", ""))
            if wanted and y.op.name != wanted:
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
