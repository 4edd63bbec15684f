"""`syn0 predict` and `syn0 show`: what a saved network answers, and what it is."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

import syn0
from syn0.data.targets import Classes
from syn0.errors import ArgumentError
from syn0.lab.page import Page
from syn0.summary import summary_text
from syn0.tables import Preparation, read_table


def predict(model: Path, file: Path, out: TextIO, *, encoding: str = "utf-8") -> None:
    """Write the answers of a saved network for the rows of a table as CSV.

    What could not be read as it was in training is said on the standard error.
    """
    net = syn0.load(model)
    preparation = preparation_of(net, model)
    table = read_table(file, encoding=encoding)
    answers = preparation.decode(net.predict(table))
    for line in surprises(preparation, table):
        print(f"syn0: {line}", file=sys.stderr)
    write_csv(answers, out)


def preparation_of(net: Any, model: Path) -> Preparation:
    """Return how a network reads tables, or say that it does not."""
    found = net.preparation
    if not isinstance(found, Preparation):
        raise ArgumentError(
            "the network was not trained on a table.", where=str(model),
            expected="a file that `syn0 train` wrote, or a network with a preparation",
            mend="in Python: syn0.load(path).predict(array)",
        )  # fmt: skip
    return found


def surprises(preparation: Preparation, table: Any) -> Iterable[str]:
    """Return a line for each column with values that training did not meet."""
    for column, values in preparation.unseen(table).items():
        total = sum(values.values())
        named = ", ".join(repr(value) for value, _ in values.most_common(3))
        more = f" and {len(values) - 3} more" if len(values) > 3 else ""
        rows = "row has" if total == 1 else "rows have"
        yield f"{total:,} {rows} a value of {column!r} that training did not meet: {named}{more}."


def write_csv(columns: Mapping[str, Any], out: TextIO) -> None:
    """Write columns as CSV with a line of names."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(_texts(values) for values in columns.values()), strict=True))


def _texts(values: Any) -> list[Any]:
    """Write numbers with as many digits as float32 has, all else as it is."""
    if getattr(values, "dtype", None) is not None and values.dtype.kind == "f":
        return [f"{value:.7g}" for value in values.tolist()]
    found: list[Any] = values.tolist()
    return found


def show(page: Page, model: Path, *, code: bool = False, plan: bool = False) -> None:
    """Print what a saved network is made of, or its program, or its plan."""
    if code and plan:
        raise ArgumentError("--code and --plan print different things.", mend="choose one")
    net = syn0.load(model)
    preparation = net.preparation if isinstance(net.preparation, Preparation) else None
    if code:
        page.code(_named(preparation) + net.code())
        return
    if plan:
        page.code(net.plan())
        return
    page.title(str(model))
    page.code(summary_text(net, net.task))
    if preparation is not None:
        page.heading("The columns that it reads")
        page.code(str(preparation))
    if net.history:
        epochs = len(net.history["loss"])
        last = ", ".join(f"{name} {values[-1]:.4g}" for name, values in net.history.items())
        page.heading("How it was trained")
        page.say(f"{epochs:,} epochs; the last: {last}. Seed {net.seed}.")


def _named(preparation: Preparation | None) -> str:
    """Return comments that name the columns of X and what the outputs are."""
    if preparation is None:
        return ""
    lines = [f"# X has {len(preparation.feature_names)} columns, made of the table's:"]
    lines += [f"#   {i}: {name}" for i, name in enumerate(preparation.feature_names)]
    target = preparation.target
    if isinstance(target, Classes):
        lines.append(f"# the outputs are the probabilities of {', '.join(map(str, target.labels))}")
    else:
        lines.append(f"# the output is {target.name}, standardized")
    return "\n".join(lines) + "\n\n"
