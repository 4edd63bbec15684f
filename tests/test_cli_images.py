"""`syn0 train FOLDER` and what follows: from folders of pictures to answers, and mistakes."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import syn0
from syn0 import cli
from syn0.errors import ArgumentError, DataError
from syn0.images import Images, cross_validate_images


def stripes(rng: np.random.Generator, across: bool, size: int = 12) -> Any:
    dark = rng.permutation(np.arange(size // 2) % 2)  # never all alike: there would be no stripes
    lines = dark.repeat(2) * 180 + rng.integers(0, 40, size)
    image = np.tile(lines[:, None], (1, size)).astype(np.uint8)
    return image if across else image.T


@pytest.fixture
def folder(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Pictures of stripes, a damaged file among them."""
    place = tmp_path / "stripes"
    for name in ("across", "down"):
        (place / name).mkdir(parents=True)
        for i in range(30):
            Image.fromarray(stripes(rng, name == "across")).save(place / name / f"{i}.png")
    return place


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[str, str]:
    cli.main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return printed.out, printed.err


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as caught:
        cli.main([str(argument) for argument in arguments])
    assert caught.value.code not in (0, None)
    return capsys.readouterr().err


def test_from_a_folder_to_answers(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "down" / "torn.png").write_bytes(b"")
    model = tmp_path / "stripes.syn0"
    options = ("--folds", 2, "--epochs", 25, "--flip", "--skip-bad", "--out", model)
    text, err = run(capsys, "train", folder, *options)
    assert err == ""
    for part in (
        "stripes: 60 pictures of 12 x 12, grey", "2 classes (across 30, down 30)",
        "Skipped: 1 file", "torn.png' is empty", "On 60 pictures held out in 2 parts",
        "a linear model", "no model at all", "1 convolution", "moved, turned and mirrored",
        "How it learns: 30 pictures, and 30 held out", "recipe=ImageRecipe(flip=True)",
        f"syn0 predict {model} PICTURES",
    ):  # fmt: skip
        assert part in text, part
    (score,) = re.findall(r"the network +([0-9.]+) %", text)
    assert float(score) >= 95

    picture = folder / "across" / "0.png"
    text, err = run(capsys, "predict", model, picture, folder / "down" / "3.png")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["file"] for row in rows] == [str(picture), str(folder / "down" / "3.png")]
    assert [row["class"] for row in rows] == ["across", "down"] and err == ""
    shares = [float(rows[0][f"probability of {name}"]) for name in ("across", "down")]
    assert sum(shares) == pytest.approx(1) and shares[0] > 0.5

    (folder / "down" / "torn.png").unlink()
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(folder / "down" / "large.png")
    text, err = run(capsys, "predict", model, folder / "down")
    assert len(text.splitlines()) == 32 and err == "syn0: 1 were resized.\n"
    shown, _ = run(capsys, "show", model)
    assert "The pictures that it reads" in shown and "12 x 12 pixels, grey" in shown
    code, _ = run(capsys, "show", model, "--code")
    assert code.startswith("# X are pictures, bytes of shape (n, 12, 12, 1)\n# the outputs")
    assert syn0.load(model).preparation.target.labels == ("across", "down")


def test_mistakes_are_said_before_any_training(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "--target does nothing with a folder" in refused(
        capsys, "train", folder, "--target", "kind"
    )
    assert "no folder" in refused(capsys, "train", folder, "--out", tmp_path / "no" / "x.syn0")
    assert "--folds" in refused(capsys, "train", folder, "--folds", -1)
    assert "0 epochs" in refused(capsys, "train", folder, "--epochs", 0)
    assert "folds is 40 for 60" in refused(capsys, "train", folder, "--folds", 40)
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n")
    told = refused(capsys, "train", table)
    assert "the column to predict must be named" in told and "--target COLUMN" in told
    assert "--size does nothing with a table" in refused(
        capsys, "train", table, "--target", "a", "--size", 8, 8
    )
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(folder / "down" / "99.png")
    told = refused(capsys, "train", folder)
    assert "99.png" in told and "--size 64 64" in told
    (folder / "down" / "99.png").write_bytes(b"\x89PNG torn")
    assert "99.png" in refused(capsys, "train", folder)


def test_mistakes_of_predict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = syn0.Sequential(syn0.Flatten(), syn0.Dense(2, "softmax"), random_state=0).build((4, 4, 1))
    net.save(tmp_path / "bare.syn0")
    assert "nor on a folder of pictures" in refused(
        capsys, "predict", tmp_path / "bare.syn0", "x.png"
    )
    images = Images(np.zeros((2, 4, 4), np.uint8), [0, 1], ["a", "b"])
    net.preparation = syn0.data.ImagePreparation.learn(images)
    model = net.save(tmp_path / "net.syn0") or tmp_path / "net.syn0"
    assert "nothing to answer to" in refused(capsys, "predict", model)
    assert "no file 'x.png'" in refused(capsys, "predict", model, "x.png")
    (tmp_path / "empty").mkdir()
    assert "no pictures in" in refused(capsys, "predict", model, tmp_path / "empty")


def test_a_fifth_held_out_once_and_what_is_confused(rng: np.random.Generator) -> None:
    pixels = rng.integers(0, 256, (40, 8, 8), np.uint8)
    images = Images(pixels, np.arange(40) % 2, ["a", "b"])
    told: list[int] = []
    found = cross_validate_images(
        images, folds=1, epochs=2, progress=lambda done, total, what: told.append(total)
    )
    assert found.folds[0].rows == 8 and (found.answers == -1).sum() == 32 and told == [2, 2]
    wrong = sum(count for _, _, count in found.confused)
    assert found.mean() == pytest.approx(1 - wrong / 8)
    assert found.mean("dummy") == 0.5
    with pytest.raises(ArgumentError, match="folds is 21 for 40"):
        cross_validate_images(images, folds=21)
    with pytest.raises(DataError, match="the class 'b' has 1 picture"):
        cross_validate_images(Images(pixels, np.arange(40) // 39, ["a", "b"]))
