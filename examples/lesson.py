"""The lesson through the public API: four rows, sixteen weights, ten thousand steps.

Prints the answer for the row [1, 0, 0], which the network has never seen.
"""

import numpy as np

import syn0

X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
y = np.array([[0], [1], [1], [0]])

net = syn0.Sequential(
    syn0.Dense(4, activation="sigmoid", use_bias=False, name="hidden"),
    syn0.Dense(1, activation="sigmoid", use_bias=False, name="output"),
    dtype="float64",
)
net.build((3,))

random = np.random.RandomState(1)
net.set_parameters(
    {
        "W_hidden": 2 * random.random_sample((3, 4)) - 1,
        "W_output": 2 * random.random_sample((4, 1)) - 1,
    }
)

net.fit(
    X,
    y,
    loss=syn0.losses.HalfSquaredError(reduction="sum"),
    optimizer=syn0.SGD(learning_rate=0.1),
    epochs=10_000,
    batch_size=None,
    shuffle=False,
    metrics=[],
    verbose=0,
)

print(net.predict_one(np.array([1, 0, 0])))
