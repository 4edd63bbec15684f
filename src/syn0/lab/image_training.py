"""`syn0 train FOLDER`: from pictures by class to a trained network, every step said."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syn0.data.images_reading import SizesDifferError
from syn0.errors import ArgumentError
from syn0.files.atomic import check_place
from syn0.images import (
    ImageFit,
    ImageRecipe,
    Images,
    ImageValidation,
    cross_validate_images,
    fit_images,
    read_images,
)
from syn0.lab.page import Page, percent
from syn0.lab.training import LEARNERS, NAMES, counted, progress, quoted, say_what_is_better
from syn0.plots.terminal import terminal_curve

FEW = 1_000  # pictures, up to which they are held out in five parts; else a fifth of them once
_FOLDS = 5
_NAMED = 8  # classes and confusions told one by one


@dataclass(frozen=True)
class ImageRequest:
    """What is to be trained.

    Parameters
    ----------
    folder : Path
        The folder that holds a folder for each class.
    size : tuple of int, optional
        Height and width to bring pictures to.
    flip : bool
        Whether mirrored pictures show the same class.
    skip : bool
        Whether files that are no good are passed over.
    folds : int, optional
        In how many parts pictures are held out; by their number where not given, none if 0.
    seed : int
        Of all that is drawn.
    epochs : int, optional
        How often each picture is seen; by their number where not given.
    out : Path, optional
        Where the network is saved.
    """

    folder: Path
    size: tuple[int, int] | None = None
    flip: bool = False
    skip: bool = False
    folds: int | None = None
    seed: int = 0
    epochs: int | None = None
    out: Path | None = None


def train(page: Page, request: ImageRequest) -> ImageFit:
    """Train a network on a folder of pictures and print all that was found."""
    _check(request)
    images = _read(request)
    show_images(page, images)
    recipe = ImageRecipe(flip=request.flip)
    options: dict[str, Any] = {} if request.epochs is None else {"epochs": request.epochs}
    folds = _FOLDS if len(images) <= FEW else 1
    folds = folds if request.folds is None else request.folds
    found: ImageValidation | None = None
    if folds:
        with progress("cross-checking") as told:
            found = cross_validate_images(
                images, folds=folds, recipe=recipe, random_state=request.seed, progress=told,
                **options,
            )  # fmt: skip
        show_scores(page, found)
    with progress("training on all pictures") as told:
        fit = fit_images(images, recipe=recipe, random_state=request.seed, progress=told, **options)
    show_network(page, fit)
    if found is not None:
        held = found.folds[0].rows
        page.heading(f"How it learns: {len(images) - held:,} pictures, and {held:,} held out")
        page.drawing(terminal_curve(found.history, page.width - 4))
    page.heading("The same in Python")
    page.code(python(request, folds))
    if request.out is not None:
        fit.network.save(request.out)
        page.say(f"Saved as {request.out}. To ask it about other pictures:")
        page.command(f"syn0 predict {request.out} PICTURES", "answers as CSV")
        page.command(f"syn0 show {request.out}", "what it is made of")
    return fit


def _check(request: ImageRequest) -> None:
    """Refuse at once what would only fail at the end."""
    if request.folds is not None and request.folds < 0:
        raise ArgumentError(
            f"{request.folds} folds hold nothing out.", where="--folds",
            expected="1 for a fifth held out once, more, or 0 for no cross-checking",
        )  # fmt: skip
    if request.epochs is not None and request.epochs < 1:
        raise ArgumentError(
            f"{request.epochs} epochs teach nothing.", where="--epochs", expected="at least 1"
        )
    if request.out is not None:
        check_place(request.out)


def _read(request: ImageRequest) -> Images:
    on_error = "skip" if request.skip else "raise"
    try:
        with progress("reading") as told:
            return read_images(request.folder, size=request.size, on_error=on_error, progress=told)
    except SizesDifferError as error:
        raise ArgumentError(
            error.what, where=os.fspath(request.folder), expected=error.expected,
            mend="say how high and wide they are to become: --size 64 64",
        ) from None  # fmt: skip


# ----- what is printed ----------------------------------------------------


def show_images(page: Page, images: Images) -> None:
    """Print what was found in the folder, and what was done to it."""
    height, width, channels = images.shape
    shade = "grey" if channels == 1 else "colour"
    page.title(f"{images.source}: {len(images):,} pictures of {height} x {width}, {shade}")
    told = [f"{label} {count:,}" for label, count in images.counts.items()]
    more = f", and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    page.say(f"To tell apart: {counted(len(told), 'class', 'classes')} "
             f"({', '.join(told[:_NAMED])}{more}).")  # fmt: skip
    for what, count in images.remarks.items():
        page.item(f"{count:,} {what}.")
    if images.skipped:
        page.heading(f"Skipped: {counted(len(images.skipped), 'file')}")
        for reason in list(images.skipped.values())[:_NAMED]:
            page.item(reason)
        if len(images.skipped) > _NAMED:
            page.item(f"and {len(images.skipped) - _NAMED:,} more.")


def show_scores(page: Page, found: ImageValidation) -> None:
    """Print the scores on pictures that were held out, beside what is simpler."""
    held = sum(fold.rows for fold in found.folds)
    parts = f"in {len(found.folds)} parts" if len(found.folds) > 1 else "once"
    page.heading(f"On {held:,} pictures held out {parts}")
    for measure in found.measures:
        rows = [
            (name, percent(found.mean(learner, measure)),
             "  ".join(f"{score:.3f}" for score in found.scores(learner, measure)))
            for learner, name in LEARNERS.items()
        ]  # fmt: skip
        page.table(["", NAMES[measure], "by part"], rows)
    confused = [f"{a} as {b} ({n})" for a, b, n in found.confused[:_NAMED]]
    page.say(f"Most often confused: {', '.join(confused)}." if confused else "None is confused.")
    say_what_is_better(page, found, "The pictures tell nothing that a network could learn.")


def show_network(page: Page, fit: ImageFit) -> None:
    """Print what network was trained, and how."""
    net, recipe = fit.network, fit.recipe
    height, width, _ = fit.preparation.shape
    count = sum(value.size for value in net.parameters.values())
    convolutions = recipe.halvings(height, width)
    varied = ["moved", "turned", *(["mirrored"] if recipe.flip else [])]
    page.heading("The network")
    page.say(
        f"{counted(convolutions, 'convolution')}, each followed by the largest of every 2 x 2 "
        f"pixels, and {recipe.units} hidden units: {count:,} parameters. Each channel is scaled by "
        f"what it measures on the training pictures, which are {', '.join(varied[:-1])} and "
        f"{varied[-1]} a little at each look. {counted(len(fit.history['loss']), 'epoch')}."
    )


def python(request: ImageRequest, folds: int) -> str:
    """Return the program that does what `syn0 train` did.

    Examples
    --------
    >>> print(python(ImageRequest(Path("pets"), (64, 64)), 5))
    from syn0.images import cross_validate_images, fit_images, read_images
    <BLANKLINE>
    images = read_images("pets", size=(64, 64))
    print(cross_validate_images(images, folds=5, random_state=0))
    found = fit_images(images, random_state=0)
    print(found.predict(images))
    """
    size = "" if request.size is None else f", size={request.size}"
    skip = ', on_error="skip"' if request.skip else ""
    recipe = ", recipe=ImageRecipe(flip=True)" if request.flip else ""
    epochs = "" if request.epochs is None else f", epochs={request.epochs}"
    more = f"{recipe}, random_state={request.seed}{epochs}"
    names = ["ImageRecipe"] * request.flip + ["cross_validate_images"] * bool(folds)
    lines = [
        f"from syn0.images import {', '.join([*names, 'fit_images', 'read_images'])}",
        "",
        f"images = read_images({quoted(str(request.folder))}{size}{skip})",
    ]
    if folds:
        lines.append(f"print(cross_validate_images(images, folds={folds}{more}))")
    lines.append(f"found = fit_images(images{more})")
    if request.out is None:
        lines.append("print(found.predict(images))")
    else:
        lines.append(f"found.network.save({quoted(str(request.out))})")
    return "\n".join(lines)
