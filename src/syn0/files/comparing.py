"""In what a run that was put into a file differs from a fit that shall resume it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from syn0.files import records
from syn0.files.refusal import short

_ABSENT = "nothing"
_UNTOLD = ("optimizer", "fields", "items", "is")  # parts of a path that say nothing to people


@dataclass(frozen=True)
class Difference:
    """What differs, what it is in the run, and what it is in the fit."""

    what: str
    there: Any
    here: Any
    of_data: bool = False

    def __str__(self) -> str:
        return f"{self.what} is {_said(self.there)} in the run and {_said(self.here)} in this fit"


def first_difference(there: records.Model, here: records.Model) -> Difference | None:
    """Return the first thing in which two checkpoints are not of one run; None if they are.

    Their numbers are not compared, nor the place where they stand.
    """
    assert there.run is not None
    assert here.run is not None
    one, other = msgspec.to_builtins(there), msgspec.to_builtins(here)
    return (
        _of_networks(one["network"], other["network"])
        or _of(one["input_shapes"], other["input_shapes"], "the shape of an input")
        or _of(_own(one), _own(other), "what is of your own")
        or _of_tasks(one["training"]["task"], other["training"]["task"])
        or _of(one["run"]["optimizers"], other["run"]["optimizers"], "the optimizer")
        or _of_data(there.run.data, here.run.data)
        or _of(there.run.batch_size, here.run.batch_size, "batch_size")
        or _of(there.run.shuffle, here.run.shuffle, "shuffle")
    )


def _of_networks(there: dict[str, Any], here: dict[str, Any]) -> Difference | None:
    names, others = _labels(there), _labels(here)
    if list(names.values()) != list(others.values()):
        first, second = (", ".join(n for n in x.values() if n) for x in (names, others))
        return Difference("the list of layers", first, second)
    for number, (one, other) in enumerate(zip(there["layers"], here["layers"], strict=True)):
        name = names.get(number)
        found = _of(one, other, f"layer {name!r}" if name else "an input")
        if found is not None:
            return found
    seen = ("layers", "settled")  # statistics become settled as training goes
    one, other = ({k: v for k, v in x.items() if k not in seen} for x in (there, here))
    return _of(one, other, "the network")


def _labels(network: Mapping[str, Any]) -> dict[int, str | None]:
    return {node["layer"]: node["label"] for node in network["nodes"]}


def _own(model: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is not of syn0, but for rates, which change as training goes."""
    return [{k: v for k, v in own.items() if k != "rate"} for own in model["own"]]


def _of_tasks(there: dict[str, Any], here: dict[str, Any]) -> Difference | None:
    for key, what in (("losses", "the loss"), ("metrics", "a metric")):
        found = _of(there[key], here[key], what)
        if found is not None:
            return found
    # Whether samples are weighted is told by the data.
    one, other = ({k: v for k, v in x.items() if k != "weighted"} for x in (there, here))
    return _of(one, other, "what is learned")


def _of_data(there: Mapping[str, str], here: Mapping[str, str]) -> Difference | None:
    for name in (*there, *here):
        if there.get(name) != here.get(name):
            return Difference(f"the data {name!r}", there.get(name), here.get(name), of_data=True)
    return None


def _of(there: Any, here: Any, what: str, path: tuple[str, ...] = ()) -> Difference | None:
    """Return the first difference of two trees, named by the way to it."""
    if isinstance(there, dict) and isinstance(here, dict):
        keys = [*there, *(key for key in here if key not in there)]
        parts = [(str(k), there.get(k, _ABSENT), here.get(k, _ABSENT)) for k in keys]
    elif isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        several = len(there) > 1
        parts = [(str(i + 1) if several else "", *x) for i, x in enumerate(zip(there, here))]
    elif there == here and type(there) is type(here):
        return None
    else:
        told = " ".join(part for part in path if part and part not in _UNTOLD)
        return Difference(f"{what}, {told}," if told else what, there, here)
    return next(
        (found for key, a, b in parts if (found := _of(a, b, what, (*path, key))) is not None), None
    )


def _said(value: Any) -> str:
    return value if isinstance(value, str) else short(value, 200)
