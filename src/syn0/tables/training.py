"""`fit_table`: from a table to a trained network, in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.data.preparation import Preparation
from syn0.data.reading import read_table
from syn0.data.splitting import spread
from syn0.data.targets import Classes
from syn0.model import Sequential
from syn0.tables.recipes import RECIPES, Recipe
from syn0.training.history import History

Array = NDArray[Any]
Progress = Callable[[int, int, str], object]
_FEW = 2_000  # rows of a table that is small enough to be held out in parts
_PARTS = 4


@dataclass(frozen=True, repr=False)
class TableFit:
    """A network trained on a table, and how that was done.

    Parameters
    ----------
    network : Sequential
        The trained network; its `preparation` turns tables into features and outputs into
        answers.
    recipe : Recipe
        What it was trained by.
    history : History
        Of the last training, on all rows.
    losses : mapping of str to float
        What each recipe lost on rows held out, where one was chosen by that.
    """

    network: Sequential
    recipe: Recipe
    history: History
    losses: Mapping[str, float]

    @property
    def preparation(self) -> Preparation:
        """What was learned of the columns."""
        assert isinstance(self.network.preparation, Preparation)
        return self.network.preparation

    def __repr__(self) -> str:
        about = self.preparation
        return (
            f"<TableFit of {about.target.name!r} from {about.rows:,} rows, by the recipe "
            f"{self.recipe.name!r}: {self.network!r}>"
        )

    def predict(self, table: Any) -> dict[str, Array]:
        """Return the answers for the rows of a table, as columns; see `Preparation.decode`."""
        return self.preparation.decode(self.network.predict(table))


def fit_table(
    table: Any,
    target: str,
    *,
    task: str | None = None,
    kinds: Mapping[str, str] | None = None,
    leave_out: Iterable[str] = (),
    recipe: Recipe | None = None,
    validation: Any = None,
    random_state: int | None = 0,
    progress: Progress | None = None,
    **options: Any,
) -> TableFit:
    """Return a network trained to predict a column of a table from the others.

    Parameters
    ----------
    table : Table, data frame, mapping of columns, or path of a file
        The training rows.
    target : str
        The column to predict.
    task, kinds, leave_out
        As in `Preparation.learn`.
    recipe : Recipe, optional
        How to train; by default the one of `RECIPES` that loses least on rows held out.
    validation : Table, optional
        Rows to measure after each epoch, for the curve; nothing is learned from them.
    random_state : int, optional
        Seed of everything that is drawn.
    progress : callable, optional
        Called after each training with how many are done, of how many, and what it was.
    **options
        More of ``net.fit``, such as `verbose` and `callbacks`, for the last training.

    Returns
    -------
    TableFit

    Notes
    -----
    Noisy tables need much dropout and weight decay, clean ones little; no one recipe does for
    both. A small table is held out in four parts in turn, a larger one by a fifth once, and
    the recipe with the least loss on these rows trains the network, on all rows.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-1, 1, 64)
    >>> found = fit_table({"x": x, "y": x**2}, target="y", task="regression")
    >>> bool(np.corrcoef(found.predict({"x": x})["y"], x**2)[0, 1] > 0.95)
    True
    """
    given = read_table(table)
    preparation = Preparation.learn(given, target, task=task, kinds=kinds, leave_out=leave_out)
    X, y = preparation.samples(given)
    seed = int(np.random.SeedSequence(random_state).generate_state(1)[0])
    losses: dict[str, float] = {}
    trainings = count_trainings(len(X)) if recipe is None else 1
    if recipe is None:
        losses = recipe_losses(preparation, X, y, seed, progress)
        recipe = min(RECIPES, key=lambda one: losses[one.name])
    net = recipe.network(preparation, seed)
    held = None if validation is None else preparation.samples(validation)
    settings = {"verbose": 0, **recipe.training(len(X)), **options}
    history = net.fit(X, y, validation_data=held, **settings)
    if progress is not None:
        progress(trainings, trainings, f"{recipe.name} on all rows")
    return TableFit(net, recipe, history, losses)


def count_trainings(rows: int) -> int:
    """Return how many trainings `fit_table` does, the choice of a recipe included."""
    return len(RECIPES) * len(_parts(rows, 0, None)) + 1


def recipe_losses(
    preparation: Preparation, X: Array, y: Array, seed: int, progress: Progress | None = None
) -> dict[str, float]:
    """Return what each recipe loses on rows held out: cross entropy, or squared error."""
    labels = y if isinstance(preparation.target, Classes) else None
    parts = _parts(len(X), seed, labels)
    done, total = 0, len(RECIPES) * len(parts) + 1
    found = {}
    for recipe in RECIPES:
        net, losses = recipe.network(preparation, seed), []
        for held in parts:
            train = np.ones(len(X), bool)
            train[held] = False
            net.reset().fit(X[train], y[train], verbose=0, **recipe.training(int(train.sum())))
            losses.append(net.evaluate(X[held], y[held])["loss"])
            done += 1
            if progress is not None:
                progress(done, total, f"{recipe.name} on a part")
        found[recipe.name] = float(np.mean(losses))
    return found


def _parts(rows: int, seed: int, labels: Array | None) -> Sequence[Array]:
    """Return the rows to hold out, in turn."""
    order = spread(rows, seed, labels)
    if rows > _FEW:
        return [np.sort(order[: rows // 5])]
    parts = min(_PARTS, rows // 2)
    return [np.sort(order[i * rows // parts : (i + 1) * rows // parts]) for i in range(parts)]
