"""scikit-learn's perceptrons and ours, to the same stopping rule.

    python -m benchmarks.estimators [fit] [search] [partial_fit] [cold] [--rounds 3] [--save PATH]

* ``fit``: classifier and regressor on three tables, three sizes of hidden layers, float64 and
  float32; seconds of a fit, theirs and ours, and whether both did as many epochs;
* ``search``: `GridSearchCV` of 12 settings in 5 folds on digits;
* ``partial_fit``: one row after the other;
* ``cold``: the first fit of a process with an empty cache of compiled code.

Both run in turn in one process, after a first fit of each that is not counted; of the rounds
the least counts. Ratios are their time divided by ours.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.neural_network
from sklearn.datasets import load_breast_cancer, load_digits, make_classification, make_regression
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

import syn0.neural_network

warnings.simplefilter("ignore")

REST = 0.3  # seconds: threads of BLAS keep a core busy for some tenths after their last product
KINDS = ("MLPClassifier", "MLPRegressor")
HIDDEN = ((16,), (100,), (256, 128))
DTYPES = ("float64", "float32")
Table = tuple[np.ndarray, np.ndarray, dict[str, Any]]  # X, y, and what else a fit is given


# ----- tables -------------------------------------------------------------


def table(name: str, kind: str) -> Table:
    """Return features of mean 0 and variance 1, and a target for a kind of estimator."""
    if name == "synthetic":  # as many epochs as a minute of the other allows
        make = make_classification if kind == "MLPClassifier" else make_regression
        X, y = make(n_samples=20_000, n_features=50, random_state=0)
        options: dict[str, Any] = {"max_iter": 20}
    else:
        load = {"cancer": load_breast_cancer, "digits": load_digits}[name]
        X, y = load(return_X_y=True)
        options = {}
    if kind == "MLPRegressor":
        y = (y - y.mean()) / y.std()
    return StandardScaler().fit_transform(X), y, options


def estimator(library: Any, kind: str, hidden: tuple[int, ...], **options: Any) -> Any:
    return getattr(library, kind)(hidden_layer_sizes=hidden, random_state=0, **options)


# ----- what is timed ------------------------------------------------------


def seconds(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def race(runs: list[Callable[[], Any]], rounds: int) -> list[float]:
    """Return the least time of each, run in turn, each when the other's threads are asleep."""
    found: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for times, run in zip(found, runs, strict=True):
            time.sleep(REST)
            times.append(seconds(run))
    return [min(times) for times in found]


def fits(rounds: int) -> list[dict[str, Any]]:
    """Return a row for each setting."""
    rows = []
    for name in ("cancer", "digits", "synthetic"):
        for kind in KINDS:
            X, y, options = table(name, kind)
            for hidden in HIDDEN:
                for dtype in DTYPES:
                    given = X.astype(dtype), y.astype(dtype) if kind == "MLPRegressor" else y
                    both = [
                        estimator(library, kind, hidden, **options)
                        for library in (sklearn.neural_network, syn0.neural_network)
                    ]
                    both[1].fit(*given)
                    runs = [partial(one.fit, *given) for one in both]
                    theirs, ours = race(runs, rounds)
                    row = {
                        "table": name, "kind": kind, "hidden": hidden, "dtype": dtype,
                        "scikit-learn": theirs, "syn0": ours, "ratio": theirs / ours,
                        "epochs": [e.n_iter_ for e in both],
                    }  # fmt: skip
                    rows.append(row)
                    print(line(row), flush=True)
    for dtype in DTYPES:
        ratios = [row["ratio"] for row in rows if row["dtype"] == dtype]
        print(f"{dtype}: median {statistics.median(ratios):.1f}, least {min(ratios):.2f}")
    return rows


def line(row: dict[str, Any]) -> str:
    size = "-".join(map(str, row["hidden"]))
    epochs = "/".join(map(str, dict.fromkeys(row["epochs"])))
    return (
        f"{row['table']:10} {row['kind'][3:]:11} {size:8} {row['dtype']}  "
        f"{row['scikit-learn'] * 1e3:9.1f} ms {row['syn0'] * 1e3:8.1f} ms  "
        f"{row['ratio']:6.2f}  {epochs} epochs"
    )


def search(rounds: int) -> list[dict[str, Any]]:
    """Return the times of a search over rates, penalties and sizes."""
    X, y, _ = table("digits", "MLPClassifier")
    grid = {
        "hidden_layer_sizes": [(50,), (100,)],
        "alpha": [1e-5, 1e-3],
        "learning_rate_init": [0.001, 0.003, 0.01],
    }
    both = [
        GridSearchCV(estimator(library, "MLPClassifier", (50,)), grid, cv=5)
        for library in (sklearn.neural_network, syn0.neural_network)
    ]
    theirs, ours = race([partial(one.fit, X, y) for one in both], rounds)
    scores = [one.best_score_ for one in both]
    print(f"search: {theirs:.2f} s, {ours:.2f} s, ratio {theirs / ours:.2f}, scores {scores}")
    return [{"search": "digits", "scikit-learn": theirs, "syn0": ours, "ratio": theirs / ours}]


def stream(one: Any, X: np.ndarray, y: np.ndarray) -> None:
    for i in range(300):
        one.partial_fit(X[i : i + 1], y[i : i + 1])


def partial_fit(rounds: int) -> list[dict[str, Any]]:
    """Return the times of one row more."""
    X, y, _ = table("digits", "MLPClassifier")
    rows = []
    for hidden in ((16,), (100,)):
        for dtype in DTYPES:
            given = X.astype(dtype)
            both = [
                estimator(library, "MLPClassifier", hidden).partial_fit(
                    given[:1], y[:1], classes=np.arange(10)
                )
                for library in (sklearn.neural_network, syn0.neural_network)
            ]

            runs = [partial(stream, one, given, y) for one in both]
            theirs, ours = (t / 300 for t in race(runs, 2 * rounds))
            size = "-".join(map(str, hidden))
            print(
                f"partial_fit {size:4} {dtype}  {theirs * 1e6:7.1f} us {ours * 1e6:6.1f} us  "
                f"{theirs / ours:6.2f}"
            )
            rows.append({"partial_fit": hidden, "dtype": dtype, "ratio": theirs / ours})
    return rows


COLD = """
import time, warnings
warnings.simplefilter("ignore")
import numpy as np
from sklearn.datasets import load_digits
from {library}.neural_network import MLPClassifier
X, y = load_digits(return_X_y=True)
one = MLPClassifier((100,), random_state=0)
began = time.perf_counter()
one.fit(X / 16, y)
print(time.perf_counter() - began)
"""


def cold(rounds: int) -> list[dict[str, Any]]:
    """Return the seconds of a first fit, imports excluded, in fresh processes."""
    times: dict[str, list[float]] = {"sklearn": [], "syn0": []}
    for _ in range(rounds):
        for library, found in times.items():
            with tempfile.TemporaryDirectory() as cache:
                done = subprocess.run(
                    [sys.executable, "-c", COLD.format(library=library)], check=True,
                    env={**os.environ, "SYN0_CACHE": cache}, capture_output=True, text=True,
                )  # fmt: skip
            found.append(float(done.stdout))
    least = {library: min(found) for library, found in times.items()}
    print(f"cold: {least['sklearn']:.2f} s, {least['syn0']:.2f} s")
    return [{"cold": "digits", **least}]


PARTS = {"fit": fits, "search": search, "partial_fit": partial_fit, "cold": cold}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=[], help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--save", type=Path)
    given = parser.parse_args()
    found = {name: PARTS[name](given.rounds) for name in given.parts or PARTS}
    if given.save:
        given.save.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
