"""How the score of a class changes with each input: the program behind pictures of evidence."""

from __future__ import annotations

from syn0 import ops
from syn0.gradient import backpropagate
from syn0.graph import input_tensor
from syn0.losses.scores import scores_before
from syn0.networks import Network
from syn0.program import Program

CHOSEN = "chosen classes"  # an input beside those of the network


def class_evidence_program(network: Network) -> Program:
    """Return the program that gives the gradient of a score by each input.

    The scores are what goes into a last softmax or sigmoid. Which class is meant, a one-hot
    row of the input `CHOSEN` says for each sample.
    """
    trace = network.trace()
    (score,) = trace.outputs.values()
    for activation in ("softmax", "sigmoid"):
        before = scores_before(activation, score)
        score = score if before is None else before
    chosen = input_tensor(CHOSEN, score.shape, score.dtype)
    gradients = backpropagate(ops.sum(score * chosen), list(trace.inputs.values()))
    return Program("class_evidence", dict(zip(trace.inputs, gradients, strict=True)))
