"""Pictures: of a network, of its training, of what it gets right and wrong.

``net.plot()`` draws a network as SVG, `terminal_curve` a learning curve in characters: these
need nothing. The others draw with Matplotlib (``pip install 'syn0[plots]'``): each takes
``ax=None`` and returns a `Plot` with ``figure``, ``axes``, the ``values`` that are drawn, and
``save(path)``. None opens a window or changes a setting of Matplotlib; for a window give axes
of pyplot::

    figure, ax = plt.subplots()
    syn0.plots.confusion(net, X, y, ax=ax)
    plt.show()
"""

from syn0.plots.canvas import Plot
from syn0.plots.classes import confusion, decision_boundary
from syn0.plots.confused import confused_images
from syn0.plots.curves import learning_curve
from syn0.plots.evidence import class_evidence
from syn0.plots.images import feature_maps, filters
from syn0.plots.layers import activations, gradients
from syn0.plots.reliability import calibration
from syn0.plots.svg import Drawing
from syn0.plots.terminal import terminal_curve

__all__ = [
    "activations",
    "calibration",
    "class_evidence",
    "confused_images",
    "confusion",
    "decision_boundary",
    "feature_maps",
    "filters",
    "gradients",
    "learning_curve",
    "terminal_curve",
    "Drawing",
    "Plot",
]
