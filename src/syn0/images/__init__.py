"""Pictures by class, from a folder to a trained network.

>>> import numpy as np
>>> from syn0.images import Images, fit_images
>>> shades = np.arange(0, 240, 10, dtype=np.uint8)
>>> images = Images(np.tile(shades[:, None, None], (1, 8, 8)), shades > 115, ["dark", "light"])
>>> found = fit_images(images)
>>> found.predict(images)["class"][[0, -1]]
array(['dark', 'light'], dtype=object)
"""

from syn0.data import ImagePreparation, Images, read_images
from syn0.images.comparison import ImageValidation, cross_validate_images
from syn0.images.recipe import ImageRecipe, image_network
from syn0.images.training import ImageFit, fit_images

__all__ = [
    "ImageFit", "ImagePreparation", "ImageRecipe", "ImageValidation", "Images",
    "cross_validate_images", "fit_images", "image_network", "read_images",
]  # fmt: skip
