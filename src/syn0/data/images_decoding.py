"""A picture file brought to bytes (height, width, channels). Pillow is imported here alone."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import ArgumentError, DataError

Array = NDArray[Any]
Size = tuple[int, int]  # height, width

MOST_PIXELS = 2**26  # of a picture: 8192 x 8192; a few bytes of a file may claim any number
SUFFIXES = frozenset(
    ".bmp .dib .gif .jfif .jp2 .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .tga .tif .tiff .webp"
    " .avif".split()
)
WAYS = ("stretch", "crop", "pad")
_GREY = ("1", "L", "La", "LA", "I;16", "I;16B", "I;16L", "I;16N")
_ORIENTATION = 0x0112  # the number of EXIF's tag
_UPRIGHT = 1

TRANSPARENT = "had transparent parts, which were laid over white"
TURNED = "were turned as their EXIF orientation says"
ANIMATED = "have several frames, of which the first was taken"
DEEP = "have 16 bits a pixel, of which the upper 8 were kept"
RESIZED = "were resized"


@dataclass(frozen=True)
class Decoded:
    """The pixels of a picture, uint8 (height, width, 1 or 3), and what was done to get them."""

    pixels: Array
    remarks: tuple[str, ...]


def check_pillow() -> None:
    """Raise an `ArgumentError` that says what to install, where Pillow is missing."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise ArgumentError(
            "pictures are read by Pillow, which is not installed.",
            mend="pip install 'syn0[images]'",
        ) from None


def is_picture(path: Path) -> bool:
    """Tell from its name whether a file is a picture."""
    return path.suffix.lower() in SUFFIXES


def decode(
    path: Path, *, channels: int | None = None, size: Size | None = None, resize: str = "stretch"
) -> Decoded:
    """Return the pixels of a picture file.

    Parameters
    ----------
    path : Path
        The file.
    channels : {1, 3}, optional
        Grey or colour; by default what the file has.
    size : (int, int), optional
        Height and width to bring it to.
    resize : {"stretch", "crop", "pad"}
        How: the whole picture, whatever becomes of its proportions; the largest part in the
        middle that has the new ones; or the whole with black beside it.

    Raises
    ------
    DataError
        If the file is empty, no picture, damaged, or larger than `MOST_PIXELS`.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        if path.stat().st_size == 0:
            raise _bad(path, "is empty")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                _check_pixels(path, image.size)
                return _decoded(path, image, channels, size, resize)
    except DataError:
        raise
    except UnidentifiedImageError:
        raise _bad(path, "is no picture that Pillow knows, or damaged from its beginning") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _bad(path, f"claims more than {MOST_PIXELS:,} pixels") from None
    except FileNotFoundError:
        raise DataError(f"there is no file {os.fspath(path)!r}.", expected="a picture") from None
    except Exception as error:  # what decoders raise on damaged files is any builtin
        told = getattr(error, "strerror", None) or str(error).splitlines()[:1] or [repr(error)]
        reason = told if isinstance(told, str) else told[0]
        raise _bad(path, f"cannot be decoded: {reason.rstrip('.')}") from None


def _bad(path: Path, what: str) -> DataError:
    return DataError(f"the picture {os.fspath(path)!r} {what}.", mend="replace or remove it")


def _check_pixels(path: Path, size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise _bad(path, f"has {width} x {height} pixels, more than {MOST_PIXELS:,}")


def _decoded(path: Path, image: Any, channels: int | None, size: Size | None, how: str) -> Decoded:
    """Return what an opened picture holds; all of Pillow's work is done in here."""
    from PIL import Image, ImageOps

    remarks = [ANIMATED] if getattr(image, "n_frames", 1) > 1 else []
    image.load()
    if _orientation(image) != _UPRIGHT:
        image = ImageOps.exif_transpose(image)
        remarks.append(TURNED)
    if image.mode in ("I", "F"):
        raise _bad(path, "has 32 bits a pixel, which are no shades of a picture")
    one = channels == 1 or (channels is None and image.mode in _GREY)
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        remarks.append(DEEP)
    if image.has_transparency_data:
        image, clear = _over_white(image)
        remarks += [TRANSPARENT] * clear
    image = image.convert("L" if one else "RGB")
    if size is not None and (image.height, image.width) != size:
        image = _resized(image, size, how)
        remarks.append(RESIZED)
    pixels = np.array(image, np.uint8)
    return Decoded(pixels[..., None] if one else pixels, tuple(remarks))


def _orientation(image: Any) -> int:
    """Return EXIF's orientation; metadata that cannot be read do not spoil the pixels."""
    try:
        found = image.getexif().get(_ORIENTATION, _UPRIGHT)
    except Exception:
        return _UPRIGHT
    return found if found in range(2, 9) else _UPRIGHT


def _over_white(image: Any) -> tuple[Any, bool]:
    """Return a picture laid over white, and whether any of it was transparent."""
    from PIL import Image

    layer = image.convert("RGBA")
    clear = layer.getchannel("A").getextrema()[0] < 255
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer), clear


def _resized(image: Any, size: Size, how: str) -> Any:
    from PIL import Image, ImageOps

    new = (size[1], size[0])
    if how == "crop":
        return ImageOps.fit(image, new, Image.Resampling.BILINEAR)
    if how == "pad":
        return ImageOps.pad(image, new, Image.Resampling.BILINEAR)
    return image.resize(new, Image.Resampling.BILINEAR)
