"""What our estimators share: words of other libraries, and no change where a call fails."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from syn0.hints import estimator_hint


class HelpfulArguments:
    """Answers an argument that an estimator does not have with the one that it has."""

    def __new__(cls, *values: Any, **options: Any) -> Self:
        """Refuse an unknown argument."""
        kind: Any = cls
        known, open_ended = _arguments_of(kind) if options else ([], True)
        for option in options:
            if option not in known and not open_ended:
                raise estimator_hint(cls.__name__, option, known)
        return super().__new__(cls)


@cache
def _arguments_of(kind: Any) -> tuple[list[str], bool]:
    """Return the arguments of a class, and whether it takes any others; looked up once."""
    known = inspect.signature(kind.__init__).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in known.values())
    return [name for name in known if name != "self"], open_ended


@contextmanager
def unchanged_on_failure(estimator: Any) -> Iterator[None]:
    """Put all attributes back to what they were, if the calls within raise an error."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def require_fitted(estimator: Any) -> None:
    """Raise scikit-learn's `NotFittedError`, with what to call, unless there was a fit."""
    check_is_fitted(
        estimator,
        msg="This %(name)s is not fitted yet: call fit(X, y) before predict, predict_proba or "
        "score; a clone is never fitted.",
    )
