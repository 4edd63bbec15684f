"""`syn0 predict` and `syn0 show`: what a saved network answers, and what it is."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

import syn0
from syn0.data.images_decoding import is_picture
from syn0.data.images_preparation import ImagePreparation
from syn0.data.preparations import AnyPreparation
from syn0.data.targets import Classes
from syn0.errors import ArgumentError, DataError
from syn0.lab.page import Page
from syn0.summary import summary_text
from syn0.tables import Preparation, read_table


def predict(model: Path, files: Sequence[Path], out: TextIO, *, encoding: str = "utf-8") -> None:
    """Write the answers of a saved network as CSV: for the rows of a table, or for pictures.

    What could not be read as it was in training is said on the standard error.
    """
    if not files:
        raise ArgumentError(
            "there is nothing to answer to.", where="syn0 predict",
            expected="a table, or pictures", mend="syn0 predict MODEL FILE",
        )  # fmt: skip
    net = syn0.load(model)
    preparation = preparation_of(net, model)
    if isinstance(preparation, ImagePreparation):
        answers, told = _answers_to_pictures(net, preparation, files)
    else:
        answers, told = _answers_to_rows(net, preparation, files, encoding)
    for line in told:
        print(f"syn0: {line}", file=sys.stderr)
    write_csv(answers, out)


def _answers_to_rows(
    net: Any, preparation: Preparation, files: Sequence[Path], encoding: str
) -> tuple[Mapping[str, Any], Iterable[str]]:
    if len(files) != 1:
        raise ArgumentError(
            f"{len(files)} files are given, and the network was trained on a table.",
            where="syn0 predict", expected="one table",
        )  # fmt: skip
    table = read_table(files[0], encoding=encoding)
    return preparation.decode(net.predict(table)), surprises(preparation, table)


def _answers_to_pictures(
    net: Any, preparation: ImagePreparation, files: Sequence[Path]
) -> tuple[Mapping[str, Any], Iterable[str]]:
    paths = pictures_of(files)
    pixels, remarks = preparation.told_features(paths)
    answers = preparation.decode(net.predict(pixels))
    named = np.array([str(path) for path in paths], object)
    return {"file": named, **answers}, [f"{count:,} {what}." for what, count in remarks.items()]


def pictures_of(files: Sequence[Path]) -> list[Path]:
    """Return the files given, and the pictures in the folders given, in order."""
    found: list[Path] = []
    for given in files:
        inside = sorted(p for p in given.iterdir() if is_picture(p)) if given.is_dir() else [given]
        if not inside:
            raise DataError(f"there are no pictures in {str(given)!r}.", expected="pictures")
        found += inside
    return found


def preparation_of(net: Any, model: Path) -> AnyPreparation:
    """Return how a network reads tables or pictures, or say that it does not."""
    found = net.preparation
    if not isinstance(found, AnyPreparation):
        raise ArgumentError(
            "the network was not trained on a table, nor on a folder of pictures.",
            where=str(model),
            expected="a file that `syn0 train` wrote, or a network with a preparation",
            mend="in Python: syn0.load(path).predict(array)",
        )
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
    preparation = net.preparation
    if code:
        page.code(_named(preparation) + net.code())
        return
    if plan:
        page.code(net.plan())
        return
    page.title(str(model))
    page.code(summary_text(net, net.task))
    if preparation is not None:
        columns = isinstance(preparation, Preparation)
        page.heading("The columns that it reads" if columns else "The pictures that it reads")
        page.code(str(preparation))
    if net.history:
        epochs = len(net.history["loss"])
        last = ", ".join(f"{name} {values[-1]:.4g}" for name, values in net.history.items())
        page.heading("How it was trained")
        page.say(f"{epochs:,} epochs; the last: {last}. Seed {net.seed}.")


def _named(preparation: AnyPreparation | None) -> str:
    """Return comments that name the columns of X, or its axes, and what the outputs are."""
    if preparation is None:
        return ""
    if isinstance(preparation, ImagePreparation):
        lines = [f"# X are pictures, bytes of shape (n, {', '.join(map(str, preparation.shape))})"]
    else:
        lines = [f"# X has {len(preparation.feature_names)} columns, made of the table's:"]
        lines += [f"#   {i}: {name}" for i, name in enumerate(preparation.feature_names)]
    target = preparation.target
    if isinstance(target, Classes):
        lines.append(f"# the outputs are the probabilities of {', '.join(map(str, target.labels))}")
    else:
        lines.append(f"# the output is {target.name}, standardized")
    return "\n".join(lines) + "\n\n"
