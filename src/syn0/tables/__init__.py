"""Tables, from file to trained network.

>>> from syn0.tables import read_table, fit_table
>>> table = read_table({"hours": [1, 2, 3, 4], "passed": ["no", "no", "yes", "yes"]})
>>> found = fit_table(table, target="passed")
>>> list(found.predict({"hours": [1.5]}))
['passed', 'probability of no', 'probability of yes']
"""

from syn0.data import Preparation, Table, read_table
from syn0.tables.comparison import CrossValidation, Fold, cross_validate_table
from syn0.tables.recipes import MIDDLE, RECIPES, STRONG, WEAK, Recipe, table_network
from syn0.tables.training import TableFit, fit_table

__all__ = [
    "CrossValidation", "Fold", "MIDDLE", "Preparation", "RECIPES", "Recipe", "STRONG", "Table",
    "TableFit", "WEAK", "cross_validate_table", "fit_table", "read_table", "table_network",
]  # fmt: skip
