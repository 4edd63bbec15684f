"""`syn0 tour`: each kind of network on real data, beside a baseline, with its Python.

A stop is a function. Its body is the Python that the tour prints, and the Python that ran.
"""

from __future__ import annotations

import inspect
import re
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import syn0
from syn0.lab.page import Page, percent


@dataclass(frozen=True)
class Stop:
    """A network of the tour.

    Parameters
    ----------
    title, about : str
        What it is and what it learns.
    run : callable
        Trains it and returns its accuracy.
    baselines : callable
        Returns the accuracy of what it has to beat, by name.
    measured : str
        On what the accuracy was measured.
    """

    title: str
    about: str
    run: Callable[[], float]
    baselines: Callable[[], dict[str, float]]
    measured: str

    @property
    def code(self) -> str:
        """The Python that runs, as a program of its own."""
        return program_of(self.run)


def program_of(function: Callable[[], float]) -> str:
    """Return a function's body as a program that prints what the function returns."""
    lines = textwrap.dedent(inspect.getsource(function)).splitlines()
    body = textwrap.dedent("\n".join(lines[2:]))  # after the signature and the docstring
    shown = re.sub(r"^return (.*)$", r"print(\1)", body, flags=re.MULTILINE)
    first, rest = shown.split("\n\n", 1)
    found = [line for line in first.splitlines() if line.startswith(("from ", "import "))]
    if not found:
        first, rest = "", shown
    used = ["import numpy as np"] if "np." in shown else []
    head = "\n".join([*used, *found, "import syn0"])
    return f"{head}\n\n{rest}\n"


# ----- the lesson's network -----------------------------------------------


def learn_lesson() -> float:
    """Learn the lesson's four rows."""
    X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
    y = np.array([0, 1, 1, 0])

    net = syn0.Sequential(
        syn0.Dense(4, activation="sigmoid", name="hidden"),
        syn0.Dense(1, activation="sigmoid"),
        random_state=1,
    )
    net.fit(X, y, optimizer=syn0.SGD(1.0), epochs=5_000, verbose=0)
    return net.evaluate(X, y)["accuracy"]


def _lesson_baselines() -> dict[str, float]:
    from sklearn.linear_model import LogisticRegression

    X, y = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]), np.array([0, 1, 1, 0])
    line = LogisticRegression().fit(X, y).score(X, y)
    return {"always the same answer": 0.5, "logistic regression": float(line)}


# ----- diagnosis ----------------------------------------------------------


def diagnose_tumours() -> float:
    """Tell malignant from benign tumours, in five folds."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import StratifiedKFold

    X, y = load_breast_cancer(return_X_y=True)
    scores = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
        net = syn0.Sequential(
            syn0.Normalization(),
            syn0.Dense(128, activation="tanh"),
            syn0.Dense(128, activation="tanh"),
            syn0.Dense(2, activation="softmax"),
            random_state=0,
        )
        net.fit(X[train], y[train], verbose=0)
        scores.append(net.evaluate(X[test], y[test])["accuracy"])
    return float(np.mean(scores))


def _tumour_baselines() -> dict[str, float]:
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = load_breast_cancer(return_X_y=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    line = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
    return {
        "always the more frequent answer": float(np.bincount(y).max() / len(y)),
        "logistic regression": float(np.mean(cross_val_score(line, X, y, cv=folds))),
    }


# ----- digits -------------------------------------------------------------


def read_digits() -> float:
    """Read handwritten digits, a fifth of them held out."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X / 16, y, test_size=0.2, stratify=y, random_state=0
    )
    net = syn0.Sequential(
        syn0.Dense(256, activation="relu"),
        syn0.Dropout(0.3),
        syn0.Dense(128, activation="relu"),
        syn0.Dense(10, activation="softmax"),
        random_state=0,
    )
    net.fit(X_train, y_train, epochs=40, verbose=0)
    return net.evaluate(X_test, y_test)["accuracy"]


def see_digits() -> float:
    """Read the same digits as pictures, by convolution."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    X, y = load_digits(return_X_y=True)
    images = X.reshape(-1, 8, 8, 1) / 16
    X_train, X_test, y_train, y_test = train_test_split(
        images, y, test_size=0.2, stratify=y, random_state=0
    )
    net = syn0.Sequential(
        syn0.ZeroPadding2D(1),
        syn0.layers.RandomCrop(8, 8),
        syn0.Conv2D(32, 3, padding="same", activation="relu"),
        syn0.MaxPool2D(2),
        syn0.Conv2D(64, 3, padding="same", activation="relu"),
        syn0.MaxPool2D(2),
        syn0.Flatten(),
        syn0.Dropout(0.3),
        syn0.Dense(10, activation="softmax"),
        random_state=0,
    )
    net.fit(X_train, y_train, epochs=30, batch_size=32, verbose=0)
    return net.evaluate(X_test, y_test)["accuracy"]


def _seen_digit_baselines() -> dict[str, float]:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.svm import SVC

    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X / 16, y, test_size=0.2, stratify=y, random_state=0
    )
    machine = SVC(gamma="scale").fit(X_train, y_train)
    return {**_digit_baselines(), "support vector machine": float(machine.score(X_test, y_test))}


def _digit_baselines() -> dict[str, float]:
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split

    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X / 16, y, test_size=0.2, stratify=y, random_state=0
    )
    line = LogisticRegression(max_iter=1_000).fit(X_train, y_train)
    return {
        "always the same answer": float(np.bincount(y_test).max() / len(y_test)),
        "logistic regression": float(line.score(X_test, y_test)),
    }


# ----- the tour -----------------------------------------------------------

STOPS = (
    Stop(
        "The lesson's network: four rows that no straight line separates",
        "Three inputs, four hidden units, one output. The hidden layer is what makes it "
        "possible: a single neuron gets at most three of the four right.",
        learn_lesson,
        _lesson_baselines,
        "the four rows it learned",
    ),
    Stop(
        "Diagnosis: is a tumour malignant?",
        "569 patients, 30 measurements of cell nuclei under a microscope (breast cancer "
        "Wisconsin, shipped with scikit-learn). The first layer scales the columns by what "
        "it measures on the training rows; all else is the default fit.",
        diagnose_tumours,
        _tumour_baselines,
        "patients held out, mean of five folds",
    ),
    Stop(
        "Computer vision: which digit is it?",
        "1,797 handwritten digits of 8 x 8 pixels, shipped with scikit-learn. The softmax "
        "gives a probability for each of the ten digits; dropout keeps the network from "
        "learning the training digits by heart.",
        read_digits,
        _digit_baselines,
        "a fifth of the digits, held out",
    ),
    Stop(
        "Convolution: the same digits as pictures",
        "The network above is told 64 numbers and not that they lie beside each other. Here "
        "windows of 3 x 3 pixels slide over the picture; each filter looks for one pattern, "
        "wherever it is, and only the strongest answer of every 2 x 2 goes on. In training "
        "each digit is moved by up to a pixel, anew at each look.",
        see_digits,
        _seen_digit_baselines,
        "a fifth of the digits, held out",
    ),
)


def show(page: Page) -> dict[str, float]:
    """Print the tour, and return the accuracy by stop."""
    began = time.perf_counter()
    scores = {}
    page.title(f"A tour of {len(STOPS)} networks")
    for number, stop in enumerate(STOPS, start=1):
        page.heading(f"{number}. {stop.title}")
        page.say(stop.about)
        start = time.perf_counter()
        score = stop.run()
        seconds = time.perf_counter() - start
        scores[stop.title] = score
        rows = [[name, percent(accuracy)] for name, accuracy in stop.baselines().items()]
        page.table(["", f"right, on {stop.measured}"], [*rows, ["this network", percent(score)]])
        page.say(f"Trained and tested in {seconds:.1f} s by this Python:")
        page.code(textwrap.indent(stop.code, "    "))
    page.heading(f"Seen in {time.perf_counter() - began:.0f} s. Go on")
    page.command("syn0 lesson", "the first network, number by number")
    page.command("syn0 study activations", "the lesson's claims, measured")
    return scores
