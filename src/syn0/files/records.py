"""The JSON of a model file, as fixed structs: what is not named here is refused.

Each class is one kind of object in the JSON; ``docs/model-file.md`` tells their meaning. An
object that may stand where others may says which it is by its key ``is``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

FORMAT = "syn0 model"
FORMAT_VERSION = 1

MOST_TEXT = 1000  # characters
Text = Annotated[str, msgspec.Meta(max_length=MOST_TEXT)]
Whole = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**40)]
PairOfCounts = tuple[Count, Count]
DType = Annotated[str, msgspec.Meta(max_length=16)]


class Plain(msgspec.Struct, forbid_unknown_fields=True):
    """An object of which only the named keys are known."""


class Tagged(Plain, tag_field="is", tag=str.lower):
    """An object that says by the key ``is`` what it is: the name of its class, in small letters."""


class Envelope(msgspec.Struct):
    """What a reader of any version understands, before it reads the rest."""

    format: str
    format_version: int
    sha256: Text = ""
    model: msgspec.Raw = msgspec.Raw(b"null")


# ----- values of a configuration ------------------------------------------


class Special(Tagged):
    """A float that JSON has no word for: ``nan``, ``inf`` or ``-inf``."""

    text: Literal["nan", "inf", "-inf"]


class Items(Tagged):
    """A sequence of values."""

    items: list[Value]


class Named(Tagged):
    """Values by name."""

    items: dict[Text, Value]


class Record(Tagged):
    """An object of syn0: its class, as ``family.Name``, and its fields."""

    kind: Text
    fields: dict[Text, Value]


class Function(Tagged):
    """A function of syn0, as ``activations.name`` or ``ops.name``."""

    name: Text


class Own(Tagged):
    """Something that is not of syn0: its number in the list `Model.own`."""

    number: Count


class Initial(Tagged):
    """An array that a parameter starts from: it stands among the tensors, as ``initial/...``."""


class Output(Tagged):
    """The output of a node of the network, as a loss: the number of the node."""

    node: Count


class Inside(Tagged):
    """A network that serves as a layer; ``residual`` if the input is added to its output."""

    network: Network
    residual: bool


Value = (
    None | bool | Whole | float | Text
    | Special | Items | Named | Record | Function | Own | Initial | Output | Inside
)  # fmt: skip


# ----- graphs -------------------------------------------------------------


class Dim(Plain):
    """A size with a name: ``(scale * name + offset) // divisor``."""

    name: Literal["batch", "time"]
    scale: Whole
    offset: Whole
    divisor: Whole


Sizes = list[Count | Dim]


class Part(Plain):
    """A slice of one axis."""

    start: Whole | None
    stop: Whole | None
    step: Whole | None


class Attributes(Plain, omit_defaults=True):
    """The attributes of an op; each op has some of these."""

    axis: Whole | list[Whole] | msgspec.UnsetType | None = msgspec.UNSET
    axes: Whole | list[Whole] | msgspec.UnsetType = msgspec.UNSET
    keepdims: bool | msgspec.UnsetType = msgspec.UNSET
    shape: Sizes | msgspec.UnsetType = msgspec.UNSET
    key: list[Part] | msgspec.UnsetType = msgspec.UNSET
    widths: list[tuple[Count, Count]] | msgspec.UnsetType = msgspec.UNSET
    classes: Count | msgspec.UnsetType = msgspec.UNSET
    dtype: DType | msgspec.UnsetType = msgspec.UNSET
    size: PairOfCounts | msgspec.UnsetType = msgspec.UNSET
    window: PairOfCounts | msgspec.UnsetType = msgspec.UNSET
    kernel: PairOfCounts | msgspec.UnsetType = msgspec.UNSET
    strides: PairOfCounts | msgspec.UnsetType = msgspec.UNSET
    padding: tuple[PairOfCounts, PairOfCounts] | msgspec.UnsetType = msgspec.UNSET
    dilation: PairOfCounts | msgspec.UnsetType = msgspec.UNSET
    groups: Count | msgspec.UnsetType = msgspec.UNSET


class Apply(Tagged, omit_defaults=True):
    """An op on the values of nodes before it.

    `name` is what printed code calls the value, `scoped` whether the name of the layer
    follows it.
    """

    op: Text
    inputs: list[Count]
    attributes: Attributes | None = None
    name: Text | None = None
    scoped: bool = False


class Argument(Tagged, omit_defaults=True):
    """An argument; with a path, what it was made of: an input of its op, of that one's op...

    `ops` are the ops that lie on the path, so that another graph is not mistaken for this.
    """

    number: Count
    path: list[Count] = []
    ops: list[Text] = []


class Entry(Tagged):
    """A parameter, statistic or hyperparameter of the layer, by its local name."""

    name: Text


class Draw(Tagged):
    """Random numbers: which of the draws of the graph."""

    number: Count


class Constant(Tagged):
    """A number, or the tensor ``constant/<number>`` of the file."""

    dtype: DType
    value: bool | int | float | Special | None = None
    tensor: Count | None = None


class Extent(Tagged):
    """How many elements a shape has."""

    of: Sizes
    dtype: DType


GraphNode = Apply | Argument | Entry | Draw | Constant | Extent


class TensorType(Plain):
    """The shape and dtype of an argument."""

    shape: Sizes
    dtype: DType


class Drawn(Plain):
    """Random numbers of a shape: ``uniform`` in [0, 1), or ``normal``."""

    kind: Literal["uniform", "normal"]
    shape: Sizes


class Graph(Plain, omit_defaults=True):
    """What a function or layer computes, for arguments of these shapes and dtypes.

    `outputs` and `statistics` are numbers of nodes; `training` says for which programs the
    graph is, where it matters.
    """

    arguments: list[TensorType]
    nodes: list[GraphNode]
    outputs: list[Count]
    statistics: dict[Text, Count] = {}
    draws: list[Drawn] = []
    training: bool | None = None


# ----- what is not of syn0 ------------------------------------------------


class OwnFunction(Tagged, tag="function"):
    """A function of tensors: activation, derivative, penalty, loss or metric."""

    name: Text
    fields: dict[Text, Value] | None
    graphs: list[Graph]


class Declared(Plain):
    """A parameter or statistic of a layer: its shape, and what it starts from."""

    shape: list[Count]
    initializer: Value


class OwnLayer(Tagged, tag="layer"):
    """A layer: what it declares and what it computes."""

    name: Text
    fields: dict[Text, Value] | None
    layer_name: Text | None
    input_dtype: DType | None
    parameters: dict[Text, Declared]
    state: dict[Text, Declared]
    hyperparameters: dict[Text, float]
    graphs: list[Graph]
    penalties: list[Graph]


class OwnLoss(Tagged, tag="loss"):
    """A class of losses: what `syn0.losses.Loss` says of itself, and its values as graphs."""

    name: Text
    fields: dict[Text, Value] | None
    word: Text
    reduction: Literal["mean", "sum"]
    targets: Literal["values", "classes"]
    threshold: float | None
    exclusive: bool
    graphs: list[Graph]


class OwnMetric(Tagged, tag="metric"):
    """A class of metrics per sample."""

    name: Text
    fields: dict[Text, Value] | None
    word: Text
    graphs: list[Graph]


class OwnInitializer(Tagged, tag="initializer"):
    """A function that draws initial values; what it drew is among the tensors."""

    name: Text
    fields: dict[Text, Value] | None


class OwnSchedule(Tagged, tag="schedule"):
    """A learning rate that is a function of the step: the rate of the next step."""

    name: Text
    fields: dict[Text, Value] | None
    rate: float


class OwnOptimizer(Tagged, tag="optimizer"):
    """A class of optimizers, which a file cannot hold."""

    name: Text
    fields: dict[Text, Value] | None


AnyOwn = OwnFunction | OwnLayer | OwnLoss | OwnMetric | OwnInitializer | OwnSchedule | OwnOptimizer


# ----- the network and its training ---------------------------------------


class Node(Plain):
    """The output of a layer: the number of the layer, and the nodes that it reads."""

    layer: Count
    inputs: list[Count]
    label: Text | None


class Network(Plain):
    """Layers wired into a graph.

    The first `own_nodes` nodes are those of the network; the others belong to a loss that is
    wired to it.
    """

    kind: Literal["Sequential", "Model", "Network"]
    name: Text | None
    dtype: Literal["float32", "float64"]
    layers: list[Value]
    nodes: list[Node]
    own_nodes: Count
    inputs: list[Count]
    outputs: list[Count]
    input_names: list[Text]
    output_names: list[Text]
    frozen: list[Text]
    settled: list[Text]


class Target(Plain):
    """How the targets of an output enter the graph."""

    name: Text
    shape: Sizes
    dtype: DType
    classes: Count | None


class Task(Plain):
    """What was learned: a loss, targets, metrics and a weight for each output."""

    losses: list[Value]
    targets: list[Target | None]
    metrics: list[list[Value]]
    loss_weights: list[float]
    weighted: bool


class Training(Plain):
    """What the last fit was asked for and what it did, so that the next one continues."""

    loss: Value
    optimizer: Value
    metrics: Value
    loss_weights: Value
    task: Task | None
    trainable: list[Text] | None
    epochs: Count


class History(Plain):
    """The history's number of epochs and its keys; the columns are tensors ``history/<key>``."""

    epochs: Count
    keys: list[Text]


class Preparation(Plain):
    """The preparation of tables, in its own words; arrays are tensors ``preparation/<name>``."""

    plain: dict[str, Any]
    arrays: list[Text]


class Group(Plain):
    """Parameters, and the optimizer that they have."""

    names: list[Text]
    optimizer: Value


class Memory(Plain):
    """What a callback remembers: tensors ``callback/<number>/<name>``."""

    callback: Text
    arrays: list[Text]


class Run(Plain):
    """The run that a checkpoint is of, and where it stands.

    So many `epochs` are complete, and so many `steps` of the next, whose figures are tensors
    ``total/<name>``. `data`, `batch_size`, `shuffle` and `optimizers` tell it from other runs.
    """

    first_epoch: Count
    epochs: Count
    steps: Count
    totals: list[Text]
    batch_size: Count
    shuffle: bool
    data: dict[Text, Text]
    optimizers: list[Group]
    stopped: tuple[Text, Text] | None
    callbacks: list[Memory]


class Model(Plain, omit_defaults=True):
    """A whole model file, but for the tensors; with a run it is a checkpoint."""

    syn0_version: Text
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
    network: Network
    input_shapes: list[Sizes]
    hyperparameters: dict[Text, float]
    own: list[AnyOwn]
    training: Training
    history: History
    preparation: Preparation | None
    notes: list[Text]
    checksums: dict[Text, Text]
    run: Run | None = None
