"""Preparations of tables in files that are damaged: the file's own error, with path and place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_hostile import content_of, refuse, with_model

import syn0


def with_preparation() -> bytes:
    """Return a file of a network for tables."""
    table = {"size": [1.0, 2.5, 3.0, 4.5] * 5, "hue": list("rgrb") * 5, "sort": list("abab") * 5}
    preparation = syn0.data.Preparation.learn(table, target="sort")
    net = syn0.Sequential(syn0.Dense(2, "softmax"), random_state=0)
    net.build((len(preparation.feature_names),)).preparation = preparation
    return content_of(net)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p.pop("rows"), ("'rows' is missing", "where:    preparation")),
        (lambda p: p.update(format=9), ("'format' is 9", "the only one that this release reads")),
        (lambda p: p.update(more=1), ("an item 'more' that nothing reads", "left_out")),
        (
            lambda p: p["columns"][0].update(kind="no"),
            ("'kind' is 'no'", "preparation, column 0", "one of numeric", "write the file again"),
        ),
        (lambda p: p["target"].update(labels=3), ("'labels' is 3", "preparation, target")),
    ],
)
def test_a_damaged_preparation_is_the_files_error(
    change: Callable[[Any], Any], words: tuple[str, ...], tmp_path: Path
) -> None:
    good = with_preparation()
    place = tmp_path / "good.syn0"
    place.write_bytes(good)
    assert syn0.load(place).preparation is not None
    bad = with_model(good, lambda model: change(model["preparation"]["plain"]))
    refuse(bad, tmp_path, *words)
