"""Parameters within parameters: ``optimizer__learning_rate``, ``network__hidden__units``.

Optimizers, losses and layers are frozen records, so that setting one of their numbers puts a
changed record in the place of the old: no two estimators can share what one of them sets.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from syn0 import losses, optimizers
from syn0.errors import ArgumentError, UnknownArgumentError, did_you_mean
from syn0.model import Model
from syn0.names import Record
from syn0.neural_network.definition import default_network

# What a word, or None, stands for, where a part of it is asked for or set.
_MEANING: Mapping[str, Callable[[Any], Any]] = {
    "optimizer": lambda given: optimizers.get("adam" if given is None else given),
    "loss": lambda given: given if given is None else losses.get(given),
    "network": lambda given: default_network if given is None else given,
}


@functools.cache
def _names_of(kind: Any) -> list[str]:
    found: list[str] = super(NestedParameters, kind)._get_param_names()
    return found


class NestedParameters:
    """Lets `get_params` and `set_params` reach into records, networks and functions.

    Stands left of `sklearn.base.BaseEstimator`.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name.

        Parameters
        ----------
        deep : bool
            Whether parameters of optimizers, losses, layers and functions are among them.
        """
        found: dict[str, Any] = super().get_params(deep)  # type: ignore[misc]
        if deep:
            for name, value in list(found.items()):
                found |= {f"{name}__{path}": part for path, part in parts_of(value)}
        return found

    @classmethod
    def _get_param_names(cls) -> list[str]:
        """Return the names of the parameters, which a search asks for thousands of times."""
        kind: Any = cls
        return list(_names_of(kind))

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters by name; an unknown one is an error, and nothing is changed then.

        Parameters
        ----------
        **parameters
            Such as ``epochs=5`` or ``optimizer__learning_rate=0.01``.
        """
        own = super().get_params(deep=False)  # type: ignore[misc]
        plain, nested = dict[str, Any](), dict[str, dict[str, Any]]()
        for key, value in parameters.items():
            name, _, path = key.partition("__")
            if path and name in own and not hasattr(own[name], "set_params"):
                nested.setdefault(name, {})[path] = value
            else:
                plain[key] = value
        for name, changes in nested.items():
            plain[name] = changed(self._meaning(name, plain.get(name, own[name])), changes, name)
        return super().set_params(**plain)  # type: ignore[misc]

    def _meaning(self, name: str, value: Any) -> Any:
        return _MEANING[name](value) if name in _MEANING else value


def parts_of(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parameters within a value, each with its path."""
    for name, part in _parts(value).items():
        yield name, part
        for path, inner in parts_of(part):
            yield f"{name}__{path}", inner


def _parts(value: Any) -> dict[str, Any]:
    if _is_record(value):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, Model):
        return dict(value.layers)
    if isinstance(value, Mapping):
        return {str(key): part for key, part in value.items() if _parts(part)}
    return _options(value) if _is_function(value) else {}


def _is_record(value: Any) -> bool:
    return isinstance(value, Record) and dataclasses.is_dataclass(value)


def _is_function(value: Any) -> bool:
    return inspect.isfunction(value) or isinstance(value, functools.partial)


def _options(function: Any) -> dict[str, Any]:
    """Return the arguments of a function that have a value by default."""
    known = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in known if p.default is not p.empty}


def changed(value: Any, changes: Mapping[str, Any], where: str) -> Any:
    """Return a value in whose parts something else stands.

    Parameters
    ----------
    value : record, network, mapping or function
        Stays as it is.
    changes : mapping of path to value
        What is set, such as ``{"learning_rate": 0.1}`` or ``{"hidden__units": 8}``.
    where : str
        The parameter, for errors.

    Raises
    ------
    UnknownArgumentError, ArgumentError
        If there is no such part.
    """
    whole = {path: new for path, new in changes.items() if "__" not in path}
    inner = dict[str, dict[str, Any]]()
    for path, new in changes.items():
        name, _, rest = path.partition("__")
        if rest:
            inner.setdefault(name, {})[rest] = new
    parts = _parts(value)
    for name, rest_of in inner.items():
        part = whole.get(name, parts.get(name))
        if name not in parts:
            raise _no_part(value, name, where, parts)
        whole[name] = changed(part, rest_of, f"{where}__{name}")
    return _with_parts(value, whole, where)


def _with_parts(value: Any, new: dict[str, Any], where: str) -> Any:
    if _is_record(value):
        return dataclasses.replace(value, **new)  # a wrong name is answered with the right one
    parts = _parts(value)
    if not parts:
        raise ArgumentError(
            f"{where} is {value!r}, which has no parameters to set.",
            where=", ".join(f"{where}__{name}" for name in new),
            expected="an object with parameters, such as optimizer=syn0.Adam()",
        )
    open_ended = _is_function(value) and _takes_more(value)
    for name in new:
        if name not in parts and not open_ended:
            raise _no_part(value, name, where, parts)
    if isinstance(value, Model):
        return value.anew(layers=new)
    if isinstance(value, Mapping):
        return {**value, **new}
    return functools.partial(value, **new)


def _takes_more(function: Any) -> bool:
    known = inspect.signature(function).parameters.values()
    return any(p.kind is p.VAR_KEYWORD for p in known)


def _no_part(value: Any, name: str, where: str, parts: Mapping[str, Any]) -> UnknownArgumentError:
    what = getattr(value, "__name__", type(value).__name__)
    return UnknownArgumentError(
        f"{what} has no parameter {name!r}.",
        where=f"{where}__{name}",
        mend=did_you_mean(name, parts) if parts else "give an object that has parameters",
    )
