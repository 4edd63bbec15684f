"""Reading ahead: a thread takes the next item while the last one is being worked on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from threading import Semaphore, Thread
from typing import Generic, TypeVar

T = TypeVar("T")

_LOOK_UP = 0.05  # seconds of waiting, after which the reader asks whether to go on
_GRACE = 0.1  # seconds that the end waits for an item that is just being read


class ReadAhead(Generic[T]):
    """Goes through items in a thread, one ahead of who takes them.

    Two items are alive at most: the one that was taken last and the next. An error of the
    thread is raised where its item is taken, with the traceback of the thread.

    Parameters
    ----------
    items : iterable
        Gone through in the thread, once.
    goes_on : callable
        Asked while an item is awaited; False ends the waiting.

    Attributes
    ----------
    ended_early : bool
        Whether an item was awaited no longer.

    Examples
    --------
    >>> with ReadAhead(["first", "second", None]) as reader:
    ...     list(iter(reader.take, None))
    ['first', 'second']
    """

    def __init__(self, items: Iterable[T], goes_on: Callable[[], bool] = lambda: True) -> None:
        self._items = items
        self._goes_on = goes_on
        self._room = Semaphore(1)
        self._read: SimpleQueue[T | _Raised | None] = SimpleQueue()
        self._closed = False
        self.ended_early = False
        self._thread = Thread(target=self._work, name="syn0 reads ahead", daemon=True)

    def __enter__(self) -> ReadAhead[T]:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """End the thread; where it hangs in a slow read it ends after that."""
        self._closed = True
        self._room.release()
        self._thread.join(_GRACE)

    def take(self) -> T | None:
        """Return the next item; None where nothing more comes or nobody waits any longer."""
        while True:
            try:
                item = self._read.get(timeout=_LOOK_UP)
            except Empty:
                if not self._goes_on():
                    self.ended_early = True
                    return None
                continue
            if isinstance(item, _Raised):
                raise item.error
            self._room.release()
            return item

    def _work(self) -> None:
        try:
            items = iter(self._items)
            while True:
                self._room.acquire()
                if self._closed:
                    return
                # Never by a name of its own here: the thread must not keep what was taken.
                self._read.put(next(items))
        except StopIteration:
            self._read.put(None)
        except BaseException as error:
            self._read.put(_Raised(error))


class _Raised:
    """An error on its way to another thread."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
