"""The exceptions that syn0 raises, each also the builtin that its peers raise.

Syn0Error
├── ShapeError          ValueError           sizes that do not fit together
├── DTypeError          TypeError            a kind of number that does not fit
├── UnknownNameError    ValueError           a layer, option or word that does not exist
├── UnknownArgumentError UnknownNameError, TypeError  an argument that does not exist
├── ArgumentError       ValueError           an option with a value it cannot take
├── DataError           ValueError           X, y or weights that cannot be learned from
├── NotBuiltError       RuntimeError         asked for parameters before shapes are known
├── GraphError          TypeError            a symbolic tensor used as if it were numbers
├── GradientError       ArithmeticError      a derivative that is missing or wrong
├── NonFiniteError      FloatingPointError, ValueError  training reached NaN or infinity
├── FileFormatError     ValueError           a file that is not what it should be
├── FileAccessError     OSError              a file that cannot be read or written
└── EngineError         NotImplementedError  an engine that cannot run this
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class Syn0Error(Exception):
    """Base of all errors of syn0: what happened, where, what was expected, how to mend it.

    Parameters
    ----------
    what : str
        One sentence with the facts.
    where : str, optional
        The layer, argument or op concerned.
    expected : str, optional
        What would have been accepted.
    mend : str, optional
        The change to make.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        mend: str | None = None,
    ) -> None:
        lines = [what]
        for label, text in (("where", where), ("expected", expected), ("mend", mend)):
            if text:
                lines.append(f"  {label + ':':<10}{text}")
        super().__init__("\n".join(lines))
        self.what, self.where, self.expected, self.mend = what, where, expected, mend


class ShapeError(Syn0Error, ValueError):
    """Sizes do not fit together."""


class DTypeError(Syn0Error, TypeError):
    """Numbers of a kind that does not fit."""


class UnknownNameError(Syn0Error, ValueError):
    """A name that does not exist."""


class UnknownArgumentError(UnknownNameError, TypeError):
    """An argument that does not exist, for which Python raises TypeError."""


class ArgumentError(Syn0Error, ValueError):
    """An argument with a value that it cannot take."""


class DataError(Syn0Error, ValueError):
    """Data that cannot be learned from."""


class NotBuiltError(Syn0Error, RuntimeError):
    """The network does not know its shapes yet."""


class GraphError(Syn0Error, TypeError):
    """A symbolic tensor was used as if it held numbers."""


class GradientError(Syn0Error, ArithmeticError):
    """A derivative is missing or wrong."""


class NonFiniteError(Syn0Error, FloatingPointError, ValueError):
    """Training reached NaN or infinity, for which scikit-learn raises ValueError."""


class FileFormatError(Syn0Error, ValueError):
    """A file is not what it should be: damaged, of another kind, or made to do harm."""


class FileAccessError(Syn0Error, OSError):
    """A file cannot be read or written."""


class EngineError(Syn0Error, NotImplementedError):
    """An engine cannot run what it was given."""


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """Return ``"did you mean 'relu'?"`` for the nearest of `names`, or the list of them."""
    known = sorted(set(names))
    folded = {name.lower().replace("_", ""): name for name in known}
    near = difflib.get_close_matches(word.lower().replace("_", ""), folded, n=1, cutoff=0.6)
    if near:
        return f"did you mean {folded[near[0]]!r}?"
    return "choose one of " + ", ".join(known)
