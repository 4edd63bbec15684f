"""The printed program: a network's training, or its forward pass, as one NumPy script."""

from __future__ import annotations

import copy
import io
import keyword
import math
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.arrays import to_array
from syn0.engines.source import Source, import_lines, is_plain_number, print_program
from syn0.errors import ArgumentError
from syn0.graph import Dimension, Tensor
from syn0.hints import argument_hint
from syn0.program import Program, State
from syn0.stateful import StatefulNetwork
from syn0.trainer import Record, Trainer

Array = NDArray[Any]
INLINE = 64  # numbers that are written into the text; more go into a file beside it


@dataclass(frozen=True)
class Script:
    """A program as text, and the arrays that it reads.

    Attributes
    ----------
    text : str
        Python that needs NumPy only.
    files : mapping of file name to arrays by name
        What `save` writes beside it.
    """

    text: str
    files: Mapping[str, Mapping[str, Array]] = field(default_factory=dict)


def save(script: Script, folder: Path) -> Path:
    """Write ``program.py`` and its arrays; each file appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, arrays in script.files.items():
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        _write(folder / name, buffer.getvalue())
    _write(folder / "program.py", script.text.encode())
    return folder / "program.py"


def _write(path: Path, content: bytes) -> None:
    # Made by `open`, so that the file has the permissions that any new file gets.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


_OF_DATA = ("sample_weight", "class_weight", "validation_data")
_OF_PROGRAM = ("loss", "optimizer", "metrics", "loss_weights", "epochs", "batch_size", "shuffle")
_OPTIONS = ("names", "predict", *_OF_DATA, *_OF_PROGRAM)


def code(trainer: Trainer, X: Any = None, y: Any = None, **options: Any) -> Script:
    """Return the program of a network; see `Model.code`."""
    for option in options:
        if option not in _OPTIONS:
            raise argument_hint(option, "code", _OPTIONS)
    names = dict(options.pop("names", None) or {})
    predict = options.pop("predict", None)
    model, record = trainer.model, trainer.record
    if record is None and y is None and not options:
        X = predict if X is None else X
        inputs = None if X is None else model.prepare(X)
        return _forward_script(model, inputs, names)
    if X is None:
        return _Training(model, _planned(record, options), None, names, predict).script()
    anew = record is None or any(name in options for name in _OF_PROGRAM)
    job = (trainer if anew else _as_it_was(trainer, record)).prepare(X, y, **options)
    if record is None or anew:
        start = {**model.numbers, **job.fresh, **job.measured}
        record = job.record(start, trainer.epochs_done, job.epochs)
        record = replace(record, frozen=frozenset(model.frozen))
    if record.task.weighted and not job.task.weighted:
        raise ArgumentError(
            "the last fit weighted its samples.",
            expected="sample_weight= or class_weight=, as given to fit",
        )
    return _Training(model, record, job.data.all(), names, predict).script()


def _as_it_was(trainer: Trainer, record: Record | None) -> Trainer:
    """Return a trainer whose network is frozen as it was in the recorded fit."""
    if record is None:
        return trainer
    other = copy.copy(trainer)
    other.model = trainer.model.with_frozen(record.frozen)
    return other


def _planned(record: Record | None, options: Mapping[str, Any]) -> Record:
    if record is None or set(options) - {"epochs", "batch_size", "shuffle"}:
        raise ArgumentError(
            "the program of a training needs data to be planned for.",
            mend="give them: net.code(X, y, loss=..., optimizer=...)",
        )
    return record.changed(**options)


# ----- pieces of text -----------------------------------------------------


def _number(value: Any) -> str:
    """Write a number in the shortest way that gives it back."""
    scalar = np.asarray(value)[()]
    if scalar.dtype.kind == "f":
        if not math.isfinite(scalar):
            return f'float("{scalar}")'
        return repr(float(str(scalar)))
    return repr(scalar.item())


def _array(value: Array) -> str:
    """Write an array, a row a line; the dtype where NumPy would not choose it."""
    rows = np.asarray(value)
    kind = "" if str(rows.dtype) in ("float64", "int64") else f', dtype="{rows.dtype}"'
    if rows.ndim < 2:
        return f"np.array({_nested(rows)}{kind})"
    inner = "".join(f"    {_nested(row)},\n" for row in rows)
    return f"np.array([\n{inner}]{kind})"


def _scalar(value: Any) -> str:
    """Write a single value: a NumPy scalar as one, anything else as a plain number."""
    text = _number(value)
    return f"np.{value.dtype.name}({text})" if isinstance(value, np.generic) else text


def _start(tensor: Tensor, value: Array) -> Array:
    """Return what an entry of the state starts from; a scalar parameter as a NumPy scalar."""
    scalar = value.ndim == 0 and not is_plain_number(tensor)
    start: Array = np.asarray(value, dtype=tensor.dtype)[()] if scalar else value
    return start


def _load(
    pairs: Iterable[tuple[str, str]], variable: str, file: str, remark: str = ""
) -> list[str]:
    """Return the lines that read arrays from a file, by variable and key, and close it."""
    head = f'with np.load("{file}") as {variable}:{remark}'
    return [head, *(f'    {name} = {variable}["{key}"]' for name, key in pairs)]


def _nested(value: Array) -> str:
    if value.ndim == 0:
        return _number(value)
    return "[" + ", ".join(map(_nested, value)) + "]"


def _declare(
    pairs: list[tuple[str, str, Array]], variable: str, file: str
) -> tuple[list[str], dict[str, Array]]:
    """Return the lines that set variables, and the arrays that go into a file."""
    lines: list[str] = []
    kept: dict[str, tuple[str, Array]] = {}
    weights = [value for _, _, value in pairs if value.ndim and value.any()]
    inline = sum(value.size for value in weights) <= INLINE
    for name, key, value in pairs:
        if value.ndim == 0:
            lines.append(f"{name} = {_scalar(value)}")
        elif not value.any():
            lines.append(f'{name} = np.zeros({value.shape}, dtype="{value.dtype}")')
        elif inline:
            lines.append(f"{name} = {_array(value)}")
        else:
            kept[key] = name, value
    if kept:
        lines = [*_load(((name, key) for key, (name, _) in kept.items()), variable, file), *lines]
    return lines, {key: value for key, (_, value) in kept.items()}


def _head(*sources: Source) -> list[str]:
    helpers = list(dict.fromkeys(h for source in sources for h in source.helpers))
    text = "\n".join([*helpers, *(s.body("") for s in sources)])
    lines = [*import_lines(text), ""]
    for helper in helpers:
        lines += ["", helper, ""]
    return [*lines, ""] if helpers else lines


def _indent(lines: list[str], by: int) -> list[str]:
    return [" " * by + part if part else part for line in lines for part in line.split("\n")]


def _forward_lines(program: Program, source: Source, outputs: Mapping[str, str]) -> list[str]:
    return [*source.body("").split("\n"), *(f"print({v})" for v in outputs.values())]


# ----- the forward pass ---------------------------------------------------


def _forward_script(
    model: StatefulNetwork, given: Mapping[str, Array] | None, names: Mapping[str, str]
) -> Script:
    program = model.program("predict").simplified()
    source = print_program(program, names)
    inputs, state = program.leaves()
    values = [
        (variable, tensor.name or "", _start(tensor, model.numbers[tensor.name or ""]))
        for variable, tensor in zip(source.state, state, strict=True)
    ]
    values += [(name, name, value) for name, value in source.constants.items()]
    lines, kept = _declare(values, "parameters", "parameters.npz")
    data_lines, data = _samples(source, inputs, given)
    body = [
        *_head(source), "# parameters", *lines, "", "# data", *data_lines, "",
        *_forward_lines(program, source, source.outputs),
    ]  # fmt: skip
    files = {"parameters.npz": kept} if kept else {}
    return Script("\n".join(body) + "\n", {**files, **({"data.npz": data} if data else {})})


def _samples(
    source: Source, inputs: list[Tensor], given: Mapping[str, Array] | None
) -> tuple[list[str], dict[str, Array]]:
    if given is None:
        lines = []
        for variable, tensor in zip(source.inputs, inputs, strict=True):
            shape = tuple(1 if isinstance(d, Dimension) else d for d in tensor.shape)
            lines.append(
                f'{variable} = np.zeros({shape}, dtype="{tensor.dtype}")  # one row a sample'
            )
        return lines, {}
    pairs = [
        (variable, tensor.name or "", given[tensor.name or ""].astype(tensor.dtype))
        for variable, tensor in zip(source.inputs, inputs, strict=True)
    ]
    return _declare(pairs, "data", "data.npz")


# ----- training -----------------------------------------------------------


@dataclass
class _Training:
    """Writes a whole training as a script."""

    model: StatefulNetwork
    record: Record
    data: Mapping[str, Array] | None
    names: Mapping[str, str]
    predict: Any
    tables: list[Tensor] = field(default_factory=list, init=False)
    given: list[Tensor] = field(default_factory=list, init=False)
    variables: dict[str, str] = field(default_factory=dict, init=False)
    stored: dict[str, str] = field(default_factory=dict, init=False)
    counts: bool = field(default=False, init=False)
    used: set[str] = field(default_factory=set, init=False)

    def script(self) -> Script:
        program = self._program().simplified()
        source = print_program(program, self.names)
        forward = self._forward()
        inputs, state = program.leaves()
        self.tables = [t for t in inputs if t.shape == ()]
        self.given = [t for t in inputs if t.shape != ()]
        self.variables = {t.name or "": v for t, v in zip(inputs, source.inputs, strict=True)}
        self.counts = any(t.name == "step" for t in state)
        full = self._is_full()
        self.used = set(re.findall(r"\w+", source.body("")))
        self.stored = {t.name or "": self._data_name(t, full) for t in self.given}
        data_lines, data = self._data_lines()
        state_lines, kept = self._state_lines(program, source, forward)
        table_lines, table_data = self._table_lines()
        lines = [
            *_head(*(s for s in (source, forward[1] if forward else None) if s)),
            "# data", *data_lines, "",
            "# parameters and optimizer", *state_lines, *table_lines, "",
            *(self._loop(source, full) if "step" in program.name else self._once(source)),
        ]  # fmt: skip
        if forward is not None:
            lines += ["", *self._prediction(*forward)]
        files: dict[str, Mapping[str, Array]] = {}
        if kept or table_data:
            files["parameters.npz"] = {**kept, **table_data}
        if data:
            files["data.npz"] = data
        return Script("\n".join(lines) + "\n", files)

    def _program(self) -> Program:
        task, plan = self.record.task, self.record.plan
        model = self.model.with_frozen(self.record.frozen)
        if plan.minimizer is None:
            return model.program("train_step", task=task, plan=plan)
        names = tuple(plan.optimizers)
        return model.program("loss_and_gradient", task=task, trainable=names, plan=plan)

    def _forward(self) -> tuple[Program, Source] | None:
        if self.predict is None:
            return None
        program = self.model.program("predict").simplified()
        return program, print_program(program, self.names)

    def _is_full(self) -> bool:
        if self.data is None:
            return self.record.steps_per_epoch == 1
        return len(next(iter(self.data.values()))) <= self.record.batch_size

    def _data_name(self, tensor: Tensor, full: bool) -> str:
        name = tensor.name or ""
        if full and name not in self.names:
            return self.variables[name]
        plain = name[0].upper() + name[1:] if name[:2] in ("x", "y", "x_", "y_") else f"{name}s"
        return self._free(self.names.get(plain, plain), "data")

    def _free(self, name: str, word: str) -> str:
        """Return a name that nothing else in the text has, with a word after it if need be."""
        taken = name in self.used or keyword.iskeyword(name) or name in ("data", "parameters")
        return f"{name}_{word}" if taken else name

    def _data_lines(self) -> tuple[list[str], dict[str, Array]]:
        given, stored = self.given, self.stored
        if self.data is not None:
            pairs = [
                (stored[t.name or ""], t.name or "", self.data[t.name or ""].astype(t.dtype))
                for t in given
            ]
            small = sum(value.size for _, _, value in pairs) <= INLINE
            if small:
                return [f"{n} = {_array(value)}" for n, _, value in pairs], {}
            lines = _load([(n, key) for n, key, _ in pairs], "data", "data.npz")
            return lines, {key: value for _, key, value in pairs}
        remark = "  # written by net.save_code(folder, X, y)"
        names = [t.name or "" for t in given]
        return _load([(stored[name], name) for name in names], "data", "data.npz", remark), {}

    def _state_lines(
        self, program: Program, source: Source, forward: tuple[Program, Source] | None
    ) -> tuple[list[str], dict[str, Array]]:
        start: State = dict(self.record.start)
        pairs: dict[str, tuple[str, str, Array]] = {}
        for made in ((program, source), forward):
            if made is None:
                continue
            _, state = made[0].leaves()
            for variable, tensor in zip(made[1].state, state, strict=True):
                name = tensor.name or ""
                pairs.setdefault(variable, (variable, name, _start(tensor, start[name])))
            for name, value in made[1].constants.items():
                pairs.setdefault(name, (name, name, value))
        own = [e.name for e in self.model.entries()]
        order = {name: place for place, name in enumerate(own)}
        # The network's own entries first, then single numbers, then the optimizer's arrays.
        ranked = sorted(pairs.values(), key=lambda p: (order.get(p[1], len(own)), p[2].ndim))
        return _declare(ranked, "parameters", "parameters.npz")

    def _table_lines(self) -> tuple[list[str], dict[str, Array]]:
        if not self.tables:
            return [], {}
        first = self.record.first_step
        count = self.record.epochs * self.record.steps_per_epoch
        lines, kept = [] if self.counts else [f"{self._step} = 0"], {}
        for tensor in self.tables:
            name = tensor.name or ""
            schedule = self.record.plan.schedules[name]
            steps = range(first, first + count)
            values = np.asarray([float(schedule(s)) for s in steps], dtype=tensor.dtype)
            variable = self._free(f"{name}s", "table")
            if len(values) <= INLINE:
                lines.append(f"{variable} = {_array(values)}")
            else:
                kept[variable] = values
        if kept:
            lines += _load([(name, name) for name in kept], "parameters", "parameters.npz")
        return lines, kept

    @property
    def _step(self) -> str:
        name = self.names.get("step", "step")
        return name if self.counts else self._free(name, "number")

    def _scheduled(self) -> list[str]:
        """Return the lines that look up what a schedule gives at this step."""
        first = self.record.first_step if self.counts else 0
        place = f"{self._step} - {first}" if first else self._step
        pairs = [(self.variables[t.name or ""], f"{t.name}s") for t in self.tables]
        return [f"{here} = {self._free(table, 'table')}[{place}]" for here, table in pairs]

    def _once(self, source: Source) -> list[str]:
        """Return the lines of one evaluation of loss and gradient."""
        remark = "# L-BFGS of SciPy asks for this again and again; its steps are SciPy's"
        show = f'print("loss", {source.outputs["loss"]})'
        return [remark, *self._taken(""), *source.body("").split("\n"), show]

    def _taken(self, rows: str) -> list[str]:
        """Return the lines that take a batch from the data."""
        pairs = [(self.variables[t.name or ""], self.stored[t.name or ""]) for t in self.given]
        return [f"{here} = {there}{rows}" for here, there in pairs if here != there or rows]

    def _loop(self, source: Source, full: bool) -> list[str]:
        record = self.record
        first, count = record.first_epoch, record.epochs
        span = f"range({count})" if first == 0 else f"range({first}, {first + count})"
        lines = [f"for epoch in {span}:"]
        body = [*self._scheduled(), *source.body("").split("\n")]
        if self.tables and not self.counts:
            body.append(f"{self._step} = {self._step} + 1")
        if full:
            lines += _indent([*self._taken(""), *body], 4)
        else:
            lines += self._batches(body)
        every = max(1, count // 10)
        word = "loss" if full else "loss of the last batch"
        show = f'print("epoch", epoch + 1, "{word}", {source.outputs["loss"]})'
        if every > 1:
            lines += [f"    if (epoch + 1) % {every} == 0:", f"        {show}"]
        else:
            lines.append(f"    {show}")
        return lines

    def _batches(self, body: list[str]) -> list[str]:
        """Return the loop over the batches of an epoch."""
        some, size = self.stored[self.given[0].name or ""], self.record.batch_size
        rows, lines = f"slice(start, start + {size})", []
        if self.record.shuffle:
            rows = f"order[start : start + {size}]"
            order = f"np.random.default_rng([{self.model.seed}, epoch]).permutation(len({some}))"
            lines.append(f"    order = {order}")
        lines.append(f"    for start in range(0, len({some}), {size}):")
        return lines + _indent([f"rows = {rows}", *self._taken("[rows]"), *body], 8)

    def _prediction(self, program: Program, source: Source) -> list[str]:
        (tensor,) = program.leaves()[0]
        rows = to_array(self.predict, "predict").astype(tensor.dtype)
        return [
            "# prediction", f"{source.inputs[0]} = {_array(rows)}",
            *_forward_lines(program, source, source.outputs),
        ]  # fmt: skip
