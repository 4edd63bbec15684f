"""Loss and metrics of a network on a whole set of samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0 import fitting
from syn0.fitting import Data
from syn0.stateful import CHUNK, StatefulNetwork
from syn0.steps import Task

Array = NDArray[Any]


def measure(model: StatefulNetwork, task: Task, data: Data) -> dict[str, float]:
    """Return loss and metrics under the keys of history, some thousand samples at a time."""
    data = data.present()
    task = replace(task, weighted=data.sample_weight is not None)
    executable = model.executable("evaluate", task=task)
    sums: dict[str, float] = dict.fromkeys(task.totals, 0.0)
    outputs: dict[str, list[Array]] = {name: [] for name in task.output_names}
    weight_total = 0.0
    for rows in fitting.chunks(data.samples, CHUNK):
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
        y_true, y_pred = data.targets[target.name], np.concatenate(outputs[output])
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
