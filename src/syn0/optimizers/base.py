"""What all optimizers share: rates, limits on gradients, decay of weights, entries of the state.

An optimizer is a record of numbers. They become entries of the state, so that changing them
never compiles anew, and its `update` draws the graph of one parameter's step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from syn0 import ops, schedules
from syn0.errors import ArgumentError
from syn0.graph import Tensor, input_tensor, state_tensor
from syn0.names import Record, require
from syn0.program import Entry
from syn0.schedules import LearningRate, Schedule

Tensors = Mapping[str, Tensor]
_LIMITS = ("clip_value", "clip_norm", "clip_global_norm")


@dataclass(frozen=True)
class Optimizer(Record):
    r"""The base of all optimizers.

    Parameters
    ----------
    learning_rate : float, Schedule or callable
        The size of a step, or a function of the number of the step.
    clip_value : float, optional
        Each element of a gradient is kept within plus and minus this.
    clip_norm : float, optional
        A parameter's gradient that is longer is shortened to this length.
    clip_global_norm : float, optional
        The gradient of all parameters together, if longer, is shortened to this length.
    weight_decay : float
        How strongly weights shrink. Decoupled, in AdamW, Lion and Muon, each step takes
        ``learning_rate * weight_decay`` of a weight away; in the others ``weight_decay * W``
        is added to the gradient, after clipping, as the penalty
        :math:`\tfrac12 \lambda \lVert W \rVert^2` would.

    Notes
    -----
    An optimizer of one's own is a frozen dataclass with `numbers`, `slots` and `update`.
    """

    learning_rate: LearningRate = 0.001
    clip_value: float | None = field(default=None, kw_only=True)
    clip_norm: float | None = field(default=None, kw_only=True)
    clip_global_norm: float | None = field(default=None, kw_only=True)
    weight_decay: float = field(default=0.0, kw_only=True)

    # "update" draws a graph for each step; "minimize" is run by the host over the whole data.
    kind: ClassVar[str] = "update"
    decoupled: ClassVar[bool] = False
    numbers: ClassVar[tuple[str, ...]] = ()  # the fields that are hyperparameters
    outside: ClassVar[tuple[str, ...]] = ()  # the fields that no graph depends on

    def __post_init__(self) -> None:
        if isinstance(self.learning_rate, (int, float)):
            require(self.learning_rate >= 0, self, "learning_rate", "a number of at least 0")
        schedules.get(self.learning_rate)
        for name in _LIMITS:
            value = getattr(self, name)
            require(value is None or value > 0, self, name, "a number above 0, or None")
        require(self.weight_decay >= 0, self, "weight_decay", "a number of at least 0")
        for name in self.numbers:
            value = getattr(self, name)
            if name in ("beta_1", "beta_2", "momentum", "rho"):
                require(0 <= value < 1, self, name, "a share from 0 to below 1")
            elif name == "epsilon":
                require(value > 0, self, name, "a number above 0")

    @property
    def name(self) -> str:
        """The word for it: ``adam``."""
        return type(self).__name__.lower()

    @property
    def schedule(self) -> Schedule | None:
        """The learning rate as a function of the step; None if it is one number."""
        schedule = schedules.get(self.learning_rate)
        return None if isinstance(schedule, schedules.ConstantSchedule) else schedule

    def hyperparameters(self) -> dict[str, float]:
        """Return the numbers that may change between steps; a schedule's first rate."""
        values = {"learning_rate": float(schedules.get(self.learning_rate)(0))}
        values |= {name: float(getattr(self, name)) for name in self.numbers}
        limits = {name: getattr(self, name) for name in _LIMITS}
        values |= {name: float(limit) for name, limit in limits.items() if limit is not None}
        return values | ({"weight_decay": float(self.weight_decay)} if self.weight_decay else {})

    def slots(self, shape: tuple[int, ...]) -> dict[str, float]:
        """Return what is kept of a parameter of this shape: names and what they start from."""
        return {}

    def shared(self) -> dict[str, float]:
        """Return numbers kept once for all parameters: names and what they start from."""
        return {}

    def penalty(self, parameters: Tensors, h: Tensors, weight: Tensor) -> Tensor | None:
        """Return what joins the loss of a batch before its gradient is taken, None for nothing.

        Parameters
        ----------
        parameters : mapping of str to Tensor
            All that this optimizer moves.
        h : mapping of str to Tensor
            Hyperparameters.
        weight : Tensor
            The sum of the weights of the batch's samples: their number where they have none.
        """
        return None

    def advance(self, h: Tensors, step: Tensor) -> dict[str, Tensor]:
        """Return what the updates of all parameters need of this step.

        Entries named in `shared` are their new values. The others join `h` in `update`.
        """
        return {}

    def update(
        self, parameter: Tensor, gradient: Tensor, slots: Tensors, h: Tensors, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the new value of a parameter and those of its slots.

        Parameters
        ----------
        parameter, gradient : Tensor
            The parameter and its gradient, clipped and decayed.
        slots : mapping of str to Tensor
            What is kept of the parameter.
        h : mapping of str to Tensor
            Hyperparameters, and what `advance` returned.
        step : Tensor
            The number of the step, 1 at the first.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no update")

    def descend(self, parameter: Tensor, direction: Tensor, h: Tensors) -> Tensor:
        """Return ``parameter - learning_rate * direction``, with decoupled decay if any."""
        if self.decoupled and self.weight_decay:
            direction = direction + h["weight_decay"] * parameter
        if direction.inputs and direction.name is None:
            direction = direction.named(f"update_{parameter.name}", scoped=False)
        new: Tensor = parameter - h["learning_rate"] * direction
        return new


# ----- gradients ----------------------------------------------------------


def global_norm(gradients: Iterable[Tensor]) -> Tensor:
    """Return the length of all gradients taken as one vector.

    Examples
    --------
    >>> from syn0 import graph
    >>> a, b = graph.constant([3.0]), graph.constant([[0.0], [4.0]])
    >>> float(graph.evaluate([global_norm([a, b])], {})[0])
    5.0
    """
    first, *others = (ops.sum(ops.square(g)) for g in gradients)
    for other in others:
        first = first + other
    norm: Tensor = ops.sqrt(first)
    return norm.named("gradient_norm", scoped=False)


def prepare(
    optimizer: Optimizer, pairs: Mapping[str, tuple[Tensor, Tensor]], h: Tensors
) -> dict[str, Tensor]:
    """Return the gradients clipped, first by value, then by norm, and with coupled decay."""
    gradients = {name: g for name, (_, g) in pairs.items()}
    if optimizer.clip_value is not None:
        limit = h["clip_value"]
        gradients = {name: ops.clip(g, -limit, limit) for name, g in gradients.items()}
    if optimizer.clip_norm is not None:
        limit = h["clip_norm"]
        for name, g in gradients.items():
            norm = ops.sqrt(ops.sum(ops.square(g)))
            gradients[name] = _shortened(g, norm, limit)
    if optimizer.clip_global_norm is not None:
        norm, limit = global_norm(gradients.values()), h["clip_global_norm"]
        gradients = {name: _shortened(g, norm, limit) for name, g in gradients.items()}
    if optimizer.weight_decay and not optimizer.decoupled:
        decay = h["weight_decay"]
        gradients = {name: g + decay * pairs[name][0] for name, g in gradients.items()}
    return gradients


def _shortened(gradient: Tensor, norm: Tensor, limit: Tensor) -> Tensor:
    # Divided by the larger of both: exactly 1 for short gradients, and never 0 / 0.
    shortened: Tensor = gradient * (limit / ops.maximum(norm, limit))
    return shortened


# ----- several optimizers -------------------------------------------------


@dataclass(frozen=True)
class Group:
    """The parameters that one optimizer updates, and how its entries of the state are named.

    The first group's entries have plain names, ``learning_rate``; the second's end in
    ``_2``, and so on. Groups are numbered as their parameters appear in the network, frozen
    ones included. Slots are named by their parameter: ``m_W_hidden``.
    """

    optimizer: Optimizer
    number: int
    names: tuple[str, ...]

    def full(self, local: str) -> str:
        """Return the name in the state of a hyperparameter or shared number."""
        return local if self.number == 1 else f"{local}_{self.number}"


def groups_of(optimizers: Mapping[str, Optimizer], order: Sequence[Optimizer] = ()) -> list[Group]:
    """Return the groups of parameters that share an optimizer object.

    Parameters
    ----------
    optimizers : mapping of parameter name to Optimizer
        What updates each parameter.
    order : sequence of Optimizer, optional
        The optimizers by number, those without a parameter for now included, so that numbers
        stay when layers are frozen. Without it they are numbered as they appear.
    """
    members: dict[int, tuple[Optimizer, list[str]]] = {id(o): (o, []) for o in order}
    for name, optimizer in optimizers.items():
        members.setdefault(id(optimizer), (optimizer, []))[1].append(name)
    return [
        Group(optimizer, number, tuple(names))
        for number, (optimizer, names) in enumerate(members.values(), start=1)
        if names
    ]


def declare(
    optimizers: Mapping[str, Optimizer],
    parameters: Iterable[Entry],
    order: Sequence[Optimizer] = (),
) -> dict[Entry, float]:
    """Return the entries that optimizers need, each with the number that fills it at first.

    Parameters
    ----------
    optimizers : mapping of parameter name to Optimizer
        What updates each parameter.
    parameters : iterable of Entry
        What the network declares; what no optimizer updates is passed over.
    order : sequence of Optimizer, optional
        As in `groups_of`.

    Raises
    ------
    ArgumentError
        If the network, or another optimizer, calls an entry by the same name.

    Examples
    --------
    >>> from syn0.optimizers import SGD
    >>> W = Entry("W_hidden", (3, 4), "float32", "parameter", True)
    >>> [e.name for e in declare({"W_hidden": SGD(0.1, momentum=0.9)}, [W])]
    ['learning_rate', 'momentum', 'velocity_W_hidden']
    """
    by_name = {entry.name: entry for entry in parameters}
    taken = {"step", "seed", *by_name}
    found: dict[Entry, float] = {}
    for group in groups_of(optimizers, order):
        for entry, value in _declared(group, by_name):
            if entry.name in taken:
                raise _taken(group.optimizer, entry)
            taken.add(entry.name)
            found[entry] = value
    return found


def _declared(group: Group, by_name: Mapping[str, Entry]) -> Iterator[tuple[Entry, float]]:
    dtype = by_name[group.names[0]].dtype
    for name, value in group.optimizer.hyperparameters().items():
        yield Entry(group.full(name), (), dtype, "hyperparameter"), value
    for name, value in group.optimizer.shared().items():
        yield Entry(group.full(name), (), dtype, "slot"), value
    for name in group.names:
        shape = by_name[name].shape
        for slot, value in group.optimizer.slots(shape).items():
            yield Entry(f"{slot}_{name}", shape, by_name[name].dtype, "slot"), value


def _taken(optimizer: Optimizer, entry: Entry) -> ArgumentError:
    return ArgumentError(
        f"{type(optimizer).__name__} needs the {entry.role} {entry.name!r}, but something else "
        "in the state has this name.",
        where=f"optimizer={type(optimizer).__name__}(...)",
        expected="names that the layers of the network and the optimizers do not share",
        mend="give the layer, or what it declares, another name",
    )


def schedules_of(
    optimizers: Mapping[str, Optimizer], order: Sequence[Optimizer] = ()
) -> dict[str, Schedule]:
    """Return the schedules by the name of the entry that they replace, ``learning_rate``."""
    groups = groups_of(optimizers, order)
    found = {group.full("learning_rate"): group.optimizer.schedule for group in groups}
    return {name: schedule for name, schedule in found.items() if schedule is not None}


def penalties(
    parameters: Tensors,
    optimizers: Mapping[str, Optimizer],
    weight: Tensor,
    scheduled: Sequence[str] = (),
    order: Sequence[Optimizer] = (),
) -> list[Tensor]:
    """Return what the optimizers add to the loss.

    Parameters
    ----------
    parameters : mapping of str to Tensor
        The parameters to update.
    weight : Tensor
        As in `Optimizer.penalty`.
    optimizers, scheduled, order
        As in `apply_updates`.
    """
    found = []
    for group in groups_of({name: optimizers[name] for name in parameters}, order):
        chosen = {name: parameters[name] for name in group.names}
        h = _hyperparameters(group, chosen[group.names[0]].dtype, scheduled)
        penalty = group.optimizer.penalty(chosen, h, weight)
        found += [] if penalty is None else [penalty]
    return found


def _hyperparameters(group: Group, dtype: str, scheduled: Sequence[str]) -> dict[str, Tensor]:
    names = group.optimizer.hyperparameters()
    return {name: _read(group.full(name), dtype, scheduled) for name in names}


def apply_updates(
    pairs: Mapping[str, tuple[Tensor, Tensor]],
    optimizers: Mapping[str, Optimizer],
    step: Tensor,
    scheduled: Sequence[str] = (),
    order: Sequence[Optimizer] = (),
) -> dict[str, Tensor]:
    """Return the new values of all parameters, slots and shared numbers, by entry.

    Parameters
    ----------
    pairs : mapping of name to (parameter, gradient)
        The parameters to update.
    optimizers : mapping of parameter name to Optimizer
        What updates each.
    step : Tensor
        The number of the step, 1 at the first; a whole number.
    scheduled : sequence of str
        Entries that come with each step, as inputs, instead of from the state.
    order : sequence of Optimizer, optional
        As in `groups_of`.
    """
    updates: dict[str, Tensor] = {}
    for group in groups_of({name: optimizers[name] for name in pairs}, order):
        optimizer, chosen = group.optimizer, {name: pairs[name] for name in group.names}
        dtype = chosen[group.names[0]][0].dtype
        h = _hyperparameters(group, dtype, scheduled)
        h |= {name: _read(group.full(name), dtype, scheduled) for name in optimizer.shared()}
        advanced = optimizer.advance(h, step)
        updates |= {group.full(name): advanced[name] for name in optimizer.shared()}
        gradients = prepare(optimizer, chosen, h)
        for name, (parameter, _) in chosen.items():
            shape = tuple(d for d in parameter.shape if isinstance(d, int))
            slots = {
                slot: state_tensor(f"{slot}_{name}", shape, parameter.dtype, number=False)
                for slot in optimizer.slots(shape)
            }
            new, new_slots = optimizer.update(
                parameter, gradients[name], slots, {**h, **advanced}, step
            )
            updates |= {f"{slot}_{name}": value for slot, value in new_slots.items()}
            updates[name] = new
    return updates


def _read(name: str, dtype: str, scheduled: Sequence[str]) -> Tensor:
    make = input_tensor if name in scheduled else state_tensor
    return make(name, (), dtype)


def refuse_in_mapping(optimizer: Optimizer) -> None:
    """Raise an error for an optimizer that cannot update some parameters only."""
    if optimizer.kind != "update":
        raise ArgumentError(
            f"{type(optimizer).__name__} moves all parameters together.",
            where="optimizer={pattern: optimizer}",
            expected="optimizers that make a step for each parameter",
            mend=f"give it alone: optimizer=syn0.{type(optimizer).__name__}()",
        )
