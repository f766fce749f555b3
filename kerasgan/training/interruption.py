"""How a training ends after the step in progress when it is told to, and saves."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kerasgan import distribution
from kerasgan.callbacks import StepCallback
from kerasgan.files import paths

__all__ = ["Interrupted", "Interruption"]


class Interrupted(KeyboardInterrupt):
    """Training was interrupted, after its state was saved.

    Attributes:
        output: the run folder.
        step: discriminator steps done.
        signal_number: what interrupted it, such as SIGINT.
    """

    def __init__(self, output: Path, step: int, signal_number: int):
        super().__init__(f"Interrupted at step {step}; the state is saved in {paths.address(output)}.")
        self.output, self.step, self.signal_number = output, step, signal_number


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
        nohup = getattr(signal, "SIGHUP", None)
        heard = [each for each in numbers if each != nohup or signal.getsignal(each) != signal.SIG_IGN]
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
