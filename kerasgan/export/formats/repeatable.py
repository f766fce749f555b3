"""The same ONNX file from the same network, in every process and as often as one likes.

A SavedModel, and a loop in an ONNX file, also have numbers that TensorFlow gives functions: they are the same in
processes that did the same before.

Four things made files differ whose images are the same:

- tf2onnx keeps nodes, and names of nodes, in sets, and builds lists of them: `Graph.delete_unused_nodes`, after every
  pass, `find_output_consumers` and more. Their order follows the addresses of objects and the seed of Python's hashes,
  and what a pass does to a graph depends on the order in which it visits nodes.
- tf2onnx puts addresses into names where it takes an Einsum apart, as attention has.
- tf2onnx numbers what it adds by a counter that goes on from one file to the next.
- Keras numbers unnamed layers likewise. tf2onnx sorts by name, and `conv2d_10` comes before `conv2d_9`.
"""

import contextlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, MutableSet
from typing import Any

import keras

from kerasgan.keras_internals import layers_below

__all__ = ["OrderedSet", "repeatable", "without_numbers"]


class OrderedSet(MutableSet):
    """A set in the order of insertion, with as many of the methods of Python's own as tf2onnx calls."""

    def __init__(self, items: Iterable[Any] = ()):
        self._items = dict.fromkeys(items)

    def __contains__(self, item: Any) -> bool:
        return item in self._items

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: Any) -> None:
        self._items[item] = None

    def discard(self, item: Any) -> None:
        self._items.pop(item, None)

    def pop(self) -> Any:
        return self._items.popitem()[0]

    def update(self, *others: Iterable[Any]) -> None:
        for other in others:
            self._items.update(dict.fromkeys(other))

    def union(self, *others: Iterable[Any]) -> "OrderedSet":
        made = OrderedSet(self)
        made.update(*others)
        return made

    def intersection(self, other: Iterable[Any]) -> "OrderedSet":
        return OrderedSet(item for item in other if item in self)

    def difference(self, other: Iterable[Any]) -> "OrderedSet":
        left_out = set(other)
        return OrderedSet(item for item in self if item not in left_out)

    def issubset(self, other: Iterable[Any]) -> bool:
        return set(self) <= set(other)


@contextlib.contextmanager
def repeatable() -> Iterator[None]:
    """Within the block tf2onnx's sets keep the order of insertion, and what it puts into names is counted."""
    from tf2onnx import convert  # with it comes every other module
    from tf2onnx.optimizer import einsum_optimizer

    modules = [vars(module) for name, module in list(sys.modules.items()) if name.partition(".")[0] == "tf2onnx"]
    convert.utils.INTERNAL_NAME = 1
    for names in modules:
        names["set"] = OrderedSet  # hides Python's own from the module's functions
    vars(einsum_optimizer)["id"] = _numbers()
    cache = einsum_optimizer.CachedEinsum.einsum_cache  # its items are named by the numbers of one block
    cache.clear()
    try:
        yield
    finally:
        for names in modules:
            names.pop("set", None)
        del vars(einsum_optimizer)["id"]
        cache.clear()


def _numbers() -> Callable[[Any], int]:
    """A function like `id`, of numbers in the order of the calls."""
    seen: dict[int, tuple[int, Any]] = {}  # holds the objects, so that no other has the address
    return lambda item: seen.setdefault(id(item), (1000 + len(seen), item))[0]  # below are the pass's own numbers


def without_numbers(network: keras.Model) -> None:
    """Takes the numbers from the names that Keras itself gave to the layers inside a network: `conv2d_7` is `conv2d`.

    TensorFlow numbers the names of a graph anew, in the order of the calls.
    """
    for layer in [network, *layers_below(network)]:
        plain = re.sub(r"(_\d+)+$", "", layer.name)
        if plain.replace("_", "") == type(layer).__name__.replace("_", "").lower():
            layer.name = plain
