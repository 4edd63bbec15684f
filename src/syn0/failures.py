"""What is said when training meets NaN or infinity: the layer, the cause and the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import NonFiniteError
from syn0.stateful import StatefulNetwork
from syn0.steps import Plan

LARGE = 1e3  # inputs beyond this are taken for unscaled


def explain_failure(
    model: StatefulNetwork, plan: Plan, batch: Mapping[str, NDArray[Any]], failure: str, step: int
) -> NonFiniteError:
    """Return the error for a step that was not done.

    Parameters
    ----------
    model : StatefulNetwork
        It holds the numbers from before the step.
    plan : Plan
        What would have updated them.
    batch : mapping of str to array
        The samples of the step.
    failure : str
        What was not finite: ``loss``, ``gradient`` or an entry of the state.
    step : int
        The absolute number of the step.
    """
    cause, mend = _cause(model, plan, batch)
    known = failure in model.numbers
    what = f"the new value of {failure}" if known else f"the {failure}"
    return NonFiniteError(
        f"{what} is NaN or infinite at step {step + 1}; the network keeps the last full step.",
        where=_where(model, batch, failure),
        expected=f"finite numbers; it seems that {cause}",
        mend=mend,
    )


def _where(model: StatefulNetwork, batch: Mapping[str, NDArray[Any]], failure: str) -> str:
    """Name the first layer that puts out NaN, or that of the parameter, or the last one."""
    found, _ = model.executable("activations").run(model.numbers, batch)
    for name, values in found.items():
        if not np.all(np.isfinite(values)):
            return f"layer {name!r}"
    layer = model.layer_of(_parameter_of(model, failure))
    if layer is not None:
        return f"layer {layer!r}"
    last, values = list(found.items())[-1]
    size = float(np.max(np.abs(values)))
    return f"the loss of what layer {last!r} puts out, values up to {size:.3g}"


def _cause(
    model: StatefulNetwork, plan: Plan, batch: Mapping[str, NDArray[Any]]
) -> tuple[str, str]:
    largest = max(float(np.max(np.abs(batch[name]))) for name in model.input_names)
    rate = None if plan.schedules else plan.learning_rate(model.numbers)
    if largest > LARGE:
        return (
            f"values up to {largest:.3g} in X enter the network unscaled",
            "scale X first: syn0.Normalization() as the first layer, or sklearn's StandardScaler",
        )
    if rate is None:
        return (
            "the steps are too large for this network",
            "scale the targets, lower the schedule, or start with smaller weights",
        )
    return (
        f"the step size {rate:g} is too large for this network",
        f"learning_rate={rate / 10:g}, or clip_global_norm=1.0",
    )


def _parameter_of(model: StatefulNetwork, entry: str) -> str:
    """Return the parameter that an entry is, or that a slot such as m_W_hidden belongs to."""
    names = [e.name for e in model.entries()]
    return next((name for name in names if entry == name or entry.endswith(f"_{name}")), entry)
