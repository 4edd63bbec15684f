"""Searches over settings: nothing is compiled anew, and workers keep to their processors."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joblib import Parallel, delayed, parallel_config
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

import syn0
from syn0.engines.llvm.compiling.target import host
from syn0.engines.llvm.running import cpus as processors
from syn0.neural_network import NetworkClassifier

pytestmark = pytest.mark.skipif(host() is None, reason="the compiler does not know this processor")

X, Y = make_classification(240, 20, n_informative=10, n_classes=3, random_state=0)


@pytest.mark.parametrize(
    "grid",
    [
        {"optimizer__learning_rate": [1e-3, 1e-2], "optimizer__weight_decay": [0.01, 0.1]},
        {"network__drop__rate": [0.2, 0.4], "optimizer__clip_norm": [0.5, 2.0]},
    ],
    ids=lambda grid: " ".join(grid),
)
def test_a_search_over_numbers_compiles_nothing_anew(
    grid: dict[str, list[Any]], compiled: list[str]
) -> None:
    net = syn0.Sequential(
        syn0.Dense(24, "relu"), syn0.Dropout(0.1, name="drop"), syn0.Dense("auto")
    )
    adam = syn0.AdamW(weight_decay=0.02, clip_norm=1.0)
    estimator = NetworkClassifier(net, optimizer=adam, epochs=2, random_state=0)
    GridSearchCV(estimator, {name: values[:1] for name, values in grid.items()}, cv=2).fit(X, Y)
    compiled.clear()
    search = GridSearchCV(estimator, grid, cv=2, scoring="neg_log_loss").fit(X, Y)
    assert compiled == []
    assert len({*search.cv_results_["mean_test_score"]}) > 1  # the settings do count


# ----- processors ---------------------------------------------------------


def helpers() -> int:
    """Return how many threads of ours are alive beside the caller."""
    return sum(thread.name.startswith("syn0 helper") for thread in threading.enumerate())


def scored(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    return {"process": os.getpid(), "helpers": helpers(), "share": processors.share()}


def wide() -> NetworkClassifier:
    """A network whose steps are worth several threads."""
    net = syn0.Sequential(syn0.Dense(512, "relu"), syn0.Dense("auto"))
    return NetworkClassifier(net, epochs=1, batch_size=None, random_state=0)


@pytest.mark.skipif(processors.share() < 2, reason="needs two processors")
def test_workers_of_a_search_share_the_processors() -> None:
    here = processors.share()
    rows = np.vstack([X] * 2).astype("float32"), np.hstack([Y] * 2)
    wide().fit(*rows)
    assert helpers() > 0, "the network is too small to tell anything"
    search = GridSearchCV(
        wide(), {"random_state": [0, 1]}, cv=2, scoring=scored, refit=False, n_jobs=here
    ).fit(*rows)
    found = {
        key: np.concatenate([search.cv_results_[f"split{i}_test_{key}"] for i in range(2)])
        for key in ("process", "helpers", "share")
    }
    assert os.getpid() not in found["process"]
    assert set(found["share"]) == {1}
    assert set(found["helpers"]) == {0}, "a worker began more threads than its processor has"


def answers() -> np.ndarray:
    """Train and predict, with several threads where there are processors for them."""
    assert helpers() == 0 or os.getpid() == PROCESS
    return wide().fit(X.astype("float32"), Y).predict_proba(X[:5])


PROCESS = os.getpid()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_workers_train_with_the_same_bits() -> None:
    # By itself, since a process that has met JAX may not fork.
    script = "import test_searches; test_searches.forked()"
    places = (str(Path(__file__).parent), os.environ.get("PYTHONPATH", ""))
    child = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    subprocess.run([sys.executable, "-c", script], env=child, check=True, timeout=300)


def forked() -> None:
    """Compare what forked workers find with what this process finds."""
    here = answers()
    with parallel_config(backend="multiprocessing", n_jobs=2):
        there = Parallel()(delayed(answers)() for _ in range(2))
    assert np.array_equal(there[0], here) and np.array_equal(there[1], here)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [("1", 1), ("1,2", 1), ("0", None), ("many", None), ("9999", None), ("", None)],
)
def test_share_follows_the_usual_words(
    given: str, wanted: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in processors._SHARES:
        monkeypatch.delenv(name, raising=False)
    assert processors.share() == processors.cpus()
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert processors.share() == (wanted or processors.cpus())
