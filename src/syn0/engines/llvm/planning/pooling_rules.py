"""The calls of pooling and its adjoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from syn0.engines.llvm.kernels.convolution import table
from syn0.engines.llvm.kernels.pooling import pooling_kernel
from syn0.engines.llvm.planning.calls import Emitter, named
from syn0.engines.llvm.planning.convolution import Strides, axes_of, map_parts
from syn0.engines.llvm.planning.fusion import Rows
from syn0.engines.llvm.planning.memory import Call, Pointer, is_aligned
from syn0.engines.llvm.planning.views import contiguous
from syn0.engines.llvm.planning.windows import Axis, Run, picture_runs, window_runs
from syn0.graph import Tensor

Rule = Callable[[Emitter, Tensor, Rows], None]


def _largest(e: Emitter, t: Tensor, rows: Rows) -> None:
    """Emit the largest of each window, and its place too if somebody wants it, in one pass."""
    if id(t) in e.made_beside:
        return
    other = _other(e, t)
    if other is None:
        _emit(e, [t], rows, "max" if t.op.name == "max_pool2d" else "places", window_runs)
        return
    e.made_beside.add(id(other))
    e.allocate(other, e.fusion.unit_of[id(other)])
    pair = [t, other] if t.op.name == "max_pool2d" else [other, t]
    _emit(e, pair, rows, "max_and_places", window_runs)


def _other(e: Emitter, t: Tensor) -> Tensor | None:
    """Return the other of largest value and place of the same windows, if it is wanted."""
    kinds = {"max_pool2d", "max_pool2d_places"} - {t.op.name}
    members = (member for unit in e.fusion.units for member in unit.members)
    found = (m for m in members if m.op.name in kinds and m.attributes == t.attributes)
    return next((m for m in found if _reads_the_same(e, m, t)), None)


def _reads_the_same(e: Emitter, one: Tensor, other: Tensor) -> bool:
    x, y = e.fusion.view(one.inputs[0]), e.fusion.view(other.inputs[0])
    return x.base is y.base and (x.offset, x.shape, x.strides) == (y.offset, y.shape, y.strides)


def _pool(kind: str, runs_of: Callable[[Axis], list[Run]]) -> Rule:
    """Return the rule of a kind of pooling; its runs are of windows, or of the picture."""
    return lambda e, t, rows: _emit(e, [t], rows, kind, runs_of)


def _emit(
    e: Emitter, wanted: list[Tensor], rows: Rows, kind: str, runs_of: Callable[[Axis], list[Run]]
) -> None:
    """Emit what a kind of kernel makes of the inputs of what is wanted."""
    t = wanted[0]
    views = [e.fusion.view(i) for i in t.inputs]
    views = [view if view.is_contiguous else e.copied(view) for view in views]
    x, made = views[0], e.fusion.shape(t)
    picture, windows = (made, x.shape) if runs_of is picture_runs else (x.shape, made)
    window = t.attributes["window"]
    runs = [runs_of(a) for a in axes_of(picture[1:3], windows[1:3], window, t.attributes)]
    source, target = (Strides(*contiguous(shape)) for shape in (x.shape, made))
    by_number = Strides(0, window[1], 1, 0)
    parts = map_parts(runs, source, by_number, target, 1, 1, made[3], tidy=False)
    inputs, places = [e.pointer(view) for view in views], e.table(table(parts))
    own = [is_aligned(v, p.buffer, rows) for v, p in zip(views, inputs, strict=True)]
    outputs = tuple(e.buffers[id(one)] for one in wanted)
    met = sum(part.lines * part.rows * part.taps * part.inner_taps for part in parts)
    e.calls.append(
        Call(
            pooling_kernel(kind, x.base.dtype),
            (*inputs, *map(Pointer, outputs), Pointer(places)),
            (len(runs[0]), len(runs[1]), made[3], source.sample, target.sample),
            rows,
            (*((p.buffer, o) for p, o in zip(inputs, own, strict=True)), (places, False)),
            outputs,
            label=", ".join(map(named, wanted)),
            operations=met * made[3] * rows.count,
        )
    )


POOLING_RULES: Mapping[str, Rule] = {
    "max_pool2d": _largest,
    "max_pool2d_places": _largest,
    "take_places": _pool("take", window_runs),
    "scatter_places": _pool("scatter", picture_runs),
    "average_pool2d": _pool("sum", window_runs),
    "average_pool2d_dx": _pool("sum", picture_runs),
}
