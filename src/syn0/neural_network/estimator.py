"""What our estimators share: words of other libraries, and no change where a call fails."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from syn0.hints import estimator_hint


class HelpfulArguments:
    """Answers an argument that an estimator does not have with the one that it has."""

    def __new__(cls, *values: Any, **options: Any) -> Self:
        """Refuse an unknown argument."""
        known = inspect.signature(cls.__init__).parameters if options else {}
        open_ended = any(p.kind is p.VAR_KEYWORD for p in known.values())
        for option in options:
            if option not in known and not open_ended:
                names = [name for name in known if name != "self"]
                raise estimator_hint(cls.__name__, option, names)
        return super().__new__(cls)


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
