"""The command `syn0`."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError

import syn0
from syn0 import tour as tour_module
from syn0.errors import ArgumentError, Syn0Error
from syn0.files.atomic import write_atomically
from syn0.lab import (
    image_training,
    plots,
    prediction,
    study_activations,
    study_backpropagation,
    study_descent,
    study_size,
    training,
)
from syn0.lab import lesson as lesson_module
from syn0.lab.page import Page
from syn0.lab.study import Scale

STUDIES = {
    "activations": study_activations,
    "descent": study_descent,
    "backpropagation": study_backpropagation,
    "size": study_size,
}
QUESTIONS = {
    "activations": "how fast, how well and at what price each one learns",
    "descent": "where the gradient points, and how long a step may be",
    "backpropagation": "n + 1 forward passes against one backward pass",
    "size": "width and depth against a boundary that gets harder",
}
Activation = Literal[
    "sigmoid", "tanh", "relu", "leaky_relu", "elu", "swish", "gelu", "linear"
]  # lesson.ACTIVATIONS, spelled out for the help page
Task = Literal["classification", "regression"]
Topic = Literal["activations", "descent", "backpropagation", "size"]

EXAMPLES = (
    ("syn0 lesson", "a network of 16 weights learns, every number visible"),
    ("syn0 train FILE --target COLUMN", "a network for your table, or for a FOLDER of pictures"),
    ("syn0 tour", "networks on real data, each beside a baseline"),
    ("syn0 study activations", "what the lesson claims, measured over seeds"),
)


def _plain_error(error: CycloptsError) -> str:
    """Write an error of the command line as the library writes its own."""
    text = str(error)
    if isinstance(error, UnusedCliTokensError):
        text = f"{' '.join(error.unused_tokens or ())!r} is more than this command takes."
    return f"syn0: {text}\n  help:     syn0 --help"


app = App(
    name="syn0",
    help="Neural networks you can read, at the speed of your machine.",
    version=syn0.__version__,
    default_parameter=Parameter(negative="", show_default=False),
    error_formatter=_plain_error,
    help_format="plaintext",
    result_action="return_value",
)


@app.command
def lesson(
    *,
    activation: Activation = "sigmoid",
    code: bool = False,
    step: bool = False,
    until: float | None = None,
) -> None:
    """Train the lesson's network on four rows and show what it learned.

    Parameters
    ----------
    activation
        The hidden layer's activation.
    code
        Print the program that runs, in NumPy alone, with the lesson's own names.
    step
        Print one iteration with all its numbers, forward, then backward.
    until
        Stop when the error is at most this.
    """
    if code and step:
        raise ArgumentError("--code and --step print different things.", mend="choose one")
    if until is not None and (code or step):
        option = "--code" if code else "--step"
        raise ArgumentError(
            f"--until does nothing with {option}.", mend=f"leave out --until or {option}"
        )
    page = Page()
    if code:
        page.code(lesson_module.program(activation))
    elif step:
        lesson_module.show_step(page, activation)
    else:
        lesson_module.show(page, activation, until)


@app.command
def train(
    source: Path,
    /,
    *,
    target: str | None = None,
    out: Path | None = None,
    task: Task | None = None,
    leave_out: Annotated[list[str] | None, Parameter(name="--leave-out", negative="")] = None,
    folds: int | None = None,
    seed: int = 0,
    encoding: str | None = None,
    size: tuple[int, int] | None = None,
    flip: bool = False,
    skip_bad: Annotated[bool, Parameter(name="--skip-bad", negative="")] = False,
    epochs: int | None = None,
) -> None:
    """Train a network on a table, or on a folder of pictures by class.

    Parameters
    ----------
    source
        A table, CSV, TSV or Parquet, with a line of names; or a folder that holds a folder of
        pictures for each class.
    target
        Of a table the column to predict.
    out
        Where to save the network.
    task
        Of a table: what the target is; told from its values where not given.
    leave_out
        Of a table: a column not to learn from; may be given more than once.
    folds
        In how many parts samples are held out to score the network; 0: it is not scored. Of
        many pictures a fifth is held out once where not given, else 5.
    seed
        Of all that is drawn.
    encoding
        Of a table that is not UTF-8.
    size
        Of pictures: the height and width that all are brought to; needed where they differ.
    flip
        Of pictures: mirrored left to right they show the same.
    skip_bad
        Of pictures: pass over files that are damaged, and name them.
    epochs
        Of pictures: how often each is seen; by their number where not given.
    """
    of_tables = {
        "--target": target, "--task": task, "--leave-out": leave_out, "--encoding": encoding,
    }  # fmt: skip
    of_pictures = {"--size": size, "--flip": flip, "--skip-bad": skip_bad, "--epochs": epochs}
    if source.is_dir():
        _refuse_options(of_tables, "a folder of pictures")
        request = image_training.ImageRequest(
            source, size, flip, skip_bad, folds, seed, epochs, out
        )
        image_training.train(Page(), request)
        return
    _refuse_options(of_pictures, "a table")
    if target is None:
        raise ArgumentError(
            "of a table the column to predict must be named.", where="syn0 train",
            mend="syn0 train FILE --target COLUMN; for pictures give a folder",
        )  # fmt: skip
    left, parts = tuple(leave_out or ()), 5 if folds is None else folds
    training.train(
        Page(),
        training.Request(source, target, task, left, parts, seed, encoding or "utf-8", out),
    )


def _refuse_options(options: Mapping[str, object], source: str) -> None:
    """Refuse options that say nothing about what is learned from."""
    given = [name for name, value in options.items() if value]
    if given:
        raise ArgumentError(f"{given[0]} does nothing with {source}.", mend=f"leave {given[0]} out")


@app.command
def predict(
    model: Path,
    /,
    *files: Path,
    out: Path | None = None,
    encoding: str = "utf-8",
) -> None:
    """Write what a saved network answers, as CSV: for the rows of a table, or for pictures.

    Parameters
    ----------
    model
        A file that `syn0 train --out` wrote.
    files
        A table, which needs the columns that the network learned from, in any order; or
        pictures, and folders of pictures.
    out
        Where to write; the screen where not given.
    encoding
        Of the table, where it is not UTF-8.
    """
    text = io.StringIO()
    prediction.predict(model, files, text, encoding=encoding)
    if out is None:
        sys.stdout.write(text.getvalue())
    else:
        write_atomically(out, text.getvalue().encode())


@app.command
def show(model: Path, /, *, code: bool = False, plan: bool = False) -> None:
    """Show what a saved network is made of.

    Parameters
    ----------
    model
        A file that `net.save` or `syn0 train --out` wrote.
    code
        Print its program, in NumPy alone, with the columns named.
    plan
        Print how the compiler runs it.
    """
    prediction.show(Page(), model, code=code, plan=plan)


@app.command
def tour() -> None:
    """Train a network of each kind on real data, beside a baseline, with its Python."""
    tour_module.show(Page())


@app.command
def study(
    topic: Topic | None = None,
    /,
    *,
    seeds: int | None = None,
    quick: bool = False,
    plot: Annotated[Path | None, Parameter(name="--plot")] = None,
) -> None:
    """Measure what the lesson claims, over seeds: shown, not shown or refuted.

    Parameters
    ----------
    topic
        What to study; alone, the command lists the topics.
    seeds
        How many times each experiment is repeated; 5 where not given.
    quick
        Far too few steps to show anything, to see what is measured.
    plot
        Draw the curves into this file as well; needs the `plots` extra.
    """
    if topic is None:
        show_topics(Page())
        return
    count = seeds if seeds is not None else 2 if quick else 5
    if count < 2:
        raise ArgumentError(
            f"{count} seeds have no spread.", where="--seeds", expected="at least 2"
        )
    if plot is not None:
        plots.check(plot)
    found = STUDIES[topic].run(Scale(seeds=count, quick=quick))
    page = Page()
    found.show(page)
    if plot is not None:
        plots.save(found, plot)
        page.say(f"The curves are in {plot}.")


def show_topics(page: Page) -> None:
    """Print what can be studied."""
    page.title("What to study")
    for topic, about in QUESTIONS.items():
        page.command(f"syn0 study {topic}", about)


def show_examples(page: Page) -> None:
    """Print what to type first."""
    page.title(f"syn0 {syn0.__version__}")
    page.say("Neural networks you can read, at the speed of your machine. Try:")
    for command, about in EXAMPLES:
        page.command(command, about)
    page.say("`syn0 --help` lists everything.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    if not tokens:
        show_examples(Page())
        return
    try:
        app(tokens)
    except Syn0Error as error:
        print(f"syn0: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
