"""Which epochs of the data a model has seen, so that another `fit` goes on in the data instead of replaying them."""

import random
from typing import Any

from kerasgan import data, distribution

__all__ = ["DataOrder"]


class DataOrder:
    """Where the epochs of a model's `fit` lie among those of its data, whose order is a function of their number.

    A source of `kerasgan.data`, which has a seed of its own, begins with epoch 0. Arrays and folders have none: they
    begin with an epoch that `keras.utils.set_random_seed` decides, as it does of Keras' own `fit`. Checkpoints keep
    `first`.
    """

    def __init__(self) -> None:
        self.first: int | None = None  # the data's epoch for epoch 0 of the `fit` that runs or ran last
        self.begins = 0  # the data's epoch at the beginning of that `fit`
        self._next: int | None = None  # the first that no `fit` has begun

    def begin(self, x: Any, *, epoch: int, resumed: bool) -> None:
        """Called before each `fit` of `x` with its first epoch; what is resumed goes on in the order that it had."""
        if resumed and self.first is not None:
            self.begins = max(0, self.first)
            return
        if self._next is None:
            seeded = isinstance(x, data.Source) or distribution.workers() > 1  # each machine's order must be the same
            self.first = self.begins = 0 if seeded or resumed else random.randrange(2**31)
        else:
            self.first, self.begins = self._next - epoch, self._next

    def callbacks(self, source: Any, *, start: int) -> list[Any]:
        """For `fit`: what sets the epochs of a source and notes which have begun; none where others bring the data."""
        return [_Noted(self, source, start=start)] if isinstance(source, data.Source) else []


class _Noted(data.SyncEpoch):
    def __init__(self, order: DataOrder, source: Any, *, start: int):
        super().__init__(source, start=start, first=order.first or 0)
        self.order = order

    def on_train_begin(self, logs: Any = None) -> None:
        self.source.epoch += self.order.begins  # what stays where `steps_per_epoch` makes passes that are no epochs

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_begin(epoch, logs)
        self.order._next = self.source.epoch + 1

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.order._next = max(self.order._next or 0, self.source.epoch)
