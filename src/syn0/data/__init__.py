"""Data made ready for networks: tables and pictures now; sounds and texts are planned."""

from syn0.data.images import Images
from syn0.data.images_preparation import ImagePreparation
from syn0.data.images_reading import read_images
from syn0.data.preparation import Preparation
from syn0.data.reading import read_table
from syn0.data.table import Table

__all__ = ["ImagePreparation", "Images", "Preparation", "Table", "read_images", "read_table"]
