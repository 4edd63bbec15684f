"""Class labels and what a network learns in their place: numbers, or a 0 or 1 for each label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from syn0.errors import ArgumentError, DataError

Array = NDArray[Any]


@dataclass(frozen=True)
class Labels:
    """The classes of a classifier.

    Parameters
    ----------
    classes : array of shape (classes,)
        The labels, sorted; the numbers of the columns where a sample may have several.
    multilabel : bool
        Whether a sample may have several labels, or none.

    Examples
    --------
    >>> labels = Labels.of(np.array(["no", "yes", "no"]))
    >>> labels.numbers(np.array(["yes", "no"]))
    array([1, 0])
    >>> labels.names(np.array([1, 1]))
    array(['yes', 'yes'], dtype='<U3')
    """

    classes: Array
    multilabel: bool = False

    @classmethod
    def of(cls, y: Any, classes: Any = None) -> Labels:
        """Return the classes that y tells apart.

        Parameters
        ----------
        y : array of shape (samples,) or (samples, labels)
            Labels, or a 0 or 1 for each of several.
        classes : array, optional
            All that may come, where y need not have each.

        Raises
        ------
        ValueError
            If y holds no classes.
        """
        y = one_column(y)
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind == "multiclass-multioutput":
            raise DataError(
                f"y has {y.shape[1]} columns of classes.",
                expected="one label a sample, or a 0 or 1 for each of several labels",
                mend="one classifier for each column: sklearn.multioutput.MultiOutputClassifier",
            )
        if kind == "multilabel-indicator":
            return cls(np.arange(y.shape[1]), multilabel=True)
        return cls(_sorted(y if classes is None else column_or_1d(classes)))

    def numbers(self, y: Any, called: str = "y") -> Array:
        """Return the number of each sample's class, or rows of 0 and 1.

        Raises
        ------
        DataError
            If a label is none of the classes.
        """
        y = one_column(y)
        if self.multilabel:
            return self._rows(y, called)
        if y.ndim != 1:
            raise DataError(
                f"{called} has the shape {y.shape}.", expected="one label a sample, as before"
            )
        number = {label: place for place, label in enumerate(self.classes.tolist())}
        found = _sorted(y)
        places = [number.get(label, -1) for label in found.tolist()]
        if -1 in places:
            strange = found.tolist()[places.index(-1)]
            raise DataError(
                f"{called} holds the label {strange!r}, which is not among the classes.",
                expected=_listed(self.classes),
                mend="name all classes in the first call: partial_fit(X, y, classes=[...])",
            )
        return np.asarray(places)[np.searchsorted(found, y)]

    def _rows(self, y: Array, called: str) -> Array:
        if y.ndim != 2 or y.shape[1] != len(self.classes) or not np.isin(y, (0, 1)).all():
            raise DataError(
                f"{called} has the shape {y.shape}.",
                expected=f"a row of {len(self.classes)} numbers, 0 or 1, for each sample",
            )
        return np.asarray(y)

    def names(self, numbers: Array) -> Array:
        """Return the labels of class numbers; rows of 0 and 1 stay what they are."""
        return numbers if self.multilabel else self.classes[numbers]

    def one_hot(self, numbers: Array, units: int, dtype: str) -> Array:
        """Return a row of so many numbers for each sample, 1 at its class and else 0."""
        return np.eye(units, dtype=dtype)[numbers]

    def weights(self, class_weight: Any, numbers: Array) -> Any:
        """Return the weights by class number, of the classes that are there.

        Parameters
        ----------
        class_weight : mapping of label to weight, "balanced" or None
            How much each class counts.
        numbers : array
            The class of each sample.

        Raises
        ------
        ArgumentError
            If a label is none of the classes.
        """
        if not isinstance(class_weight, Mapping):
            return class_weight
        known = {label: place for place, label in enumerate(self.classes.tolist())}
        for label in class_weight:
            if label not in known:
                raise ArgumentError(
                    f"class_weight names the class {label!r}, which y does not have.",
                    where="class_weight=",
                    expected=f"labels of y: {_listed(self.classes)}",
                )
        there = set(np.unique(numbers).tolist())
        by_number = {known[label]: weight for label, weight in class_weight.items()}
        return {number: weight for number, weight in by_number.items() if number in there}


def one_column(y: Any) -> Array:
    """Return y as an array; a single column of labels becomes one label a sample."""
    if type(y).__module__.startswith("scipy.sparse"):
        y = y.toarray()
    y = np.asarray(y)
    if y.dtype == object:
        y = _of_one_kind(y)
    return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y


def _of_one_kind(y: Array) -> Array:
    """Return labels that are all text, or numbers as an array of numbers."""
    kinds = {type(label) for label in y.ravel().tolist()}
    if all(issubclass(kind, Number) for kind in kinds):
        return np.asarray(y.tolist())
    if any(not issubclass(kind, str) for kind in kinds):
        raise _mixed(kinds)
    return y


def _sorted(y: Array) -> Array:
    try:
        return np.unique(y)
    except TypeError:
        raise _mixed({type(label) for label in y.tolist()}) from None


def _mixed(kinds: set[type]) -> DataError:
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    return DataError(
        f"y holds labels of the kinds {names}.",
        expected="text, or numbers, and no gaps",
        mend="leave out rows without a label; make others text: [str(label) for label in y]",
    )


def _listed(classes: Array) -> str:
    names = [repr(label) for label in classes[:10].tolist()]
    return ", ".join(names) + (", ..." if len(classes) > 10 else "")
