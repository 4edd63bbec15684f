"""`cross_validate_table`: how well a network predicts rows that it has not seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.data.preparation import Preparation
from syn0.data.reading import read_table
from syn0.data.table import Table
from syn0.data.targets import Classes, Target
from syn0.data.values import is_missing
from syn0.errors import ArgumentError, DataError
from syn0.tables.recipes import Recipe
from syn0.tables.training import Progress, count_trainings, fit_table

Array = NDArray[Any]
_UNBALANCED = 1.5  # times its fair share that the most frequent class has


@dataclass(frozen=True)
class Fold:
    """The scores on one part of the rows, each learner trained on all others.

    Parameters
    ----------
    rows : int
        How many rows were held out.
    network, linear, dummy : mapping of str to float
        Each measure of the network, of a linear model on the same features, and of always
        giving the most frequent class or the mean.
    recipe : str
        By which the network was trained.
    """

    rows: int
    network: Mapping[str, float]
    linear: Mapping[str, float]
    dummy: Mapping[str, float]
    recipe: str


@dataclass(frozen=True, repr=False)
class CrossValidation:
    """What `cross_validate_table` found.

    Parameters
    ----------
    target : str
        What was predicted.
    measures : tuple of str
        ``"accuracy"``, and ``"balanced_accuracy"`` where the most frequent class has more
        than one and a half times its fair share; or ``"r2"``. The first is the score.
    folds : tuple of Fold
        One for each part.
    """

    target: str
    measures: tuple[str, ...]
    folds: tuple[Fold, ...]

    def mean(self, learner: str = "network", measure: str | None = None) -> float:
        """Return the mean of a measure over the folds.

        Parameters
        ----------
        learner : {"network", "linear", "dummy"}
            Whose.
        measure : str, optional
            One of `measures`; the score by default.
        """
        return float(np.mean(self.scores(learner, measure)))

    def scores(self, learner: str = "network", measure: str | None = None) -> list[float]:
        """Return a measure of each fold."""
        return [getattr(fold, learner)[measure or self.measures[0]] for fold in self.folds]

    def __repr__(self) -> str:
        head = f"{self.target!r} of rows that were held out, in {len(self.folds)} folds:"
        lines = [head]
        for measure in self.measures:
            for learner in ("network", "linear", "dummy"):
                each = " ".join(f"{score:.3f}" for score in self.scores(learner, measure))
                mean = self.mean(learner, measure)
                lines.append(f"  {measure:17}  {learner:7}  {mean:.4f}  ({each})")
        return "\n".join(lines)


def cross_validate_table(
    table: Any,
    target: str,
    *,
    folds: int = 5,
    task: str | None = None,
    kinds: Mapping[str, str] | None = None,
    leave_out: Iterable[str] = (),
    recipe: Recipe | None = None,
    random_state: int | None = 0,
    progress: Progress | None = None,
) -> CrossValidation:
    """Return how well networks trained by `fit_table` predict rows that were held out.

    Everything is learned anew for each fold, from the other folds alone: the preparation, the
    choice of a recipe, the network, and beside it a linear model and a dummy.

    Parameters
    ----------
    table, target, task, kinds, leave_out, recipe
        As in `fit_table`. Rows without a target are passed over.
    folds : int
        In how many parts the rows are held out; each has its share of every class.
    random_state : int, optional
        Seed of the parts and of all that is drawn.
    progress : callable, optional
        Called after each training with how many are done, of how many, and what it was.

    Returns
    -------
    CrossValidation

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> iris = load_iris()
    >>> table = {**dict(zip("abcd", iris.data.T)), "kind": iris.target}
    >>> found = cross_validate_table(table, "kind", folds=2)
    >>> found.measures, found.mean() > 0.9, found.mean("dummy") < 0.4
    (('accuracy',), True, True)
    """
    given = read_table(table)
    whole = Preparation.learn(given, target, task=task, kinds=kinds, leave_out=leave_out).target
    given = given.take(~is_missing(given[target]))
    _check_folds(folds, given, whole)
    task = "classification" if isinstance(whole, Classes) else "regression"
    measures = measures_of(whole)
    size = count_trainings(given.rows - given.rows // folds) if recipe is None else 1
    stratify = target if isinstance(whole, Classes) else None
    found = []
    parts = given.folds(folds, random_state=random_state, stratify=stratify)
    for number, (train, held) in enumerate(parts):

        def tell(done: int, total: int, what: str, before: int = number) -> None:
            if progress is not None:
                place = f"fold {before + 1} of {folds}, {what}"
                progress(before * size + done * size // total, folds * size, place)

        fit = fit_table(
            train, target, task=task, kinds=kinds, leave_out=leave_out, recipe=recipe,
            random_state=random_state, progress=tell,
        )  # fmt: skip
        found.append(_fold(fit.network, fit.recipe.name, train, held, measures))
    return CrossValidation(target, measures, tuple(found))


def _check_folds(folds: int, table: Table, target: Target) -> None:
    whole = isinstance(folds, int) and not isinstance(folds, bool)
    if not whole or not 2 <= folds <= table.rows // 2:
        raise ArgumentError(
            f"folds is {folds!r} for {table.rows} rows.", where="folds=",
            expected=f"a whole number from 2 to {max(2, table.rows // 2)}",
        )  # fmt: skip
    if isinstance(target, Classes):
        share, label = min(zip(target.shares, target.labels, strict=True), key=lambda one: one[0])
        if round(share * table.rows) < 2:
            raise DataError(
                f"the class {label!r} has one row, which cannot be both learned and held out.",
                where=table.source,
                expected="at least two rows of each class",
                mend=f"leave it out, or join {label!r} with another class",
            )


def measures_of(target: Target) -> tuple[str, ...]:
    """Return the names of what is measured; the first is the score."""
    if not isinstance(target, Classes):
        return ("r2",)
    unbalanced = max(target.shares) * len(target.labels) > _UNBALANCED
    return ("accuracy", "balanced_accuracy") if unbalanced else ("accuracy",)


def _fold(net: Any, recipe: str, train: Table, held: Table, measures: tuple[str, ...]) -> Fold:
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.metrics import accuracy_score, balanced_accuracy_score, r2_score

    preparation = net.preparation
    classes = isinstance(preparation.target, Classes)
    X, y = preparation.samples(train)
    X_held, y_held = preparation.samples(held)
    linear = LogisticRegression(max_iter=2_000) if classes else Ridge()
    dummy = DummyClassifier() if classes else DummyRegressor()
    outputs = net.predict(X_held)
    answers = {
        "network": outputs.argmax(axis=1) if classes else outputs,
        "linear": linear.fit(X, y.ravel()).predict(X_held),
        "dummy": dummy.fit(X, y.ravel()).predict(X_held),
    }
    score = {
        "accuracy": accuracy_score, "balanced_accuracy": balanced_accuracy_score, "r2": r2_score,
    }  # fmt: skip
    truth = y_held.ravel()
    found = {
        who: {name: float(score[name](truth, answer.ravel())) for name in measures}
        for who, answer in answers.items()
    }
    return Fold(held.rows, found["network"], found["linear"], found["dummy"], recipe)
