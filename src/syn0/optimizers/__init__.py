r"""Optimizers: how a gradient becomes a step of the parameters.

In formulas :math:`W` is a parameter, :math:`g` its gradient, :math:`t` the number of the
step from 1, :math:`\eta` the learning rate. Sums and averages start from zeros.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase

from syn0.errors import ArgumentError, UnknownNameError, did_you_mean
from syn0.names import Catalogue
from syn0.optimizers.adaptive import Adadelta, Adagrad, Adam, AdamW, Nadam, RMSprop
from syn0.optimizers.base import (
    Group,
    Optimizer,
    apply_updates,
    declare,
    global_norm,
    groups_of,
    penalties,
    refuse_in_mapping,
    schedules_of,
)
from syn0.optimizers.descent import SGD, Lion, Muon
from syn0.optimizers.lbfgs import LBFGS

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Group",
    "Lion",
    "Muon",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "apply_updates",
    "assign",
    "catalogue",
    "declare",
    "get",
    "global_norm",
    "groups_of",
    "penalties",
    "schedules_of",
]

_CLASSES = (SGD, RMSprop, Adagrad, Adadelta, Adam, AdamW, Nadam, Lion, Muon, LBFGS)

catalogue: Catalogue[Optimizer] = Catalogue(
    "optimizer",
    {c.__name__.lower(): c for c in _CLASSES},
    {
        "momentum": "syn0.SGD(0.01, momentum=0.9)",
        "nesterov": "syn0.SGD(0.01, momentum=0.9, nesterov=True)",
        "gradient_descent": "'sgd'",
        "l-bfgs-b": "'lbfgs'",
        "adamax": "'adam'",
        "amsgrad": "'adam'",
        "ftrl": "'adagrad'",
    },
)


Choice = Optimizer | dict[str, Optimizer]
Given = str | Optimizer | Mapping[str, str | Optimizer]


def get(optimizer: Given) -> Choice:
    """Return the optimizer of a name, with its defaults, or the one given.

    A mapping of patterns gives a dict of patterns, to be resolved by `assign`.

    Examples
    --------
    >>> get("sgd")
    SGD(learning_rate=0.01, ..., momentum=0.0, nesterov=False)
    """
    if isinstance(optimizer, Mapping):
        if not optimizer:
            raise ArgumentError(
                "the mapping of optimizers is empty.", where="optimizer={pattern: optimizer}"
            )
        rules = {pattern: _single(given) for pattern, given in optimizer.items()}
        for rule in rules.values():
            refuse_in_mapping(rule)
        return rules
    return _single(optimizer)


def _single(optimizer: str | Optimizer) -> Optimizer:
    if isinstance(optimizer, str):
        return catalogue.make(optimizer)
    if isinstance(optimizer, Optimizer):
        return optimizer
    raise catalogue.refuse(optimizer, "a name, an optimizer, or {pattern of names: optimizer}")


def assign(
    optimizer: Given, names: Sequence[str], frozen: Collection[str] = ()
) -> dict[str, Optimizer]:
    """Return the optimizer of each parameter.

    Parameters
    ----------
    optimizer : str, Optimizer, or mapping of pattern to these
        One for all, or one for each pattern of names, such as ``"W_*"``; of several patterns
        that fit, the first counts.
    names : sequence of str
        The trainable parameters, frozen ones included.
    frozen : collection of str, optional
        Those that do not learn for now: a pattern may be for them alone, and they may be
        without an optimizer.

    Raises
    ------
    ArgumentError
        If no pattern fits a parameter.
    UnknownNameError
        If a pattern fits none.

    Examples
    --------
    >>> chosen = assign({"W_*": "muon", "*": "adam"}, ["W_hidden", "b_hidden"])
    >>> {name: optimizer.name for name, optimizer in chosen.items()}
    {'W_hidden': 'muon', 'b_hidden': 'adam'}
    """
    rules = get(optimizer)
    if isinstance(rules, Optimizer):
        return dict.fromkeys(names, rules)
    for pattern in rules:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise UnknownNameError(
                f"no trainable parameter is called {pattern!r}.",
                where="optimizer={pattern: optimizer}",
                mend=did_you_mean(pattern, names),
            )
    found: dict[str, Optimizer] = {}
    for name in names:
        fitting = [rule for p, rule in rules.items() if fnmatchcase(name, p)]
        if not fitting and name in frozen:
            continue
        if not fitting:
            raise ArgumentError(
                f"no pattern of the optimizers fits the parameter {name!r}.",
                where="optimizer={pattern: optimizer}",
                mend='add {"*": optimizer} as the last one',
            )
        found[name] = fitting[0]
    return found
