"""Files and folders that are no good: each named, skipped where asked, nothing lost silently."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import bomb, encoded, folder_of, pixels, save
from PIL import Image

from syn0.data import read_images
from syn0.errors import ArgumentError, DataError

BAD: dict[str, tuple[str, bytes, str]] = {
    "empty": ("x.png", b"", "is empty"),
    "text": ("x.png", b"<html>404</html>", "no picture that Pillow knows"),
    "truncated": ("x.png", encoded(pixels(0, (64, 64)))[:-900], "cannot be decoded"),
    "truncated jpeg": ("x.jpg", encoded(pixels(0, (64, 64)), "jpeg")[:-900], "cannot be decoded"),
    "flipped": ("x.png", encoded(pixels(0, (64, 64))).replace(b"IDAT", b"IDAX"), "'.*x.png'"),
    "bomb": ("x.png", bomb(8193, 8193), "8193 x 8193 pixels, more than 67,108,864"),
    "larger bomb": ("x.png", bomb(60_000, 60_000), "more than 67,108,864 pixels"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_named_or_skipped_by_name(kind: str, tmp_path: Path) -> None:
    name, content, text = BAD[kind]
    folder = folder_of(tmp_path)
    bad = folder / "dog" / name
    bad.write_bytes(content)
    with pytest.raises(DataError, match=text) as caught:
        read_images(folder)
    assert str(bad) in str(caught.value) and "on_error='skip'" in str(caught.value)
    images = read_images(folder, on_error="skip")
    assert list(images.skipped) == [bad] and str(bad) in images.skipped[bad]
    assert len(images) == 9 and bad not in (images.paths or ())
    np.testing.assert_array_equal(images.X[3, ..., 0], pixels(3))
    assert "1 skipped: 'x." in repr(images)


def test_damaged_files_never_raise_anything_else(tmp_path: Path) -> None:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    kinds = ["png", "jpeg", "gif", "bmp", "tiff", "webp", "ppm"]
    folder = folder_of(tmp_path, 1)
    good = 0
    for i in range(150):
        kind = str(rng.choice(kinds))
        content = bytearray(encoded(pixels(i, (6, 5), int(rng.choice([1, 3]))), kind))
        for place in rng.integers(0, len(content), rng.integers(1, 6)):
            content[place] = rng.integers(256)
        bad = folder / "cat" / f"bad.{kind}"
        bad.write_bytes(content[: rng.integers(1, len(content) + 1)])
        images = read_images(folder, size=(6, 5), channels=1, on_error="skip")
        good += bad not in images.skipped
        assert len(images) + len(images.skipped) == 4
        bad.unlink()
    assert good < 150


def test_a_file_without_rights_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path)

    def refuse(path: Any, *_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Image, "open", refuse)
    with pytest.raises(DataError, match=r"cat.0\.png' cannot be decoded: Permission denied"):
        read_images(folder)


def test_sizes_that_differ_name_two_files_and_the_argument(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    other = save(folder / "dog" / "1.png", pixels(1, (7, 5)))
    for on_error in ("raise", "skip"):  # which is a question to the caller, no bad file
        with pytest.raises(DataError) as caught:
            read_images(folder, on_error=on_error)
        told = str(caught.value)
        assert str(other) in told and str(folder / "cat" / "0.png") in told
        assert "size=(6, 5)" in told and "7 x 5" in told


def make_beside(folder: Path) -> None:
    save(folder / "stray.png", pixels(0))


def make_nested(folder: Path) -> None:
    save(folder / "cat" / "young" / "0.png", pixels(0))


def make_empty_class(folder: Path) -> None:
    (folder / "yak").mkdir()
    (folder / "yak" / "notes.txt").write_text("none yet")


@pytest.mark.parametrize(
    ("change", "text", "skipped"),
    [
        (make_beside, "'stray.png' lies beside the folders", "stray.png"),
        (make_nested, "the class 'cat' holds folders: 'young'", "young"),
        (make_empty_class, "the class 'yak' has no pictures", None),
    ],
)
def test_folders_that_are_not_as_they_should_be(
    change: Callable[[Path], None], text: str, skipped: str | None, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path)
    change(folder)
    with pytest.raises(DataError, match=text):
        read_images(folder)
    if skipped is None:
        with pytest.raises(DataError, match=text):
            read_images(folder, on_error="skip")
    else:
        images = read_images(folder, on_error="skip")
        assert [path.name for path in images.skipped] == [skipped] and len(images) == 9


def test_a_class_of_bad_files_alone_is_an_error_even_where_they_are_skipped(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 2)
    for path in (folder / "owl").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"'owl' has no pictures: all 2 were skipped.*is empty"):
        read_images(folder, on_error="skip")


@pytest.mark.parametrize(
    ("place", "text"),
    [("nowhere", "there is no folder"), ("file.csv", "is a file"), ("flat", "but 2 pictures")],
)
def test_what_is_no_folder_of_classes(place: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_text("x\n1\n")
    for name in "ab":
        save(tmp_path / "flat" / f"{name}.png", pixels(0))
    with pytest.raises(DataError, match=text):
        read_images(tmp_path / place)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"size": (3, 0)}, r"size is \(3, 0\)"), ({"size": 2.5}, "size is 2.5"),
        ({"size": (3,)}, "height and width"), ({"resize": "fit"}, "'stretch', 'crop', 'pad'"),
        ({"channels": 4}, "None, 1, 3"), ({"on_error": "ignore"}, "'raise', 'skip'"),
    ],
)  # fmt: skip
def test_wrong_arguments(options: dict[str, Any], text: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=text):
        read_images(folder_of(tmp_path, 1), **options)


def test_without_pillow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("PIL"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ArgumentError, match=r"syn0\[images\]"):
        read_images(tmp_path)
