"""What a convolution looks for in pictures, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from syn0.errors import ArgumentError, UnknownNameError, did_you_mean
from syn0.plots.canvas import Plot, draw, fitted
from syn0.plots.montage import montage, shade, signed

Array = NDArray[Any]
_MAPS = 8  # of a layer, side by side
_LAYERS = 6


class Seeing(Protocol):
    """What these plots ask of a network."""

    @property
    def layers(self) -> Mapping[str, Any]:
        """The layers by name."""
        ...

    @property
    def parameters(self) -> Mapping[str, Array]:
        """Weights by name."""
        ...

    def activations(self, X: Any) -> Mapping[str, Array]:
        """Return what every layer puts out."""
        ...


# ----- filters ------------------------------------------------------------


def filters(net: Seeing, *, layer: str | None = None, ax: Any = None) -> Plot:
    """Draw the filters of a convolution: the patterns that it looks for.

    Parameters
    ----------
    net : Model
        The network.
    layer : str, optional
        A convolution that sees one or three channels; the first by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Plot
        Its value ``filters`` are the weights (filters, height, width, channels).

    Raises
    ------
    ArgumentError
        If the network has no such convolution.

    Notes
    -----
    With one channel, violet adds to the answer where the picture is bright and orange takes
    from it. With three, the weights are the colours themselves, grey for 0. All filters share
    one scale.

    Examples
    --------
    >>> import syn0
    >>> net = syn0.Sequential(syn0.Conv2D(6, 3, name="edges"), random_state=0).build((8, 8, 1))
    >>> syn0.plots.filters(net).values["filters"].shape
    (6, 3, 3, 1)
    """
    name, weights = _kernel(net, layer)
    kernels = np.moveaxis(weights, 3, 0)
    count, height, width, channels = kernels.shape
    reach = float(np.abs(kernels).max()) or 1.0
    values = kernels[..., 0] if channels == 1 else 0.5 + kernels / (2 * reach)
    columns = int(np.ceil(np.sqrt(count)))

    def draws(axes: Any) -> Mapping[str, Any]:
        shown = axes.imshow(montage(values, columns), **(signed(reach) if channels == 1 else {}))
        axes.set_axis_off()
        axes.set_title(
            f"{fitted(name)}: {count} filters of {height} x {width}", loc="left", fontsize="medium"
        )
        if channels == 1:
            bar = axes.figure.colorbar(shown, ax=axes, fraction=0.045, pad=0.03)
            bar.set_label("weight", fontsize="small")
            bar.ax.tick_params(labelsize="small")
        return {"filters": kernels}

    side = min(max(3.0, 0.55 * columns), 8.0)
    return draw(ax, (side + 0.8, side + 0.3), draws)


def _kernel(net: Seeing, layer: str | None) -> tuple[str, Array]:
    kernels = {
        name: values
        for name in net.layers
        if (values := net.parameters.get(f"W_{name}")) is not None and values.ndim == 4
    }
    seen = {name: values for name, values in kernels.items() if values.shape[2] in (1, 3)}
    if layer is None and seen:
        layer = next(iter(seen))
    if layer in seen:
        return layer, seen[layer]
    if layer in kernels:
        raise ArgumentError(
            f"{layer!r} looks at {kernels[layer].shape[2]} channels, which are no colours.",
            where="filters(layer=...)", expected=", ".join(map(repr, seen)) or "one or three",
            mend="for what it finds: syn0.plots.feature_maps(net, x)",
        )  # fmt: skip
    raise ArgumentError(
        "there is no convolution of pictures." if layer is None
        else f"{layer!r} is no convolution.",
        where="filters", expected="a Conv2D that sees one or three channels",
    )  # fmt: skip


# ----- feature maps -------------------------------------------------------


def feature_maps(net: Seeing, x: Any, *, layers: Sequence[str] = (), ax: Any = None) -> Plot:
    """Draw what the layers make of one picture.

    Parameters
    ----------
    net : Model
        The network.
    x : array of shape (height, width, channels) or (height, width)
        The picture.
    layers : sequence of str
        Layers that put out images; by default six from the first convolution on.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Plot
        Its value ``maps`` holds for each layer what it puts out (height, width, channels).

    Notes
    -----
    Of a layer with more maps than there is room for those are drawn that answer most
    strongly. Each row has a scale of its own: dark is least.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> net = syn0.Sequential(syn0.Conv2D(6, 3, name="edges"), syn0.MaxPool2D(2), random_state=0)
    >>> plot = syn0.plots.feature_maps(net.build((8, 8, 1)), np.eye(8))
    >>> {name: maps.shape for name, maps in plot.values["maps"].items()}
    {'edges': (6, 6, 6), 'max_pool2d_1': (3, 3, 6)}
    """
    picture = np.asarray(x)
    found = {name: v[0] for name, v in net.activations(picture[None]).items() if v.ndim == 4}
    for name in layers:
        if name not in found:
            raise UnknownNameError(
                f"no layer {name!r} puts out images.", mend=did_you_mean(name, found)
            )
    chosen = list(layers) or _finding(found)
    if not chosen:
        raise ArgumentError("no layer puts out images.", where="feature_maps")
    maps = {name: found[name] for name in chosen}

    def draws(first: Any, *panels: Any) -> Mapping[str, Any]:
        first.imshow(shade(picture), cmap="gray")
        first.set_title("the picture", loc="left", fontsize="small")
        for axes in (first, *panels):
            axes.set_axis_off()
            axes.set_anchor("W")
        for (name, values), axes in zip(maps.items(), panels, strict=True):
            count = min(values.shape[2], _MAPS)
            strongest = np.sort(np.argsort(-values.max(axis=(0, 1)), kind="stable")[:count])
            tiles = np.moveaxis(values[..., strongest], 2, 0)
            axes.imshow(montage(tiles, _MAPS), cmap="viridis")
            told = f"{count} of {values.shape[2]} maps" if count < values.shape[2] else "all maps"
            size = f"{values.shape[0]} x {values.shape[1]}"
            axes.set_title(f"{fitted(name)}: {told}, {size}", loc="left", fontsize="small")
        return {"maps": maps}

    return draw(ax, (8.0, 1.35 * (len(maps) + 1)), draws, rows=len(maps) + 1)


def _finding(found: Mapping[str, Array]) -> list[str]:
    """Return the first few layers whose images are no pictures any more, but what was found."""
    names = list(found)
    first = next((i for i, name in enumerate(names) if found[name].shape[2] not in (1, 3)), 0)
    return names[first : first + _LAYERS]
