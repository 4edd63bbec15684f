"""What happens in each layer: what it puts out, and what gradient reaches it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from syn0.errors import ArgumentError, UnknownNameError, did_you_mean
from syn0.plots.canvas import Plot, draw, fitted, quiet
from syn0.plots.facts import function_name
from syn0.plots.palette import BLUE, ORANGE

Array = NDArray[Any]

# Where an activation ends, and how near to it, as a share of its range, it hardly moves.
_ENDS = {"sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
_NEAR = 0.01
_BINS = 40
_ACROSS = 4


class Looked(Protocol):
    """What these plots ask of a network."""

    @property
    def layers(self) -> Mapping[str, Any]:
        """The layers by name."""
        ...

    @property
    def frozen(self) -> set[str]:
        """The names of layers that do not learn."""
        ...

    def activations(self, X: Any) -> Mapping[str, Array]:
        """Return what every layer puts out."""
        ...

    def gradients(self, X: Any, y: Any = None) -> Mapping[str, Array]:
        """Return the gradient of each parameter."""
        ...

    def layer_of(self, entry: str) -> str | None:
        """Return the layer of a parameter."""
        ...


# ----- activations ----------------------------------------------------------


def activations(net: Looked, X: Any, *, layers: Sequence[str] = (), ax: Any = None) -> Plot:
    """Draw a histogram of what each layer puts out.

    Parameters
    ----------
    net : Model
        The network.
    X : array of shape (samples, ...)
        Data, as for `net.predict`; some hundred samples tell enough.
    layers : sequence of str
        The layers to draw; all by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default. The panels share its room.

    Returns
    -------
    Plot
        Its values are ``zeros`` and ``saturated``: the share of numbers that are exactly 0,
        and of those that an activation with ends (sigmoid, tanh) puts out within a
        hundredth of its range from an end, where its slope is all but gone.

    Notes
    -----
    Zeros are one bar of their own, in orange. It is cut off where it would hide the rest;
    the share stands in the title.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> X = np.linspace(-1, 1, 8).reshape(-1, 1)
    >>> net = syn0.Sequential(syn0.Dense(4, "relu", name="hidden"), syn0.Dense(1), random_state=0)
    >>> plot = syn0.plots.activations(net, X)
    >>> plot.values["zeros"]["hidden"]
    0.5
    """
    found = dict(net.activations(X))
    for name in layers:
        if name not in found:
            raise UnknownNameError(f"there is no layer {name!r}.", mend=did_you_mean(name, found))
    shown = {name: np.asarray(found[name]).ravel() for name in layers or found}
    ends = {name: _ENDS.get(function_name(net.layers.get(name)) or "") for name in shown}
    zeros = {name: _share(values == 0) for name, values in shown.items()}
    saturated = {
        name: _saturated(shown[name], span) for name, span in ends.items() if span is not None
    }
    columns = min(len(shown), _ACROSS)
    rows = -(-len(shown) // columns)

    def draws(*panels: Any) -> Mapping[str, Any]:
        for (name, values), axes in zip(shown.items(), panels, strict=False):
            told = [f"{_percent(zeros[name])} zeros"]
            if name in saturated:
                told = [f"{_percent(saturated[name])} saturated"]
            lost = 1 - _share(np.isfinite(values))
            if lost:
                told.append(f"{_percent(lost)} not finite")
            _histogram(axes, values)
            axes.set_title(f"{fitted(name)}\n{', '.join(told)}", loc="left", fontsize="small")
            axes.tick_params(labelsize="x-small")
            axes.locator_params(nbins=4)
        for i, axes in enumerate(panels):
            if i % columns == 0:
                axes.set_ylabel("share of values", fontsize="x-small")
            if i >= len(shown):
                axes.set_axis_off()
            elif i + columns >= len(shown):
                axes.set_xlabel("output of the layer", fontsize="x-small")
        return {"zeros": zeros, "saturated": saturated}

    size = (max(2.4 * columns, 3.6), 2.1 * rows + 0.2)
    return draw(ax, size, draws, rows=rows, columns=columns)


def _histogram(axes: Any, values: Array) -> None:
    finite = values[np.isfinite(values)].astype(float)
    rest = finite[finite != 0]
    most = 0.0
    if rest.size:
        heights, edges = np.histogram(rest, _BINS, _reach(rest))
        shares = heights / values.size
        most = float(shares.max())
        axes.stairs(shares, edges, fill=True, color=BLUE)  # one shape draws faster than bars
    if rest.size < finite.size:
        share = 1 - rest.size / finite.size
        reach = np.abs(rest).max() if rest.size else 1.0
        axes.bar([0.0], [share], 0.03 * reach * 2, color=ORANGE)
        if most:
            axes.set_ylim(0, min(max(share, most), 2 * most) * 1.05)
    if not finite.size:
        axes.text(0.5, 0.5, "no finite number", ha="center", transform=axes.transAxes)
    quiet(axes)


def _reach(values: Array) -> tuple[float, float]:
    """Return between which numbers the bars stand; a single number gets room around it."""
    low, high = float(values.min()), float(values.max())
    most = max(abs(low), abs(high))
    return (low, high) if high - low > 1e-9 * most else (low - most / 2, high + most / 2)


def _saturated(values: Array, ends: tuple[float, float]) -> float:
    low, high = ends
    near = (high - low) * _NEAR
    return _share((values <= low + near) | (values >= high - near))


def _share(those: Array) -> float:
    return float(np.mean(those)) if those.size else math.nan


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share in (0, 1) or 0.01 <= share <= 0.99 else (
        f"{100 * share:.2g} %" if share < 0.01 else f"{100 * share:.4g} %"
    )  # fmt: skip


# ----- gradients ------------------------------------------------------------


def gradients(net: Looked, X: Any, y: Any = None, *, ax: Any = None) -> Plot:
    """Draw how large the gradient is that reaches each layer.

    Parameters
    ----------
    net : Model
        The network; its loss is that of the last fit, or the default.
    X, y : array
        A batch, as for `net.fit`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Plot
        Its values are ``root_mean_square``: for each layer that learns that of the
        gradient over its parameters.

    Notes
    -----
    A dot is the root mean square, the bar beneath it reaches over the middle 90 % of the
    sizes that are not 0. A gradient that falls by decades towards the input vanishes; one
    that grows explodes. A layer whose gradient is 0 everywhere is marked by a cross.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> X = np.linspace(-1, 1, 8).reshape(-1, 1)
    >>> net = syn0.Sequential(syn0.Dense(4, name="hidden"), syn0.Dense(1), random_state=0)
    >>> list(syn0.plots.gradients(net, X, X**2).values["root_mean_square"])
    ['hidden', 'dense_1']
    """
    parts: dict[str, list[Array]] = {}
    for entry, gradient in net.gradients(X, y).items():
        parts.setdefault(net.layer_of(entry) or entry, []).append(np.abs(gradient).ravel())
    if not parts:
        raise ArgumentError("no layer learns.", where="gradients", mend='net.unfreeze("*")')
    order = [name for name in net.layers if name in parts]
    sizes = {name: np.concatenate(parts[name]).astype(float) for name in order}
    middle = {name: float(np.sqrt(np.mean(size**2))) for name, size in sizes.items()}

    def draws(axes: Any) -> Mapping[str, Any]:
        _flow(axes, sizes, middle)
        return {"root_mean_square": middle}

    return draw(ax, (6.4, 1.5 + 0.3 * len(order)), draws)


def _flow(axes: Any, sizes: Mapping[str, Array], middle: Mapping[str, float]) -> None:
    axes.set_xscale("log")
    alive = [at for at, value in enumerate(middle.values()) if 0 < value < math.inf]
    values = np.array(list(middle.values()))
    for at, size in enumerate(sizes.values()):
        positive = size[(size > 0) & np.isfinite(size)]
        if positive.size:
            axes.plot(
                np.percentile(positive, [5, 95]), [at, at], color=BLUE, alpha=0.35, linewidth=7,
                solid_capstyle="butt", label="middle 90 %" if at in alive[:1] else None,
            )  # fmt: skip
    axes.plot(values[alive], alive, "o-", color=BLUE, linewidth=1, label="root mean square")
    none = [at for at, value in enumerate(values) if at not in alive]
    if none:
        place = values[alive].min() / 10 if alive else 1.0
        label = "0 everywhere" if not values[none].any() else "0 everywhere, or not finite"
        axes.plot([place] * len(none), none, "X", color=ORANGE, markersize=8, label=label)
    axes.set_yticks(range(len(middle)), [fitted(name) for name in middle])
    axes.set_ylim(len(middle) - 0.5, -0.5)  # the first layer above
    axes.set_xlabel("size of the gradient, in loss per unit of a parameter", loc="right")
    axes.set_title("gradient that reaches each layer", loc="left", fontsize="medium")
    axes.legend(fontsize="small")
    quiet(axes, "x")
