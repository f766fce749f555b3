"""Signals during a training: it ends after the step in progress, and saves."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kerasgan import distribution
from kerasgan.callbacks import StepCallback

__all__ = ["Interruption"]


class Interruption(StepCallback):
    """Ends the training after the step in progress when Ctrl-C, SIGTERM or SIGHUP comes; a second one ends it at once.

    Raising inside the step would leave the two networks in the middle of it. Of several machines it is enough that one
    hears it: all save the same step.
    """

    def __init__(self) -> None:
        super().__init__(every=1)
        self.signal_number: int | None = None

    def act(self, step: int) -> None:
        # It may have come while `fit` was starting, which forgets earlier wishes to stop. Of several machines all end
        # at one step: one would wait for ever for another that has stopped.
        if distribution.anywhere(self.signal_number is not None):
            self.signal_number = self.signal_number or signal.SIGTERM
            self.gan.stop_training = True

    @contextmanager
    def listening(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():  # Python allows handlers there only
            yield
            return
        names = ("SIGINT", "SIGTERM", "SIGHUP")  # the last, which Windows lacks, when a connection closes
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        heard = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]  # nohup ignores SIGHUP
        previous = {number: signal.signal(number, self._heard) for number in heard}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _heard(self, number: int, frame: Any) -> None:
        if self.signal_number is not None:
            raise KeyboardInterrupt
        self.signal_number = number
        if self.gan is not None and distribution.workers() == 1:
            self.gan.stop_training = True
