"""What is measured on a whole set of samples: loss, metrics, statistics of layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.layers import Layer
from syn0.program import State
from syn0.stateful import CHUNK, StatefulNetwork
from syn0.steps import Task
from syn0.training.samples import Data

Array = NDArray[Any]


def measure(model: StatefulNetwork, task: Task, data: Data) -> dict[str, float]:
    """Return loss and metrics under the keys of history, some thousand samples at a time."""
    data = data.present()
    task = replace(task, weighted=data.sample_weight is not None)
    executable = model.executable("evaluate", task=task)
    sums: dict[str, float] = dict.fromkeys(task.totals, 0.0)
    outputs: dict[str, list[Array]] = {name: [] for name, _, _ in task.of_whole_sets()}
    weight_total = 0.0
    for rows in data.passes(CHUNK):
        part = data.rows(rows)
        found, _ = executable.run(model.numbers, part.all())
        weight = float(found.get("weight", part.samples))
        weight_total += weight
        for name, kind in task.totals.items():
            sums[name] += float(found[name]) * (weight if kind == "mean" else 1.0)
        for name, parts in outputs.items():
            parts.append(found[f"output {name}"])
    totals = task.totals.items()
    figures = {k: sums[k] / weight_total if kind == "mean" else sums[k] for k, kind in totals}
    figures |= _of_whole_set(task, data, outputs)
    return {name: figures[name] for name in task.keys}


def _of_whole_set(task: Task, data: Data, outputs: Mapping[str, list[Array]]) -> dict[str, float]:
    found = {}
    for output, metric, target in task.of_whole_sets():
        assert target is not None  # metrics without targets are refused before
        y_true, y_pred = data.target(target.name), np.concatenate(outputs[output])
        value = metric.whole_set(y_true, y_pred, data.sample_weight)
        found[task.key(output, metric.name)] = float(value)
    return found


def measure_after_epoch(
    model: StatefulNetwork, task: Task, data: Data, *, all_metrics: bool
) -> dict[str, float]:
    """Return the metrics of the training data that its steps did not add up themselves.

    Parameters
    ----------
    all_metrics : bool
        Whether steps add up none: a minimizer tells the loss alone.
    """
    keys = set(task.keys) - {"loss"}
    wanted = keys if all_metrics else keys - set(task.totals)
    if not wanted:
        return {}
    return {name: v for name, v in measure(model, task, data).items() if name in wanted}


def measure_statistics(model: StatefulNetwork, inputs: Mapping[str, Array]) -> State:
    """Return what layers such as Normalization measure on the training data, once."""
    found: State = {}
    for scope, (layer, x) in unmeasured(model).items():
        values = inputs.get(x.name or "") if x.op.name == "input" else None
        if values is None:
            values = model.run_rows("reading", inputs, {**model.numbers, **found})[scope]
        for local, value in layer.statistics(np.asarray(values)).items():
            full = f"{local}_{scope}"
            found[full] = np.asarray(value, dtype=model.numbers[full].dtype)
    return found


def unmeasured(model: StatefulNetwork) -> dict[str, tuple[Any, Any]]:
    """Return the layers that still measure the training data, and what they read, by scope."""
    plain = (
        isinstance(layer, Layer) and type(layer).statistics is Layer.statistics
        for layer in model.layers.values()
    )
    if all(plain):  # no need to draw the graph
        return {}
    return {
        scope: (layer, x)
        for scope, (layer, x) in model.trace().gathered.measured.items()
        if not any(model.is_settled(f"{local}_{scope}") for local in layer.state(x.shape[1:]))
    }
