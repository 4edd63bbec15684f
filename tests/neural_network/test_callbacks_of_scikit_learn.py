"""scikit-learn's own callbacks hear of our fits and epochs, and may stop them."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV

from syn0.neural_network import NetworkClassifier, NetworkRegressor

callback = pytest.importorskip("sklearn.callback")

X, Y = load_iris(return_X_y=True)


class Recorder:
    """Notes each call; stops at an epoch."""

    def __init__(self, stop_at: int = 99) -> None:
        self.calls: list[str] = []
        self.stop_at = stop_at

    def setup(self, estimator: Any, context: Any) -> None:
        self.calls.append("setup")

    def teardown(self, estimator: Any, context: Any) -> None:
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self.calls.append(f"begin {context.task_name} {context.task_id}")

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None, metadata: Any = None
    ) -> bool:
        assert fitted_estimator.predict(X).shape == (150,)
        self.calls.append(f"end {context.task_name} {context.task_id}")
        return context.task_name == "epoch" and context.task_id == self.stop_at


@pytest.mark.parametrize("kind", [NetworkClassifier, NetworkRegressor])
def test_each_epoch_is_a_task(kind: Any) -> None:
    recorder = Recorder(stop_at=1)
    estimator = kind(epochs=5).set_callbacks(recorder).fit(X, Y)
    assert estimator.n_iter_ == 2
    assert recorder.calls == [
        "setup", "begin fit 0", "begin epoch 0", "end epoch 0", "begin epoch 1", "end epoch 1",
        "end fit 0", "teardown",
    ]  # fmt: skip


def test_a_failed_fit_is_torn_down() -> None:
    recorder = Recorder()
    estimator = NetworkClassifier(epochs=5).set_callbacks(recorder)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        estimator.fit(X, Y[:9])
    assert recorder.calls == ["setup", "begin fit 0", "teardown"]
    assert not [name for name in vars(estimator) if name.endswith("_")]


def test_scores_are_those_of_the_epoch() -> None:
    monitor = callback.ScoringMonitor(scoring="neg_log_loss")
    watched = NetworkClassifier(epochs=4, random_state=0).set_callbacks(monitor).fit(X, Y)
    scores = [row["neg_log_loss"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    for epochs, score in enumerate(scores, start=1):
        alone = clone(watched).set_params(epochs=epochs)
        alone.set_callbacks().fit(X, Y)
        assert callback_score(alone) == pytest.approx(score)


def callback_score(estimator: Any) -> float:
    return get_scorer("neg_log_loss")(estimator, X, Y)


def test_a_search_passes_them_on(capsys: pytest.CaptureFixture[str]) -> None:
    search = GridSearchCV(NetworkClassifier(epochs=2), {"random_state": [1]}, cv=2)
    search.set_callbacks(callback.ProgressBar()).fit(X, Y)
    assert "NetworkClassifier - fit" in capsys.readouterr().out
