"""Data made ready for networks: tables now; images, sounds and texts are planned."""

from syn0.data.preparation import Preparation
from syn0.data.reading import read_table
from syn0.data.table import Table

__all__ = ["Preparation", "Table", "read_table"]
