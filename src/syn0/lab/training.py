"""`syn0 train`: from a table to a trained network, every step said."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from syn0.data.targets import Classes
from syn0.data.values import is_missing
from syn0.errors import ArgumentError
from syn0.files.atomic import check_place
from syn0.lab.page import Page, spread
from syn0.plots.terminal import terminal_curve
from syn0.tables import (
    CrossValidation,
    Preparation,
    Table,
    TableFit,
    cross_validate_table,
    fit_table,
    read_table,
)

HELD = 0.2  # of the rows, for the learning curve
NAMES = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "r2": "R2"}
LEARNERS = {"network": "the network", "linear": "a linear model", "dummy": "no model at all"}


@dataclass(frozen=True)
class Request:
    """What is to be trained.

    Parameters
    ----------
    file : Path
        The table.
    target : str
        The column to predict.
    task : str, optional
        ``classification`` or ``regression``; told from the target by default.
    leave_out : tuple of str
        Columns not to learn from.
    folds : int
        In how many parts the rows are held out; none if 0.
    seed : int
        Of all that is drawn.
    encoding : str
        Of the file.
    out : Path, optional
        Where the network is saved.
    """

    file: Path
    target: str
    task: str | None = None
    leave_out: tuple[str, ...] = ()
    folds: int = 5
    seed: int = 0
    encoding: str = "utf-8"
    out: Path | None = None

    def choices(self) -> dict[str, object]:
        """Return what differs from the defaults of `fit_table`."""
        found: dict[str, object] = {"task": self.task, "leave_out": list(self.leave_out)}
        return {name: value for name, value in found.items() if value}


def train(page: Page, request: Request) -> TableFit:
    """Train a network on a table and print all that was found."""
    check(request)
    table = read_table(request.file, encoding=request.encoding)
    preparation = Preparation.learn(table, request.target, **request.choices())  # type: ignore[arg-type]
    show_table(page, table, preparation)
    common = {"target": request.target, "random_state": request.seed, **request.choices()}
    found: CrossValidation | None = None
    if request.folds:
        with progress("cross-checking") as told:
            found = cross_validate_table(table, folds=request.folds, progress=told, **common)  # type: ignore[arg-type]
        show_scores(page, found)
    with progress("training on all rows") as told:
        fit = fit_table(table, progress=told, **common)  # type: ignore[arg-type]
    show_network(page, fit)
    show_curve(page, table, fit, request)
    show_python(page, request)
    if request.out is not None:
        fit.network.save(request.out)
        page.say(f"Saved as {request.out}. To ask it about other rows:")
        page.command(f"syn0 predict {request.out} FILE", "answers as CSV")
        page.command(f"syn0 show {request.out}", "what it is made of")
    return fit


def check(request: Request) -> None:
    """Refuse at once what would only fail at the end."""
    if request.folds < 0 or request.folds == 1:
        raise ArgumentError(
            f"{request.folds} folds hold nothing out.", where="--folds",
            expected="2 or more, or 0 for no cross-checking",
        )  # fmt: skip
    if request.out is not None:
        check_place(request.out)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show a bar on a terminal while something is trained."""
    console = Console(stderr=True)
    columns = (
        TextColumn("  {task.description}"), BarColumn(24), MofNCompleteColumn(),
        TimeRemainingColumn(), TextColumn("{task.fields[place]}"),
    )  # fmt: skip
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(what, total=None, place="")

        def tell(done: int, total: int, place: str) -> None:
            bar.update(task, completed=done, total=total, place=place)

        yield tell


# ----- what is printed ----------------------------------------------------


def show_table(page: Page, table: Table, preparation: Preparation) -> None:
    """Print what was found in the table and what it is taken for."""
    target = preparation.target
    page.title(f"{table.source or 'the table'}: {preparation.rows:,} rows")
    if isinstance(target, Classes):
        shares = ", ".join(
            f"{label} {100 * share:.0f} %"
            for label, share in zip(target.labels[:6], target.shares, strict=False)
        )
        more = f", and {len(target.labels) - 6} more" if len(target.labels) > 6 else ""
        count = len(target.labels)
        page.say(f"To predict: {target.name}, one of {count} classes ({shares}{more}).")
    else:
        page.say(f"To predict: {target.name}, a number (a regression).")
    kinds: dict[str, list[str]] = {}
    for column in preparation.columns:
        kinds.setdefault(column.kind, []).append(column.name)
    page.heading(f"Learned from {counted(len(preparation.columns), 'column')}")
    for kind, names in kinds.items():
        page.item(f"{len(names)} {kind}: {', '.join(names)}")
    without = table.rows - preparation.rows
    if without:
        page.say(f"{counted(without, 'row')} without a target {are(without)} passed over.")
    if preparation.left_out:
        page.heading("Left out")
        for one in preparation.left_out:
            page.item(f"{one.name}: {one.reason}")


def show_scores(page: Page, found: CrossValidation) -> None:
    """Print the scores on rows that were held out, beside what is simpler."""
    page.heading(f"On rows held out, {len(found.folds)} folds")
    for measure in found.measures:
        rows = [
            (name, spread(found.scores(learner, measure)),
             "  ".join(f"{score:.3f}" for score in found.scores(learner, measure)))
            for learner, name in LEARNERS.items()
        ]  # fmt: skip
        page.table(["", NAMES[measure], "by fold"], rows)
    say_what_is_better(page, found, "The columns tell nothing that a network could learn.")


def say_what_is_better(page: Page, found: CrossValidation, nothing: str) -> None:
    """Say so where something simpler does as well as the network."""
    ahead = np.subtract(found.scores("linear"), found.scores("network"))
    doubt = ahead.std(ddof=1) / math.sqrt(len(ahead)) if len(ahead) > 1 else 0.0
    if found.mean() < found.mean("dummy"):
        page.say(nothing)
    elif ahead.mean() > max(0.005, 2 * doubt):
        page.say("The linear model is better here: prefer it, or look for more data.")


def show_network(page: Page, fit: TableFit) -> None:
    """Print what network was trained, and how."""
    net, recipe = fit.network, fit.recipe
    page.heading("The network")
    count = sum(value.size for value in net.parameters.values())
    outputs = counted(fit.preparation.target.units, "output")
    page.say(
        f"{len(fit.preparation.feature_names)} features, {recipe.layers} hidden layers of "
        f"{recipe.units} units, {outputs}: {count:,} parameters. Trained by the recipe "
        f"{recipe.name!r} (dropout {recipe.dropout:g}, weight decay {recipe.weight_decay:g}), the "
        f"one of {max(len(fit.losses), 1)} that loses least on rows held out."
    )


def show_curve(page: Page, table: Table, fit: TableFit, request: Request) -> None:
    """Print how the loss fell on rows that were learned and on rows that were not."""
    stratify = request.target if isinstance(fit.preparation.target, Classes) else None
    known = table.take(~is_missing(table[request.target]))
    learned, held = known.split(HELD, random_state=request.seed, stratify=stratify)
    again = fit_table(
        learned, request.target, recipe=fit.recipe, validation=held,
        random_state=request.seed, **request.choices(),  # type: ignore[arg-type]
    )  # fmt: skip
    page.heading(f"How it learns: the loss on {learned.rows:,} rows, and on {held.rows:,} held out")
    page.drawing(terminal_curve(again.history, page.width - 4))


def show_python(page: Page, request: Request) -> None:
    """Print the program that does the same."""
    page.heading("The same in Python")
    page.code(python(request))


def python(request: Request) -> str:
    """Return the program that does what `syn0 train` did.

    Examples
    --------
    >>> print(python(Request(Path("heart.csv"), "ill")))
    from syn0.tables import cross_validate_table, fit_table, read_table
    <BLANKLINE>
    table = read_table("heart.csv")
    print(cross_validate_table(table, target="ill", folds=5, random_state=0))
    found = fit_table(table, target="ill", random_state=0)
    print(found.predict(table))
    """
    encoding = "" if request.encoding == "utf-8" else f", encoding={quoted(request.encoding)}"
    more = "".join(f", {name}={quoted(value)}" for name, value in request.choices().items())
    common = f"target={quoted(request.target)}{more}"
    used = "cross_validate_table, " if request.folds else ""
    lines = [
        f"from syn0.tables import {used}fit_table, read_table",
        "",
        f"table = read_table({quoted(str(request.file))}{encoding})",
    ]
    if request.folds:
        lines.append(
            f"print(cross_validate_table(table, {common}, folds={request.folds}, "
            f"random_state={request.seed}))"
        )
    lines.append(f"found = fit_table(table, {common}, random_state={request.seed})")
    if request.out is None:
        lines.append("print(found.predict(table))")
    else:
        lines.append(f"found.network.save({quoted(str(request.out))})")
    return "\n".join(lines)


def quoted(value: object) -> str:
    """Write a value as Python, texts in double quotes."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(quoted, value)) + "]"
    return repr(value)


def counted(count: int, noun: str, several: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{count:,} {noun if count == 1 else several or noun + 's'}"


def are(count: int) -> str:
    """Return the verb of so many."""
    return "is" if count == 1 else "are"
