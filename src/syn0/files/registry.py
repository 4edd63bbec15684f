"""The closed list of what a file may name: classes of syn0 with their fields, and functions.

A name in a file is looked up here and nowhere else. Nothing is imported, and no attribute is
followed; a value goes into a field only if the annotation of the field allows it.
"""

from __future__ import annotations

import collections.abc
import types
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Union, get_args, get_origin, get_type_hints

from syn0 import (
    activations,
    initializers,
    layers,
    losses,
    metrics,
    ops,
    optimizers,
    penalties,
    schedules,
)
from syn0.files.refusal import Refused, short
from syn0.losses import scikit_learn as scikit_learn_losses
from syn0.optimizers import scikit_learn as scikit_learn_rules

_FAMILIES: Mapping[str, tuple[type, ...]] = {
    "layers": tuple(getattr(layers, n) for n in layers.__all__ if n != "Layer"),
    "activations": (activations.LeakyReLU, activations.ELU, activations.CustomDerivative),
    "initializers": (
        initializers.Constant, initializers.Zeros, initializers.Ones, initializers.Uniform,
        initializers.Normal, initializers.GlorotUniform, initializers.GlorotNormal,
        initializers.HeUniform, initializers.HeNormal, initializers.LecunNormal,
        initializers.Orthogonal, initializers.Auto,
    ),
    "losses": (
        losses.MeanSquaredError, losses.HalfSquaredError, losses.MeanAbsoluteError,
        losses.Huber, losses.LogCosh, losses.Quantile, losses.CrossEntropy,
        losses.BinaryCrossEntropy, losses.Poisson, losses.Hinge, losses.KLDivergence,
        losses.Focal, losses.FunctionLoss,
        scikit_learn_losses.LogLoss, scikit_learn_losses.SquaredError,
        scikit_learn_losses.PoissonDeviance,
    ),
    "metrics": (
        metrics.Accuracy, metrics.BalancedAccuracy, metrics.TopKAccuracy, metrics.Precision,
        metrics.Recall, metrics.F1, metrics.ROCAUC, metrics.MeanAbsoluteError,
        metrics.MeanSquaredError, metrics.R2, metrics.Perplexity, metrics.FunctionMetric,
    ),
    "optimizers": (
        optimizers.SGD, optimizers.RMSprop, optimizers.Adagrad, optimizers.Adadelta,
        optimizers.Adam, optimizers.AdamW, optimizers.Nadam, optimizers.Lion, optimizers.Muon,
        optimizers.LBFGS,
        scikit_learn_rules.ScikitLearnSGD, scikit_learn_rules.ScikitLearnAdam,
        scikit_learn_rules.ScikitLearnLBFGS,
    ),
    "schedules": (
        schedules.ConstantSchedule, schedules.StepDecay, schedules.ExponentialDecay,
        schedules.CosineDecay, schedules.OneCycle, schedules.WarmupCosine,
        scikit_learn_rules.InverseScaling, scikit_learn_rules.CorrectedRate,
    ),
    "penalties": (penalties.L1, penalties.L2),
}  # fmt: skip

CLASSES: Mapping[str, type] = {
    f"{family}.{kind.__name__}": kind for family, kinds in _FAMILIES.items() for kind in kinds
}
NAMES: Mapping[type, str] = {kind: name for name, kind in CLASSES.items()}

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{f"activations.{f.__name__}": f for f in activations._FUNCTIONS},
    **{f"ops.{name}": getattr(ops, name) for name in ops.__all__},
}

# Annotations are text until they are evaluated; this happens once, when the module is read,
# so that a file that is loaded evaluates nothing.
_HINTS: Mapping[type, Mapping[str, Any]] = {
    kind: {**get_type_hints(kind), **({"value": float} if kind is initializers.Constant else {})}
    for kind in NAMES
}


def fields_of(kind: type) -> list[str]:
    """Return the fields that make an object of a class."""
    return [f.name for f in fields(kind) if f.init]


def function_name(function: Any) -> str | None:
    """Return the name of a function of syn0, None for any other."""
    return next((name for name, known in FUNCTIONS.items() if known is function), None)


def make(name: str, values: Mapping[str, Any]) -> Any:
    """Return an object of syn0, of a class in the list, with fields that may be so.

    Raises
    ------
    Refused
        If there is no such class or field, or a field cannot have this value.
    """
    kind = CLASSES.get(name)
    if kind is None:
        raise Refused(
            f"it names {short(name)}, which this release of syn0 does not have.",
            expected="one of the classes of docs/model-file.md",
            mend="if the file is of a newer syn0: pip install --upgrade syn0",
        )
    known = fields_of(kind)
    for field, value in values.items():
        if field not in known:
            raise Refused(f"{name} has no field {short(field)}.", expected=", ".join(known))
        if not conforms(value, _HINTS[kind][field]):
            raise Refused(
                f"{name} has {field}={short(value)}.", expected=str(_HINTS[kind][field])[:200]
            )
    return kind(**values)


def conforms(value: Any, hint: Any) -> bool:
    """Tell whether a value is what an annotation says.

    Examples
    --------
    >>> conforms(3, int), conforms(True, int), conforms(3, float | None), conforms("3", int)
    (True, False, True, False)
    """
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if hint is None or hint is type(None):
        return value is None
    if origin in (Union, types.UnionType):
        return any(conforms(value, part) for part in parts)
    if origin is collections.abc.Callable or hint is collections.abc.Callable:
        return callable(value) and not isinstance(value, type)
    if (origin is tuple and len(parts) == 2 and parts[1] is Ellipsis) or (
        origin is collections.abc.Sequence
    ):
        return isinstance(value, tuple) and all(conforms(item, parts[0]) for item in value)
    if origin is tuple:
        same = isinstance(value, tuple) and len(value) == len(parts)
        return same and all(map(conforms, value, parts))
    if hint in (int, float):
        kinds = (int,) if hint is int else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool)
    return isinstance(hint, type) and isinstance(value, hint)
