"""Training by a minimizer of the host, L-BFGS, over loss and gradient of all samples.

An iteration is told as an epoch: it takes the loss and gradient of the whole data once, or
a few times where the line search wants more.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.engines import Control
from syn0.program import State
from syn0.training.history import History
from syn0.training.interrupt import Interrupt
from syn0.training.loop import Evaluate, Explain, Outcome, Session
from syn0.training.run import Listener, Run

Vector = NDArray[np.float64]


def pack(arrays: Mapping[str, NDArray[Any]], names: Sequence[str]) -> Vector:
    """Lay arrays end to end in one float64 vector.

    Examples
    --------
    >>> import numpy as np
    >>> pack({"W": np.ones((2, 1), "float32"), "b": np.zeros(1)}, ["W", "b"])
    array([1., 1., 0.])
    """
    return np.concatenate([np.asarray(arrays[name], np.float64).ravel() for name in names])


def unpack(vector: Vector, like: Mapping[str, NDArray[Any]], names: Sequence[str]) -> State:
    """Cut a vector into arrays of the shapes and dtypes that `like` has; undoes `pack`."""
    found = Unpacked(like, names)
    found.take(vector)
    return found.arrays


class Unpacked:
    """Arrays that a vector is cut into again and again, in the same memory.

    Parameters
    ----------
    like : mapping of str to array
        Have the shapes and dtypes.
    names : sequence of str
        Which, in the order of the vector.

    Attributes
    ----------
    arrays : dict of str to array
        What the vector that was taken last holds.

    Examples
    --------
    >>> like = {"W": np.zeros((1, 2), "float32"), "b": np.zeros(1)}
    >>> parameters = Unpacked(like, ["W", "b"])
    >>> parameters.take(np.array([1.0, 2.0, 3.0]))
    >>> parameters.arrays
    {'W': array([[1., 2.]], dtype=float32), 'b': array([3.])}
    """

    def __init__(self, like: Mapping[str, NDArray[Any]], names: Sequence[str]) -> None:
        self.arrays: State = {name: np.empty_like(like[name], order="C") for name in names}

    def take(self, vector: Vector) -> None:
        """Cut another vector."""
        end = 0
        for array in self.arrays.values():
            start, end = end, end + array.size
            array[...] = vector[start:end].reshape(array.shape)


class _CutShort(Exception):  # noqa: N818 (a way out of SciPy, not an error)
    """Ends the minimizer between two evaluations."""


class _Objective:
    """The loss as SciPy sees it: refuses NaN, and stops between two evaluations."""

    def __init__(
        self, function: Callable[[Vector], tuple[float, Vector]], session: Session, control: Control
    ) -> None:
        self._function = function
        self._session = session
        self._control = control

    def __call__(self, vector: Vector) -> tuple[float, Vector]:
        if self._control.abort:
            raise _CutShort
        began = time.perf_counter()
        loss, gradient = self._function(vector)
        self._session.seconds += time.perf_counter() - began
        for name, finite in (
            ("loss", math.isfinite(loss)),
            ("gradient", bool(np.isfinite(gradient).all())),
        ):
            if not finite:
                self._control.failure = name
                raise _CutShort
        return float(loss), np.asarray(gradient, np.float64)


def minimize(
    loss_and_gradient: Callable[[Vector], tuple[float, Vector]],
    state: State,
    names: Sequence[str],
    *,
    epochs: int,
    explain: Explain,
    samples: int,
    options: Mapping[str, Any] | None = None,
    initial_step: int = 0,
    evaluate: Evaluate | None = None,
    listeners: Sequence[Listener] = (),
    control: Control | None = None,
    history: History | None = None,
    choices: Sequence[str] = (),
    keys: Sequence[str] = (),
    restorable: Collection[str] = (),
) -> Outcome:
    """Train by L-BFGS, with SciPy's line search.

    Parameters
    ----------
    loss_and_gradient : callable
        ``loss_and_gradient(vector) -> (loss, gradient)`` on packed parameters.
    state : dict of str to array
        Holds the parameters of the last full iteration, whatever ends the training.
    names : sequence of str
        The entries to change, in the order of the vector.
    epochs : int
        The most iterations.
    samples : int
        Samples in one evaluation, for the speed that progress shows.
    options : mapping
        SciPy's options of ``method="L-BFGS-B"``, such as maxcor, gtol, ftol, maxls.
    explain, initial_step, evaluate, listeners, control, history, choices, keys, restorable
        As in `syn0.training.loop.train`; a step is an iteration.

    Returns
    -------
    Outcome
        Its reason is ``"converged"`` when SciPy found nothing more to gain.

    Raises
    ------
    NonFiniteError
        When loss or gradient is NaN or infinite.

    References
    ----------
    Liu, D. C., Nocedal, J. (1989). On the limited memory BFGS method for large scale
    optimization.
    """
    from scipy.optimize import OptimizeResult
    from scipy.optimize import minimize as minimize_with_scipy

    control = Control() if control is None else control
    history = History(initial_step) if history is None else history
    run = Run(state, history=history, listeners=listeners, restorable=restorable, step=initial_step)
    with ExitStack() as stack:
        for listener in listeners:
            stack.callback(listener.close)
        session = Session(
            run,
            steps_per_epoch=1,
            samples=samples,
            end=initial_step + epochs,
            evaluate=evaluate,
            history=history,
            control=control,
            interrupt=stack.enter_context(Interrupt(control)),
        )

        def after_iteration(intermediate_result: OptimizeResult) -> None:
            state.update(unpack(intermediate_result.x, state, names))
            run.step += 1
            session.end_epoch(run.step - 1, {"loss": float(intermediate_result.fun)})
            if not session.goes_on:
                raise StopIteration
            if session.owes_progress:
                session.tell_progress(session.logs)
            session.begin_epoch(run.step)

        session.start(choices, keys, epochs)
        session.begin_epoch(run.step)
        objective = _Objective(loss_and_gradient, session, control)
        limits = {"maxiter": epochs, "maxfun": 2**31 - 1, **(options or {})}
        try:
            found = minimize_with_scipy(
                objective,
                pack(state, names),
                method="L-BFGS-B",
                jac=True,
                callback=after_iteration,
                options=limits,
            )
        except _CutShort:
            if control.failure is not None:
                raise session.fail(explain(control.failure, run.step)) from None
        else:
            if session.goes_on:
                run.stop("converged", f"L-BFGS found nothing more to gain: {found.message}")
        return session.finish()
