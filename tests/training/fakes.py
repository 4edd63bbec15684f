"""A train step small enough to check by hand, and listeners that remember."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from syn0.engines import Control, Feed
from syn0.errors import NonFiniteError
from syn0.program import State
from syn0.training.events import Event
from syn0.training.run import Listener, Run


def new_state(learning_rate: float = 0.05) -> State:
    return {
        "W": np.zeros(3, "float32"),
        "m_W": np.zeros(3, "float32"),
        "learning_rate": np.asarray(learning_rate, "float32"),
        "step": np.asarray(0),
    }


def data(samples: int = 23) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(samples, 3)).astype("float32")
    return {"x": x, "y": x @ np.asarray([1, -2, 3], "float32")}


class LinearStep:
    """Least squares with momentum; `pieces` makes each span come back after so many steps."""

    def __init__(self, pieces: Iterator[int] | None = None) -> None:
        self.pieces = pieces
        self.spans: list[tuple[int, int]] = []

    def run(
        self, state: State, batch: Mapping[str, np.ndarray]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        with np.errstate(all="ignore"):
            return self._run(state, batch)

    def _run(
        self, state: State, batch: Mapping[str, np.ndarray]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        error = batch["x"] @ state["W"] - batch["y"]
        rate = batch.get("learning_rate", state["learning_rate"])
        m_W = np.float32(0.9) * state["m_W"] + batch["x"].T @ error / np.float32(len(error))
        updates = {"m_W": m_W, "W": state["W"] - rate * m_W, "step": state["step"] + 1}
        return {"loss": float((error**2).mean())}, updates

    def run_span(self, state: State, feed: Feed, first: int, count: int, control: Control) -> int:
        count = int(min(count, control.until))
        self.spans.append((first, count))
        limit = min(count, next(self.pieces)) if self.pieces else count
        for done in range(limit):
            batch = feed.batch(first + done)
            outputs, updates = self.run(state, batch)
            if not np.isfinite(outputs["loss"]):
                control.failure = "loss"
                return done
            state.update(updates)
            rows = len(batch["x"])
            for name, value in (("weight", rows), ("loss", outputs["loss"] * rows)):
                control.row[f"{name}_total"] = control.row.get(f"{name}_total", 0.0) + value
            if (first + done + 1) % feed.steps_per_epoch == 0:
                control.rows.append(control.row)
                control.row = {}
            if control.abort or time.monotonic() > control.deadline:
                return done + 1
        return limit


class Recorder(Listener):
    def __init__(self, *, every_epoch: bool = False, wants_progress: bool = False) -> None:
        self.every_epoch = every_epoch
        self.wants_progress = wants_progress
        self.events: list[Event] = []
        self.closed = 0

    def receive(self, event: Event, run: Run) -> None:
        self.events.append(event)

    def close(self) -> None:
        self.closed += 1

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class Hooked:
    """A feed that calls a function before the batch of one step."""

    def __init__(self, feed: Any, step: int, function: Callable[[], object]) -> None:
        self.feed = feed
        self.steps_per_epoch = feed.steps_per_epoch
        self.step = step
        self.function = function

    def batch(self, step: int) -> dict[str, np.ndarray]:
        if step == self.step:
            self.function()
        return self.feed.batch(step)


def explain(failure: str, step: int) -> NonFiniteError:
    return NonFiniteError(f"{failure} is not finite.", where="output", mend="a lower rate")
