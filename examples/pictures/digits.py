"""Handwritten digits by convolution: 8,000 learned, each moved and turned anew at each look.

Prints the share of 2,000 others that is right: 99.5 %, after some minute on two cores.
`picture_data.digits` says where the digits are from.
"""

from __future__ import annotations

import numpy as np
import picture_data

import syn0
from syn0.layers import RandomCrop, RandomRotation


def convolution(filters: int) -> list[syn0.Layer]:
    return [
        syn0.Conv2D(filters, 3, padding="same", use_bias=False),
        syn0.BatchNormalization(decay=0.9),
        syn0.Activation("relu"),
    ]


def network() -> syn0.Sequential:
    return syn0.Sequential(
        syn0.Input((28, 28, 1)),
        syn0.Rescaling(1 / 255),
        syn0.ZeroPadding2D(2),
        RandomCrop(28, 28),
        RandomRotation(0.03, fill_mode="constant"),
        *convolution(32),
        syn0.MaxPool2D(2),
        *convolution(64),
        syn0.MaxPool2D(2),
        *convolution(128),
        syn0.Flatten(),
        syn0.Dropout(0.4),
        syn0.Dense(10, activation="softmax"),
        random_state=0,
    )


def main(epochs: int = 25) -> float:
    X, y = picture_data.digits()
    order = np.random.default_rng(0).permutation(len(X))
    held, learned = order[: len(X) // 5], order[len(X) // 5 :]
    steps = epochs * -(-len(learned) // 64)
    net = network()
    net.fit(
        X[learned],
        y[learned],
        epochs=epochs,
        batch_size=64,
        optimizer=syn0.Adam(syn0.OneCycle(4e-3, total_steps=steps)),
    )
    accuracy = net.evaluate(X[held], y[held])["accuracy"]
    print(f"{100 * accuracy:.2f} % of {len(held):,} digits are right")
    return float(accuracy)


if __name__ == "__main__":
    main()
