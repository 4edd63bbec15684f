"""What other libraries call the things that syn0 has, for the errors of the door."""

from __future__ import annotations

from collections.abc import Iterable

from syn0.errors import UnknownArgumentError, UnknownNameError, did_you_mean

# A word of Keras, PyTorch, JAX or scikit-learn -> what to write here.
_FOREIGN = {
    "linear": "syn0.Dense(units); sizes of inputs are inferred",
    "fullyconnected": "syn0.Dense(units)",
    "nn": "syn0.Dense, syn0.Sequential and the others directly; functions are in syn0.ops",
    "functional": "syn0.ops for functions of tensors",
    "f": "syn0.ops for functions of tensors",
    "module": "syn0.Layer, a frozen dataclass with parameters() and forward()",
    "keras": "the same names directly: syn0.Sequential, syn0.Dense",
    "compile": "net.fit(X, y, loss=..., optimizer=...); nothing is compiled by hand",
    "optim": "syn0.optimizers, or syn0.Adam, syn0.SGD directly",
    "optax": "syn0.optimizers, or syn0.Adam, syn0.SGD directly",
    "lr": "learning_rate, an argument of each optimizer",
    "lrscheduler": "syn0.schedules, given as an optimizer's learning_rate",
    "tensor": "NumPy arrays for numbers; syn0.graph.Tensor is symbolic",
    "variable": "Layer.parameters() for what is learned",
    "no_grad": "net.predict(X); gradients are computed only when asked for",
    "autograd": "net.gradients(X, y)",
    "grad": "net.gradients(X, y)",
    "backward": "net.gradients(X, y), or net.show_code() to read it",
    "backend": "engine=, an argument of net.fit",
    "seed": "random_state=, an argument of syn0.Sequential",
    "manualseed": "random_state=, an argument of syn0.Sequential",
    "maxpooling1d": "syn0.MaxPool1D",
    "maxpooling2d": "syn0.MaxPool2D",
    "averagepooling2d": "syn0.AveragePool2D",
    "avgpool2d": "syn0.AveragePool2D",
    "globalaveragepooling2d": "syn0.GlobalAveragePool2D",
    "convolution2d": "syn0.Conv2D",
    "separableconv2d": "syn0.DepthwiseConv2D, then syn0.Conv2D(filters, 1)",
    "upsampling2d": "syn0.Resize(height, width)",
    "resizing": "syn0.Resize(height, width)",
    "conv2dtransposed": "syn0.Conv2DTranspose",
    "convtranspose2d": "syn0.Conv2DTranspose",
    "lenet": "syn0.architectures.lenet()",
    "resnet": "syn0.architectures.resnet(depth, width)",
    "mobilenet": "syn0.architectures.separable()",
    "applications": "syn0.architectures",
    "randomflip": "syn0.layers.RandomFlip(mode)",
    "randomhorizontalflip": "syn0.layers.RandomFlip('horizontal')",
    "randomverticalflip": "syn0.layers.RandomFlip('vertical')",
    "randomcrop": "syn0.layers.RandomCrop(height, width)",
    "randomtranslation": "syn0.ZeroPadding2D(n), then syn0.layers.RandomCrop(height, width)",
    "randomrotation": "syn0.layers.RandomRotation(factor)",
    "randomerasing": "syn0.layers.Cutout(size)",
    "cutout": "syn0.layers.Cutout(size)",
    "mixup": "syn0.layers.Mixup(alpha)",
    "randommixup": "syn0.layers.Mixup(alpha)",
    "imagefolder": "syn0.data.read_images(folder)",
    "imagedatasetfromdirectory": "syn0.data.read_images(folder)",
    "simplernn": "syn0.RNN",
    "batchnorm": "syn0.BatchNormalization",
    "batchnorm1d": "syn0.BatchNormalization",
    "batchnorm2d": "syn0.BatchNormalization",
    "layernorm": "syn0.LayerNormalization",
    "relu": "activation='relu', an argument of layers, or syn0.Activation('relu')",
    "sigmoid": "activation='sigmoid', an argument of layers, or syn0.Activation('sigmoid')",
    "tanh": "activation='tanh', an argument of layers, or syn0.Activation('tanh')",
    "softmax": "activation='softmax', an argument of layers, or syn0.Activation('softmax')",
    "lambda": "a function given to syn0.Activation, or your own syn0.Layer",
    "merge": "syn0.Add or syn0.Concatenate",
    "mse": "loss='mean_squared_error'",
    "mseloss": "loss='mean_squared_error'",
    "crossentropyloss": "loss='cross_entropy'",
    "bceloss": "loss='binary_cross_entropy'",
    "reducelronplateau": "syn0.ReduceLROnPlateau",
    "modelcheckpoint": "syn0.Checkpoint",
    "callbacks": "syn0.training.Callback for your own; syn0.EarlyStopping and the others directly",
    "regularizers": "syn0.penalties, or syn0.L1, syn0.L2 directly",
    "readcsv": "syn0.data.read_table(path)",
    "dataframe": "syn0.data.read_table(frame), for any data frame",
    "dataloader": "arrays given to net.fit(X, y, batch_size=...)",
    "mlpclassifier": "syn0.neural_network.MLPClassifier",
    "mlpregressor": "syn0.neural_network.MLPRegressor",
}

# Names of the contract that a later release brings.
_LATER = frozenset("RNN LSTM GRU Bidirectional TensorBoard serve".split())


class UnknownAttributeError(UnknownNameError, AttributeError):
    """A name that the library does not have."""


def unknown_name(name: str, known: Iterable[str]) -> UnknownAttributeError:
    """Return the error for ``syn0.<name>``, with what to write instead."""
    if name in _LATER:
        return UnknownAttributeError(f"syn0.{name} is planned; this release does not have it yet.")
    what = f"syn0 has no {name!r}."
    use = _FOREIGN.get(name.lower(), _FOREIGN.get(name.lower().replace("_", "")))
    if use is None:
        near = did_you_mean(name, known)
        listed = near.startswith("choose")
        return UnknownAttributeError(what, mend="dir(syn0) lists the names" if listed else near)
    word = use.split("(")[0].removeprefix("syn0.")
    later = " (planned, not in this release)" if word.split(".")[0] in _LATER else ""
    return UnknownAttributeError(what, mend=f"use {use}{later}")


# A word of Keras, PyTorch or scikit-learn for a method -> what to write here.
_METHODS = {
    "compile": "give loss= and optimizer= to net.fit; nothing is compiled by hand",
    "predict_proba": "net.predict(X) returns what the last layer puts out: probabilities after "
    "softmax or sigmoid; for labels and predict_proba: "
    "syn0.neural_network.NetworkClassifier(net).fit(X, y)",
    "predict_classes": "net.predict(X).argmax(axis=1)",
    "score": "net.evaluate(X, y)",
    "partial_fit": "net.fit continues; net.step(X, y) does one update",
    "train_on_batch": "net.step(X, y)",
    "fit_generator": "net.fit(X, y)",
    "get_weights": "net.parameters",
    "set_weights": "net.set_parameters({name: array})",
    "state_dict": "net.parameters",
    "load_state_dict": "net.set_parameters({name: array})",
    "coefs_": "net.parameters",
    "weights": "net.parameters",
    "train": "net.fit(X, y); dropout and normalization know by themselves when they train",
    "eval": "net.predict(X); dropout and normalization know by themselves when they train",
    "forward": "net.predict(X)",
    "backward": "net.gradients(X, y)",
    "zero_grad": "nothing: gradients do not add up between calls",
    "to": "engine=, an argument of net.fit",
    "cuda": "engine=, an argument of net.fit",
    "get_layer": "net['name']",
    "load": "syn0.load(path)",
    "save_weights": "net.save(path)",
    "load_weights": "syn0.load(path)",
    "add": "syn0.Sequential(layer, layer, ...): all layers at once",
    "pop": "net.until('layer')",
}


def method_hint(owner: str, name: str) -> AttributeError:
    """Return the error for ``net.<name>``, with what to write instead."""
    if name.startswith("_"):
        return AttributeError(f"{owner!r} object has no attribute {name!r}")
    use = _METHODS.get(name)
    return UnknownAttributeError(
        f"a {owner} has no {name!r}.", mend=use or "dir(net) lists the names"
    )


FIT_ARGUMENTS = (
    "X y loss optimizer epochs batch_size metrics loss_weights validation_data sample_weight "
    "class_weight callbacks shuffle resume verbose engine threads"
).split()

# What other libraries call the arguments of fit.
_FIT_FOREIGN = {
    "validation_split": "write validation_data=0.2",
    "max_iter": "write epochs=",
    "n_epochs": "write epochs=",
    "num_epochs": "write epochs=",
    "nb_epoch": "write epochs=",
    "backend": "write engine=",
    "device": "write engine=",
    "lr": "write optimizer=syn0.Adam(learning_rate=...)",
    "learning_rate": "write optimizer=syn0.Adam(learning_rate=...)",
    "eval_set": "write validation_data=(X, y)",
    "criterion": "write loss=",
    "shuffle_data": "write shuffle=",
    "early_stopping": "write callbacks=[syn0.EarlyStopping()]",
    "random_state": "give random_state to the network",
    "n_jobs": "write threads=",
    "ckpt_path": "write resume=True, callbacks=[syn0.Checkpoint(folder)]",
    "resume_from_checkpoint": "write resume=True, callbacks=[syn0.Checkpoint(folder)]",
    "initial_epoch": "leave it out: a second fit continues, and so does resume=True",
}


# What other libraries give to a network when it is made.
_NETWORK_FOREIGN = {
    "seed": "write random_state=",
    "random_seed": "write random_state=",
    "input_shape": "give syn0.Input(shape) as the first layer, or call net.build(shape)",
    "layers": "give the layers themselves: syn0.Sequential(layer, layer)",
    "loss": "give it to net.fit(X, y, loss=...)",
    "optimizer": "give it to net.fit(X, y, optimizer=...)",
    "device": "write engine= in net.fit",
}


def network_hint(owner: str, name: str) -> UnknownArgumentError:
    """Return the error for ``Sequential(name=...)``, with what to write instead."""
    known = ("random_state", "dtype", "name")
    return UnknownArgumentError(
        f"{owner} has no argument {name!r}.",
        where=f"{owner}({name}=...)",
        mend=_NETWORK_FOREIGN.get(name) or did_you_mean(name, known),
    )


def estimator_hint(owner: str, name: str, known: Iterable[str]) -> UnknownArgumentError:
    """Return the error for ``NetworkClassifier(name=...)``, with what to write instead."""
    return UnknownArgumentError(
        f"{owner} has no argument {name!r}.",
        where=f"{owner}({name}=...)",
        mend=_FIT_FOREIGN.get(name) or did_you_mean(name, known),
    )


def argument_hint(
    name: str, verb: str = "fit", known: Iterable[str] = FIT_ARGUMENTS
) -> UnknownArgumentError:
    """Return the error for ``net.fit(name=...)``, with what to write instead."""
    return UnknownArgumentError(
        f"{verb} has no argument {name!r}.",
        where=f"net.{verb}({name}=...)",
        mend=_FIT_FOREIGN.get(name) or did_you_mean(name, known),
    )
