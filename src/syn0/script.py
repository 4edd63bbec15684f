"""The printed program: a network's training, or its forward pass, as one NumPy script."""

from __future__ import annotations

import io
import math
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0 import fitting
from syn0.arrays import to_array
from syn0.engines.source import Source, print_program
from syn0.errors import UnknownNameError, did_you_mean
from syn0.graph import Dimension, Tensor
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


_OPTIONS = "loss optimizer metrics sample_weight epochs batch_size shuffle names predict".split()


def code(trainer: Trainer, X: Any = None, y: Any = None, **options: Any) -> Script:
    """Return the program of a network; see `Model.code`."""
    for option in options:
        if option not in _OPTIONS:
            raise UnknownNameError(
                f"code has no argument {option!r}.", mend=did_you_mean(option, _OPTIONS)
            )
    names = dict(options.pop("names", None) or {})
    predict = options.pop("predict", None)
    weight = options.pop("sample_weight", None)
    model, record = trainer.model, trainer.record
    asked = y is not None or any(value is not None for value in options.values())
    if record is None and not asked:
        if X is not None:
            model.prepare(X)
        return _forward_script(model, X, names)
    if options or record is None:
        record = trainer.rehearse(X, y, weight, record, **options)
    data = None
    if X is not None:
        _, given = trainer.given(X, y, weight)
        data = given.all()
    return _Training(model, record, data, names, predict).script()


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


def _nested(value: Array) -> str:
    if value.ndim == 0:
        return _number(value)
    return "[" + ", ".join(map(_nested, value)) + "]"


def _declare(
    pairs: list[tuple[str, str, Array]], variable: str, file: str
) -> tuple[list[str], dict[str, Array]]:
    """Return the lines that set variables, and the arrays that go into a file."""
    lines: list[str] = []
    kept: dict[str, Array] = {}
    weights = [value for _, _, value in pairs if value.ndim and value.any()]
    inline = sum(value.size for value in weights) <= INLINE
    for name, key, value in pairs:
        if value.ndim == 0:
            lines.append(f"{name} = {_number(value)}")
        elif not value.any():
            lines.append(f'{name} = np.zeros({value.shape}, dtype="{value.dtype}")')
        elif inline:
            lines.append(f"{name} = {_array(value)}")
        else:
            kept[key] = value
            lines.append(f'{name} = {variable}["{key}"]')
    if kept:
        lines.insert(0, f'{variable} = np.load("{file}")')
    return lines, kept


def _head(*sources: Source) -> list[str]:
    helpers = list(dict.fromkeys(h for source in sources for h in source.helpers))
    text = "\n".join([*helpers, *(s.body("") for s in sources)])
    lines = ["import math", ""] if "math." in text else []
    lines += ["import numpy as np", ""]
    for helper in helpers:
        lines += ["", helper, ""]
    return [*lines, ""] if helpers else lines


def _indent(lines: list[str], by: int) -> list[str]:
    return [" " * by + part if part else part for line in lines for part in line.split("\n")]


def _forward_lines(program: Program, source: Source, outputs: Mapping[str, str]) -> list[str]:
    return [*source.body("").split("\n"), *(f"print({v})" for v in outputs.values())]


# ----- the forward pass ---------------------------------------------------


def _forward_script(model: StatefulNetwork, X: Any, names: Mapping[str, str]) -> Script:
    program = model.program("predict").simplified()
    source = print_program(program, names)
    inputs, state = program.leaves()
    values = [
        (variable, tensor.name or "", model.numbers[tensor.name or ""])
        for variable, tensor in zip(source.state, state, strict=True)
    ]
    values += [(name, name, value) for name, value in source.constants.items()]
    lines, kept = _declare(values, "parameters", "parameters.npz")
    data_lines, data = _samples(source, inputs, None if X is None else _inputs(model, X))
    body = [
        *_head(source), "# parameters", *lines, "", "# data", *data_lines, "",
        *_forward_lines(program, source, source.outputs),
    ]  # fmt: skip
    files = {"parameters.npz": kept} if kept else {}
    return Script("\n".join(body) + "\n", {**files, **({"data.npz": data} if data else {})})


def _inputs(model: StatefulNetwork, X: Any) -> dict[str, Array]:
    return dict(fitting.prepare_inputs(model, X))


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

    def script(self) -> Script:
        record = self.record
        program = self.model.program("train_step", task=record.task, plan=record.plan).simplified()
        source = print_program(program, self.names)
        forward = self._forward()
        inputs, _ = program.leaves()
        tables = [t for t in inputs if t.shape == ()]
        given = [t for t in inputs if t.shape != ()]
        variables = {t.name or "": v for t, v in zip(inputs, source.inputs, strict=True)}
        full = self._is_full(given)
        stored = {t.name or "": self._data_name(t, variables, full) for t in given}
        data_lines, data = self._data_lines(given, stored)
        state_lines, kept = self._state_lines(program, source, forward)
        table_lines, table_data = self._table_lines(tables)
        lines = [
            *_head(*(s for s in (source, forward[1] if forward else None) if s)),
            "# data", *data_lines, "",
            "# parameters and optimizer", *state_lines, *table_lines, "",
            *self._loop(source, given, tables, variables, stored, full),
        ]  # fmt: skip
        if forward is not None:
            lines += ["", *self._prediction(*forward)]
        files: dict[str, Mapping[str, Array]] = {}
        if kept or table_data:
            files["parameters.npz"] = {**kept, **table_data}
        if data:
            files["data.npz"] = data
        return Script("\n".join(lines) + "\n", files)

    def _forward(self) -> tuple[Program, Source] | None:
        if self.predict is None:
            return None
        program = self.model.program("predict").simplified()
        return program, print_program(program, self.names)

    def _is_full(self, given: list[Tensor]) -> bool:
        if self.data is None:
            return self.record.steps_per_epoch == 1
        return len(next(iter(self.data.values()))) <= self.record.batch_size

    def _data_name(self, tensor: Tensor, variables: Mapping[str, str], full: bool) -> str:
        name = tensor.name or ""
        if full and name not in self.names:
            return variables[name]
        plain = name[0].upper() + name[1:] if name[:2] in ("x", "y", "x_", "y_") else f"{name}s"
        return self.names.get(plain, plain)

    def _data_lines(
        self, given: list[Tensor], stored: Mapping[str, str]
    ) -> tuple[list[str], dict[str, Array]]:
        if self.data is not None:
            pairs = [
                (stored[t.name or ""], t.name or "", self.data[t.name or ""].astype(t.dtype))
                for t in given
            ]
            small = sum(value.size for _, _, value in pairs) <= INLINE
            if small:
                return [f"{n} = {_array(value)}" for n, _, value in pairs], {}
            lines = ['data = np.load("data.npz")']
            lines += [f'{n} = data["{key}"]' for n, key, _ in pairs]
            return lines, {key: value for _, key, value in pairs}
        lines = ['data = np.load("data.npz")  # written by net.save_code(folder, X, y)']
        for t in given:
            name = t.name or ""
            lines.append(f'{stored[name]} = data["{name}"]')
        return lines, {}

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
                pairs.setdefault(variable, (variable, name, start[name]))
            for name, value in made[1].constants.items():
                pairs.setdefault(name, (name, name, value))
        own = [e.name for e in self.model.entries()]
        order = {name: place for place, name in enumerate(own)}
        # The network's own entries first, then single numbers, then the optimizer's arrays.
        ranked = sorted(pairs.values(), key=lambda p: (order.get(p[1], len(own)), p[2].ndim))
        return _declare(ranked, "parameters", "parameters.npz")

    def _table_lines(self, tables: list[Tensor]) -> tuple[list[str], dict[str, Array]]:
        if not tables:
            return [], {}
        first = self.record.first_step
        count = self.record.epochs * self.record.steps_per_epoch
        lines, kept = [], {}
        for tensor in tables:
            name = tensor.name or ""
            schedule = self.record.plan.schedules[name]
            steps = range(first, first + count)
            values = np.asarray([float(schedule(s)) for s in steps], dtype=tensor.dtype)
            if len(values) <= INLINE:
                lines.append(f"{name}s = {_array(values)}")
            else:
                kept[f"{name}s"] = values
                lines.append(f'{name}s = np.load("parameters.npz")["{name}s"]')
        return lines, kept

    def _loop(
        self, source: Source, given: list[Tensor], tables: list[Tensor],
        variables: Mapping[str, str], stored: Mapping[str, str], full: bool,
    ) -> list[str]:  # fmt: skip
        record = self.record
        first, count = record.first_epoch, record.epochs
        span = f"range({count})" if first == 0 else f"range({first}, {first + count})"
        lines = [f"for epoch in {span}:"]
        body = source.body("").split("\n")
        loaded = [
            f"{variables[t.name or '']} = {stored[t.name or '']}" for t in given
            if variables[t.name or ""] != stored[t.name or ""]
        ]  # fmt: skip
        step = self.names.get("step", "step")
        scheduled = [
            f"{variables[t.name or '']} = {t.name}s[{step} - {record.first_step}]"
            if record.first_step
            else f"{variables[t.name or '']} = {t.name}s[{step}]"
            for t in tables
        ]
        if full:
            lines += _indent([*loaded, *scheduled, *body], 4)
        else:
            some = stored[given[0].name or ""]
            size = record.batch_size
            if record.shuffle:
                lines.append(
                    f"    order = np.random.default_rng([{self.model.seed}, epoch])"
                    f".permutation(len({some}))"
                )
            lines.append(f"    for start in range(0, len({some}), {size}):")
            rows = f"order[start : start + {size}]" if record.shuffle else (
                f"slice(start, start + {size})"
            )  # fmt: skip
            taken = [f"{variables[t.name or '']} = {stored[t.name or '']}[rows]" for t in given]
            lines += _indent([f"rows = {rows}", *taken, *scheduled, *body], 8)
        every = max(1, count // 10)
        loss = source.outputs["loss"]
        show = f'print("epoch", epoch + 1, "loss", {loss})'
        if every > 1:
            lines += [f"    if (epoch + 1) % {every} == 0:", f"        {show}"]
        else:
            lines.append(f"    {show}")
        return lines

    def _prediction(self, program: Program, source: Source) -> list[str]:
        (tensor,) = program.leaves()[0]
        rows = to_array(self.predict, "predict").astype(tensor.dtype)
        return [
            "# prediction", f"{source.inputs[0]} = {_array(rows)}",
            *_forward_lines(program, source, source.outputs),
        ]  # fmt: skip
