"""The drawing of a network: what is told of each layer, neurons, boxes, and their places."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import syn0
from syn0.errors import ArgumentError
from syn0.plots import Drawing
from syn0.plots.palette import BLUE, ORANGE
from syn0.plots.svg import width_of

Dense = syn0.Dense
SVG = "{http://www.w3.org/2000/svg}"
X = np.random.default_rng(0).normal(size=(20, 3))


def nodes(drawing: Drawing, tag: str) -> list[ElementTree.Element]:
    return [n for n in ElementTree.fromstring(drawing.text.encode()).iter() if n.tag == SVG + tag]


def texts(drawing: Drawing) -> list[str]:
    return [node.text or "" for node in nodes(drawing, "text")]


def boxes(drawing: Drawing) -> list[tuple[float, float, float, float]]:
    """Return left, top, right and bottom of each box."""
    found = []
    for node in nodes(drawing, "rect"):
        if node.get("x") is not None:
            x, y, width, height = (float(node.get(k) or 0) for k in ("x", "y", "width", "height"))
            found.append((x, y, x + width, y + height))
    return found


def small(**options: Any) -> syn0.Sequential:
    layers = Dense(4, activation="tanh", name="hidden"), Dense(2, "softmax", name="output")
    return syn0.Sequential(*layers, **{"random_state": 0, **options})


def branched() -> syn0.Model:
    a, b = syn0.Input((8,), name="a"), syn0.Input((5,), name="b")
    h, g = Dense(16, "relu", name="from_a")(a), Dense(16, name="from_b")(b)
    s = syn0.Add()(h, g)
    t = syn0.Residual(Dense(16, "relu"))(s)
    v = syn0.Dropout(0.3)(syn0.Concatenate()(h, t, s))
    ends = {"label": Dense(3, "softmax", name="classes")(v), "value": Dense(1, name="head")(t)}
    return syn0.Model([a, b], ends, name="two_heads", random_state=0)


# ----- neurons --------------------------------------------------------------


def test_a_small_network_is_drawn_by_neurons_and_weights() -> None:
    drawing = small().build((3,)).plot()
    assert len(nodes(drawing, "circle")) == 3 + 4 + 2
    assert len(nodes(drawing, "line")) == 3 * 4 + 4 * 2
    found = texts(drawing)
    for text in (
        "Sequential · 2 layers · 26 parameters", "x", "(3,)", "hidden", "Dense · tanh",
        "(4,) · 16 parameters", "output", "Dense · softmax", "(2,) · 10 parameters",
        "every weight is drawn alike, since the network is not trained",
    ):  # fmt: skip
        assert text in found
    assert len({line.get("stroke") for line in nodes(drawing, "line")}) == 1


def test_after_training_lines_show_the_weights() -> None:
    net = small()
    net.fit(X, (X[:, 0] > 0).astype(int), epochs=2, verbose=0)
    W = np.zeros((3, 4))
    W[0, 1], W[2, 3] = -2.0, 1.0
    net.set_parameters({"W_hidden": W, "W_output": np.zeros((4, 2))})
    drawing = net.plot()
    lines = {}
    for line in nodes(drawing, "line"):
        title = line.find(SVG + "title")
        if title is not None:
            lines[title.text] = line
    negative, positive = lines["x[0] to hidden[1]: -2"], lines["x[2] to hidden[3]: 1"]
    nothing = lines["x[0] to hidden[0]: 0"]
    assert (negative.get("stroke"), positive.get("stroke")) == (ORANGE, BLUE)
    widths = [float(line.get("stroke-width") or 0) for line in (negative, positive, nothing)]
    assert widths[0] > widths[1] > widths[2] > 0
    assert {"weight", "-2", "near 0", "2"} <= set(texts(drawing))
    assert [t for t in nodes(drawing, "title") if (t.text or "").startswith("hidden[0], bias")]


def test_weights_can_be_shown_or_hidden_by_hand() -> None:
    net = small().build((3,))
    assert "near 0" in texts(net.plot(weights=True))
    net.fit(X, np.arange(20) % 2, epochs=1, verbose=0)
    assert "near 0" not in texts(net.plot(weights=False))
    assert "every weight is drawn alike" in texts(net.plot(weights=False))


def test_one_unit_and_no_bias() -> None:
    net = syn0.Sequential(Dense(1, use_bias=False), random_state=0)
    net.fit(X[:, :1], X[:, 0], epochs=1, verbose=0)
    drawing = net.plot()
    assert len(nodes(drawing, "circle")) == 2
    assert "Sequential · 1 layer · 1 parameter" in texts(drawing)


@pytest.mark.parametrize(
    ("net", "why"),
    [
        (small(), "the shapes are not known yet"),
        (small().build((17,)), "too large, with 76 weights, up to 17 units a layer and 3 layers"),
        (syn0.Sequential(Dense(2), syn0.Dropout(0.5)).build((2,)), "'dropout_1' is not Dense"),
        (small().build((5, 3)), "more than one axis"),
        (branched(), "one after the other"),
    ],
)
def test_others_are_drawn_by_layers_and_say_why(net: syn0.Model, why: str) -> None:
    assert not nodes(net.plot(), "circle")
    assert boxes(net.plot())
    with pytest.raises(ArgumentError, match=re.escape(why)):
        net.plot(detail="neurons")


def test_a_wrong_detail_is_refused() -> None:
    with pytest.raises(ArgumentError, match="'auto', 'neurons' or 'layers'"):
        small().plot(detail="all")


# ----- boxes ----------------------------------------------------------------


def test_a_box_for_each_input_and_layer_and_an_arrow_for_each_connection() -> None:
    net = branched().freeze("from_b")
    drawing = net.plot()
    assert len(boxes(drawing)) == 2 + 8
    connections = sum(len(node.inputs) for node in net.wiring.order)
    assert len(nodes(drawing, "polygon")) == len(nodes(drawing, "path")) == connections
    found = texts(drawing)
    for text in (
        "Model 'two_heads' · 8 layers · 676 parameters", "input · (8,)", "from_a", "Dense · relu",
        "(16,) · 144 parameters", "frozen", "Residual · 1 layer", "Dropout · 0.3",
        "output label", "output value",
    ):  # fmt: skip
        assert text in found
    dashed = [node for node in nodes(drawing, "rect") if node.get("stroke-dasharray")]
    assert len(dashed) == 1


def test_an_unbuilt_network_is_drawn_without_shapes() -> None:
    found = texts(small().plot())
    assert found.count("shape not known yet") == 2
    assert "Sequential · 2 layers · parameters not known yet" in found


def test_a_shared_layer_is_drawn_twice_and_counted_once() -> None:
    a, b = syn0.Input((4,), name="a"), syn0.Input((4,), name="b")
    shared = Dense(4, name="shared")
    net = syn0.Model([a, b], syn0.Add()(shared(a), shared(b)))
    found = texts(net.plot())
    assert found.count("shared") == 2
    assert "(4,) · 20 parameters" in found and "(4,) · shared parameters" in found
    assert "Model · 2 layers · 20 parameters" in found


@pytest.mark.parametrize("net", [branched(), small()], ids=["branched", "chain"])
def test_boxes_lie_inside_and_apart_and_arrows_lead_down(net: syn0.Model) -> None:
    drawing = net.plot()
    found = boxes(drawing)
    for one, other in combinations(found, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart
    for left, top, right, bottom in found:
        assert 0 <= left < right <= drawing.width
        assert 0 <= top < bottom <= drawing.height
    for path in nodes(drawing, "path"):
        numbers = [float(n) for n in re.findall(r"-?\d+\.\d+", path.get("d") or "")]
        assert max(numbers) <= max(drawing.width, drawing.height)


def test_a_deep_chain_is_folded_into_columns() -> None:
    layers = [layer for _ in range(20) for layer in (Dense(32, "relu"), syn0.Dropout(0.1))]
    drawing = syn0.Sequential(*layers, random_state=0).build((8,)).plot()
    assert len(boxes(drawing)) == 41
    assert len({round(left + right) for left, _, right, _ in boxes(drawing)}) == 4
    assert 0.5 < drawing.width / drawing.height < 2


def test_long_names_are_cut_and_told_in_full_at_the_pointer() -> None:
    name = "a_layer_with_a_very_long_name_" * 3
    drawing = syn0.Sequential(Dense(99, name=name)).build((99,)).plot()
    assert name not in texts(drawing)
    assert [t for t in nodes(drawing, "title") if (t.text or "").startswith(name)]
    for left, _, right, _ in boxes(drawing):
        assert right - left <= 230
    assert max(width_of(text) for text in texts(drawing)) <= 260


def test_what_people_call_things_does_nothing_in_a_page() -> None:
    kind = dataclass(frozen=True)(type("<script>alert(1)</script>", (syn0.Layer,), {
        "forward": lambda self, p, x, *, training: x,
    }))  # fmt: skip
    net = syn0.Sequential(kind(name="odd"), name="<img src=x>").build((2,))
    for text in (net.plot().text, net._repr_html_()):
        assert "<script" not in text and "<img" not in text
        assert "&lt;img src=x&gt;" in text
    assert [t for t in texts(net.plot()) if t.startswith("<script")]


def test_functions_and_own_activations_are_named() -> None:
    def swing(x: Any) -> Any:
        return syn0.ops.tanh(x)

    mine = syn0.Activation(swing, derivative=lambda y: 1 - y * y)
    net = syn0.Sequential(Dense(3, swing), syn0.Activation("relu"), Dense(2, mine)).build((2,))
    found = texts(net.plot(detail="layers"))
    assert found.count("Dense · swing") == 2
    assert "Activation · relu" in found


def test_drawing_changes_nothing() -> None:
    net = small().build((3,))
    before = {name: value.tobytes() for name, value in net.parameters.items()}
    assert net.plot().text == net.plot().text
    assert {name: value.tobytes() for name, value in net.parameters.items()} == before
