"""Look up the words that people write, and say what words of other libraries are here.

A family of objects (activations, losses, ...) has one `Catalogue`. A class whose arguments
people set by name is a `Record`: a wrong argument is answered with the right one.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from numbers import Integral
from typing import Any, ClassVar, Generic, Self, TypeVar

from syn0.errors import ArgumentError, UnknownArgumentError, UnknownNameError, did_you_mean

T = TypeVar("T")

# What Keras, PyTorch and scikit-learn call arguments that several classes here have.
FOREIGN_ARGUMENTS: Mapping[str, str] = {
    "alpha_init": "start",
    "betas": "beta_1 and beta_2",
    "clipnorm": "clip_norm",
    "clipvalue": "clip_value",
    "decay_rate": "a schedule as learning_rate, or weight_decay",
    "eps": "epsilon",
    "global_clipnorm": "clip_global_norm",
    "initial_learning_rate": "learning_rate",
    "input_dim": "nothing: sizes of inputs are inferred, or an Input first",
    "input_shape": "an Input(shape) as the first layer, or nothing: sizes are inferred",
    "in_features": "nothing: sizes of inputs are inferred",
    "kernel_initializer": "initializer",
    "kernel_regularizer": "kernel_penalty",
    "learning_rate_init": "learning_rate",
    "lr": "learning_rate",
    "max_lr": "learning_rate",
    "momentum_decay": "nothing: it is fixed as in the publication",
    "out_features": "units",
}


def snake_case(name: str) -> str:
    """Return a class's name as that of an object.

    Examples
    --------
    >>> snake_case("GlobalAveragePool2D"), snake_case("PReLU")
    ('global_average_pool2d', 'prelu')
    >>> snake_case("Conv2DTranspose")
    'conv2d_transpose'
    """
    return re.sub(r"(?:(?<=[a-z])|(?<=\dD))(?=[A-Z][a-z])", "_", name).lower()


@dataclass(frozen=True)
class Catalogue(Generic[T]):
    """The names of one family and what they stand for.

    Parameters
    ----------
    kind : str
        What the family is called in errors, such as ``"activation"``.
    makers : mapping of name to callable
        Makes the object with its defaults.
    foreign : mapping of name to str
        Words of other libraries and what to write here.
    """

    kind: str
    makers: Mapping[str, Callable[[], T]]
    foreign: Mapping[str, str] = field(default_factory=dict)

    def make(self, name: str) -> T:
        """Return the object that `name` stands for, with its defaults."""
        if name in self.makers:
            return self.makers[name]()
        words = {_folded(word): use for word, use in self.foreign.items()}
        use = words.get(_folded(name))
        raise UnknownNameError(
            f"there is no {self.kind} {name!r}.",
            mend=f"write {use}" if use else did_you_mean(name, self.makers),
        )

    def refuse(self, value: Any, expected: str) -> ArgumentError:
        """Return the error for a value that cannot be one of the family."""
        if isinstance(value, type):
            what = f"{value.__name__} is a class, not {_article(self.kind)}."
            return ArgumentError(what, expected=expected, mend=f"write {value.__name__}()")
        return ArgumentError(
            f"{value!r} of type {type(value).__name__} is not {_article(self.kind)}.",
            expected=expected,
        )


class Record:
    """A class whose arguments are checked by name before Python does.

    A subclass lists in `foreign` what other libraries call its arguments.
    """

    foreign: ClassVar[Mapping[str, str]] = {}

    def __new__(cls, *values: Any, **options: Any) -> Self:
        """Refuse an argument that does not exist, naming the one that does."""
        if options:
            names, more = _arguments(cls)  # type: ignore[arg-type]  # classes have a hash
            for option in options:
                if option not in names and not more:
                    raise _unknown_argument(cls, option, names)
        return super().__new__(cls)


@cache
def _arguments(cls: type[Record]) -> tuple[list[str], bool]:
    """Return the names of a class's arguments, and whether it takes any others."""
    known = inspect.signature(cls.__init__).parameters
    names = [name for name in known if name != "self"]
    return names, any(p.kind is p.VAR_KEYWORD for p in known.values())


def _unknown_argument(cls: type[Record], option: str, names: list[str]) -> UnknownArgumentError:
    use = {**FOREIGN_ARGUMENTS, **cls.foreign}.get(option)
    if use in names:
        use = f"{use}="
    return UnknownArgumentError(
        f"{cls.__name__} has no argument {option!r}.",
        where=f"{cls.__name__}({option}=...)",
        expected=", ".join(names) or "no argument",
        mend=f"write {use}" if use else did_you_mean(option, names),
    )


def require(condition: bool, owner: object, argument: str, expected: str) -> None:
    """Raise an `ArgumentError` about ``owner.argument`` unless `condition` holds."""
    if not condition:
        name = type(owner).__name__
        raise ArgumentError(
            f"{name} got {argument}={getattr(owner, argument)!r}.",
            where=f"{name}({argument}=...)",
            expected=expected,
        )


def is_count(value: Any) -> bool:
    """Tell whether this is a whole number from 1 on.

    Examples
    --------
    >>> is_count(3), is_count(0), is_count(True), is_count(2.0)
    (True, False, False, False)
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return whole and int(value) >= 1


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _folded(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "").removesuffix("loss")
