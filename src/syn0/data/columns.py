"""The kinds of columns: each a record of what the training rows told of one.

Such a record turns its column, of those rows or of any others, into features: float64 (rows,
features), around 0 and about 1 wide. All kinds have the same members:

* `name`, `kind` and `feature_names`;
* ``features(table)``, the features, or an error that names the row that has none;
* ``unseen(table)``, the values that the training rows did not have, with their counts;
* ``to_plain()`` and ``from_plain(plain)``, for files.
"""

from __future__ import annotations

from syn0.data.categorical import Categorical
from syn0.data.dates import Date
from syn0.data.numeric import Boolean, Numeric

Column = Numeric | Boolean | Categorical | Date
KINDS = ("numeric", "boolean", "categorical", "date")

__all__ = ["KINDS", "Boolean", "Categorical", "Column", "Date", "Numeric"]
