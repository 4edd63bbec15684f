"""Folders of pictures by class: what is read, in which order, and what is done to pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import CLASSES, folder_of, pixels, save
from PIL import Image

from syn0.data import Images, read_images
from syn0.errors import ArgumentError, DataError, ShapeError


def one(place: Path, image: Any, name: str = "x.png", **options: Any) -> Images:
    """Read a folder whose only picture of interest is the first."""
    (place / "a").mkdir(parents=True, exist_ok=True)
    image.save(place / "a" / name)
    plain = pixels(0, (image.height, image.width) if "size" not in options else (4, 4))
    save(place / "b" / "y.png", plain)
    return read_images(place, **options)


def test_classes_and_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    save(folder / "cat" / "10.png", pixels(50))
    images = read_images(folder)
    assert images.labels == CLASSES
    assert [p.name for p in images.paths or ()][:4] == ["0.png", "1.png", "10.png", "2.png"]
    assert images.y.tolist() == [0] * 4 + [1] * 3 + [2] * 3
    assert images.X.dtype == np.uint8 and images.X.shape == (10, 6, 5, 1)
    for row, seed in ((0, 0), (2, 50), (4, 3), (9, 8)):
        np.testing.assert_array_equal(images.X[row, ..., 0], pixels(seed))
    assert images.counts == {"cat": 4, "dog": 3, "owl": 3}
    assert not images.skipped and not images.remarks


def test_a_single_picture_in_colour_makes_all_of_them_colour(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    save(folder / "owl" / "0.png", pixels(7, channels=3))
    images = read_images(folder)
    assert images.X.shape == (9, 6, 5, 3)
    np.testing.assert_array_equal(images.X[0], np.repeat(pixels(0)[..., None], 3, axis=2))
    np.testing.assert_array_equal(images.X[6], pixels(7, channels=3))
    np.testing.assert_array_equal(images.X[8], np.repeat(pixels(8)[..., None], 3, axis=2))
    assert read_images(folder, channels=1).shape == (6, 5, 1)
    assert read_images(folder_of(tmp_path / "grey"), channels=3).shape == (6, 5, 3)


def test_transparent_parts_are_laid_over_white(tmp_path: Path) -> None:
    layer = np.zeros((4, 4, 4), np.uint8)
    layer[:2, :, 3] = 255  # black above, nothing below
    images = one(tmp_path, Image.fromarray(layer))
    assert images.X[0, :2].max() == 0 and images.X[0, 2:].min() == 255
    assert images.remarks == {"had transparent parts, which were laid over white": 1}
    layer[..., 3] = 255
    assert not one(tmp_path / "opaque", Image.fromarray(layer)).remarks
    palette = Image.fromarray(np.tile(np.uint8([0, 1]), (4, 2)), "P")
    palette.putpalette([0, 0, 0, 9, 9, 9])
    palette.info["transparency"] = 1
    assert one(tmp_path / "palette", palette).X[0, 0, :2, 0].tolist() == [0, 255]


def test_pictures_are_turned_upright(tmp_path: Path) -> None:
    array = pixels(1, (4, 6))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held with its right side up
    save(tmp_path / "a" / "x.png", array, exif=exif)
    save(tmp_path / "b" / "y.png", pixels(2, (6, 4)))
    images = read_images(tmp_path)
    np.testing.assert_array_equal(images.X[0, ..., 0], np.rot90(array, -1))
    assert images.remarks == {"were turned as their EXIF orientation says": 1}


def test_deep_and_moving_pictures(tmp_path: Path) -> None:
    deep = Image.fromarray(np.arange(16, dtype=np.uint16).reshape(4, 4) * 4097)
    images = one(tmp_path / "deep", deep)
    np.testing.assert_array_equal(images.X[0, ..., 0], np.arange(16).reshape(4, 4) * 16)
    assert images.remarks == {"have 16 bits a pixel, of which the upper 8 were kept": 1}
    folder = folder_of(tmp_path / "moving")
    frames = [Image.fromarray(np.full((6, 5), shade, np.uint8)) for shade in (10, 200)]
    frames[0].save(folder / "cat" / "0.gif", save_all=True, append_images=frames[1:])
    images = read_images(folder, channels=1)
    assert images.X[0].max() == 10
    assert list(images.remarks.values()) == [1]


@pytest.mark.parametrize(("resize", "corner", "side"), [
    ("stretch", 200, 200), ("crop", 200, 200), ("pad", 0, 0),
])  # fmt: skip
def test_sizes_are_brought_together_as_asked(
    resize: str, corner: int, side: int, tmp_path: Path
) -> None:
    wide = np.full((10, 40), 200, np.uint8)
    wide[:, 18:22] = 50
    images = one(tmp_path, Image.fromarray(wide), size=(20, 20), resize=resize)
    assert images.shape == (20, 20, 1) and images.remarks == {"were resized": 2}
    found = images.X[0, ..., 0].astype(int)
    assert found[0, 0] == corner and found[-1, 3] == side
    # In proportion the dark stripe stays as wide as it was; cropped it doubles.
    dark = int((found[10] < 125).sum())
    assert dark == {"stretch": 2, "crop": 8, "pad": 2}[resize]


def test_hidden_files_and_files_of_other_kinds_are_not_looked_at(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    for name in (".DS_Store", "README.md", "cat/notes.txt", "dog/.hidden.png", ".git/x.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"no picture")
    images = read_images(folder)
    assert len(images) == 9 and images.labels == CLASSES
    assert images.remarks == {"files that are no pictures by their names were not looked at": 2}


def test_progress_is_told_after_each_file(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    read_images(folder_of(tmp_path, 1), progress=lambda *now: told.append(now))
    assert told == [(1, 3, "0.png"), (2, 3, "0.png"), (3, 3, "0.png")]


# ----- Images of arrays ---------------------------------------------------


def test_parts_hold_each_picture_once(tmp_path: Path) -> None:
    images = read_images(folder_of(tmp_path, 5))
    train, held = images.split(0.2, random_state=1)
    assert held.counts == dict.fromkeys(CLASSES, 1) and len(train) == 12
    assert set(train.paths or ()).isdisjoint(held.paths or ())
    seen = [p for _, part in images.folds(5, random_state=0) for p in part.paths or ()]
    assert sorted(seen) == sorted(images.paths or ())
    for kept, left in images.folds(5, random_state=0):
        assert left.counts == dict.fromkeys(CLASSES, 1)
        row = (images.paths or ()).index((left.paths or ())[0])
        np.testing.assert_array_equal(left.X[0], images.X[row])
        assert len(kept) == 12


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda x: Images(x[:, :1, 0], [0, 1], "ab"), ShapeError, r"\(2, 1\)"),
        (lambda x: Images(x.transpose(0, 2, 1)[:, None], [0, 1], "ab"), ShapeError, "transpose"),
        (lambda x: Images(x, [0], "ab"), ShapeError, "one class number for each picture"),
        (lambda x: Images(x, [0, 2], "ab"), DataError, "0 to 2, and there are 2 labels"),
        (lambda x: Images(x, [0, 1], "ba"), DataError, "sorted"),
        (lambda x: Images(x[:0], [], "ab"), ShapeError, "at least one"),
        (lambda x: Images(x, [0, 1], "ab").split(0.9), ArgumentError, "one side empty"),
        (lambda x: list(Images(x, [0, 1], "ab").folds(3)), ArgumentError, "3 folds of 2"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    make: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        make(np.zeros((2, 4, 5), np.uint8))
