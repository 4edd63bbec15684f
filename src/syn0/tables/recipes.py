"""Networks for tables, and how they are trained: three recipes, from noisy tables to clean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from syn0.data.preparation import Preparation
from syn0.data.targets import Classes
from syn0.layers import Dense, Dropout, Input
from syn0.model import Sequential
from syn0.optimizers import AdamW
from syn0.schedules import CosineDecay


@dataclass(frozen=True)
class Recipe:
    """A network for a table and the training that goes with it.

    Parameters
    ----------
    name : str
        What it is called.
    dropout : float
        The share of hidden units that is dropped in training.
    weight_decay : float
        How strongly AdamW draws weights to 0.
    steps : int
        How many updates; large tables take more, at least twenty epochs.
    input_dropout : float
        The share of features that is dropped in training.
    units, layers : int
        Width and number of the hidden layers.
    learning_rate : float
        At the first step; it falls to 0 along a cosine.

    Notes
    -----
    The figures are measured: see decision 0006 and ``python -m benchmarks.tables``.
    """

    name: str
    dropout: float
    weight_decay: float
    steps: int
    input_dropout: float = 0.0
    units: int = 128
    layers: int = 2
    learning_rate: float = 3e-3

    def network(self, preparation: Preparation, random_state: int | None = None) -> Sequential:
        """Return the network, untrained; it takes tables."""
        hidden: list[Any] = []
        if self.input_dropout:
            hidden.append(Dropout(self.input_dropout, name="dropout_input"))
        for i in range(1, self.layers + 1):
            hidden += [
                Dense(self.units, activation="relu", name=f"hidden_{i}"),
                Dropout(self.dropout, name=f"dropout_{i}"),
            ]
        target = preparation.target
        softmax = "softmax" if isinstance(target, Classes) else None
        net = Sequential(
            Input((len(preparation.feature_names),)),
            *hidden,
            Dense(target.units, activation=softmax, name="output"),
            random_state=random_state,
        )
        net.preparation = preparation
        return net

    def training(self, rows: int) -> dict[str, Any]:
        """Return what to give to ``fit`` for so many rows.

        Examples
        --------
        >>> STRONG.training(300)["epochs"], STRONG.training(300)["batch_size"]
        (53, 16)
        """
        batch_size = min(256, max(16, 2 ** int(math.log2(max(1, rows / 16)))))
        batches = math.ceil(rows / batch_size)
        epochs = min(400, max(20, math.ceil(self.steps / batches)))
        rate = CosineDecay(self.learning_rate, decay_steps=epochs * batches)
        return {
            "epochs": epochs,
            "batch_size": batch_size,
            "optimizer": AdamW(learning_rate=rate, weight_decay=self.weight_decay),
        }


STRONG = Recipe("strong", dropout=0.5, weight_decay=3.0, steps=1_000)
MIDDLE = Recipe("middle", dropout=0.25, weight_decay=1.0, steps=1_500, input_dropout=0.1)
WEAK = Recipe("weak", dropout=0.1, weight_decay=0.3, steps=3_000)
RECIPES = (STRONG, MIDDLE, WEAK)


def table_network(
    preparation: Preparation, random_state: int | None = None, recipe: Recipe = MIDDLE
) -> Sequential:
    """Return a network for the tables of a preparation, untrained.

    Parameters
    ----------
    preparation : Preparation
        What was learned of the columns; the network keeps it and takes tables.
    random_state : int, optional
        Its seed.
    recipe : Recipe
        How wide and deep it is, and how much is dropped. ``recipe.training(rows)`` are the
        settings of ``fit`` that go with it.

    Examples
    --------
    >>> from syn0.data import Preparation
    >>> table = {"age": [61, 47, 52, 38], "ill": ["yes", "no", "yes", "no"]}
    >>> net = table_network(Preparation.learn(table, target="ill"), random_state=0)
    >>> net
    <Sequential: dropout_input, hidden_1, dropout_1, hidden_2, dropout_2, output>
    >>> net.predict(table).shape
    (4, 2)
    """
    return recipe.network(preparation, random_state)
