"""One run of training as its listeners see it: what they may read, change and stop."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence

from syn0.program import State
from syn0.training.events import Event, FitEnded, Notice
from syn0.training.history import History


class Listener(ABC):
    """Hears the events of a run: the progress display, a callback, a test.

    Attributes
    ----------
    every_epoch : bool
        Whether an epoch's end must be heard before the next epoch begins. A run that
        nobody needs to hear so soon trains many epochs in one call of the engine.
    hears_epochs : bool
        Whether it listens to `EpochStarted` and `EpochEnded` at all. Where nobody does,
        `EpochsEnded` tells of several at once.
    reads_state : bool
        Whether it looks at the state of the run; progress is cheaper for those who do not.
    wants_progress : bool
        Whether `Progress` events are wanted.
    hears_pauses : bool
        Whether `Paused` events are wanted.
    """

    every_epoch: bool = False
    hears_epochs: bool = True
    reads_state: bool = True
    wants_progress: bool = False
    hears_pauses: bool = False

    @abstractmethod
    def receive(self, event: Event, run: Run) -> None:
        """Hear one event."""

    def epochs_ahead(self) -> float:
        """Return how many epochs may pass before the end of one must be heard.

        They are heard one after the other when the last of them is done, which only then may
        stop the run or change its state.
        """
        return 1 if self.every_epoch else math.inf

    def steps_ahead(self, run: Run) -> float:
        """Return how many steps may pass before the state must be handed back."""
        return math.inf

    def close(self) -> None:  # noqa: B027 (most listeners hold nothing open)
        """Let go of what is held open; called at the end of every run, also after an error."""


class Run:
    """What a listener may read and change while a network trains.

    Attributes
    ----------
    state : dict of str to array
        The live state. Replace an entry, ``run.state["learning_rate"] = ...``, and never
        write into its array: others may hold it.
    step : int
        The absolute number of the next step.
    history : History
        The epochs of this fit, so far.
    scheduled : collection of str
        Hyperparameters that a schedule sets at each step, where an edit has no effect.
    """

    def __init__(
        self,
        state: State,
        *,
        history: History | None = None,
        listeners: Sequence[Listener] = (),
        restorable: Collection[str] = (),
        scheduled: Collection[str] = (),
        step: int = 0,
    ) -> None:
        self.state = state
        self.step = step
        self.history = History() if history is None else history
        self.scheduled = frozenset(scheduled)
        self.stopped: tuple[str, str] | None = None
        self._listeners = tuple(listeners)
        self._restorable = tuple(restorable)

    def epochs_ahead(self) -> float:
        """Return how many epochs may pass before a listener must hear of them."""
        return min((listener.epochs_ahead() for listener in self._listeners), default=math.inf)

    @property
    def hears_without_state(self) -> bool:
        """Whether those who must hear of an epoch soon do without the state of the run."""
        soon = [listener for listener in self._listeners if listener.epochs_ahead() < math.inf]
        owed = self.hears_pauses or self.steps_ahead() < math.inf
        return not (owed or any(listener.reads_state for listener in soon))

    def steps_ahead(self) -> float:
        """Return how many steps may pass before the state must be handed back."""
        return min((listener.steps_ahead(self) for listener in self._listeners), default=math.inf)

    @property
    def hears_pauses(self) -> bool:
        """Whether a listener wants `Paused` events."""
        return any(listener.hears_pauses for listener in self._listeners)

    @property
    def hears_epochs(self) -> bool:
        """Whether a listener listens to epochs."""
        return any(listener.hears_epochs for listener in self._listeners)

    @property
    def reads_state(self) -> bool:
        """Whether a listener that hears anything looks at the state."""
        heard = [x for x in self._listeners if x.hears_epochs or x.wants_progress]
        return any(listener.reads_state for listener in heard)

    @property
    def wants_progress(self) -> bool:
        """Whether a listener wants `Progress` events."""
        return any(listener.wants_progress for listener in self._listeners)

    def stop(self, reason: str = "stopped", message: str = "stopped by a callback") -> None:
        """End the run before its next step; of several reasons the first counts."""
        if self.stopped is None:
            self.stopped = (reason, message)

    def say(self, text: str) -> None:
        """Show a line to the person who watches."""
        self.dispatch(Notice(text))

    def copy_parameters(self) -> State:
        """Return a copy of the parameters and running statistics."""
        return {name: self.state[name].copy() for name in self._restorable}

    def restore_parameters(self, copies: State) -> None:
        """Put back what `copy_parameters` returned; optimizer slots and the step stay."""
        self.state.update({name: array.copy() for name, array in copies.items()})

    def dispatch(self, event: Event) -> None:
        """Tell the listeners, the first first; of the end the first hears last.

        So the progress display, listed first, shows an epoch before what callbacks say
        about it, and closes after they have spoken.
        """
        order = reversed(self._listeners) if isinstance(event, FitEnded) else self._listeners
        for listener in order:
            listener.receive(event, self)
