"""Reads pickles as data: interprets the few opcodes that checkpoints need, without importing or calling what they name.

`pickle.Unpickler` with a strict `find_class` would not run anything either, but a hostile file could still make it
allocate gigabytes (memo indices, byte counts) or overflow the C stack (hashes of deeply nested keys). Here every opcode
is implemented by this module: others raise an error, and memory stays within a small multiple of the pickle's size.
"""

import pickletools
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

# The largest published checkpoint has about 20,000; the limit keeps a hostile file from running for minutes.
OPCODE_LIMIT = 1_000_000
# A hostile file can choose numbers with equal hashes, so that each key costs as much as all before it.
NUMBER_LIMIT = 4096

_INTEGERS = ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4")
_TEXTS = ("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8")
_DATA = frozenset((*_INTEGERS, *_TEXTS, "FLOAT", "BINFLOAT", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"))
_CONSTANTS: dict[str, object] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_KEYS = (str, bytes, int, float, bool, type(None))


class CheckpointError(ValueError):
    """A checkpoint file is damaged, not allowed, or does not fit the model; says what was expected and received."""


@dataclass(frozen=True, repr=False)
class Inert:
    """A placeholder for a global that a pickle names; a function of this package may replace it, never the real object.

    Args:
        name: "module name", as in the pickle.
        construct: called instead of the named object; None if the object may be named but not called.
        create: creates the replacement for a new, empty instance of the named class; None if there is none.
        kind: the meaning of the global for the reader, e.g. the element type of a storage class.
    """

    name: str
    construct: Callable[..., object] | None = None
    create: Callable[[], object] | None = None
    kind: str | None = None

    def __repr__(self) -> str:
        return f"<inert {self.name}>"


class Buildable:
    """An object of this package that accepts the state a pickle attaches to it; all others but a dict accept none."""

    def build(self, state: object) -> None:
        """Sets the pickled state, a plain value."""
        raise NotImplementedError


def shorten(value: object, *, limit: int = 100) -> str:
    """A value from a file for an error message: without control characters, and truncated.

    Containers are named by their type only: printing one that contains itself many times would never end.
    """
    if isinstance(value, str | bytes):
        return repr(value[:limit]) + ("..." if len(value) > limit else "")
    if value is None or isinstance(value, float | Inert | BaseException) or _is_small(value):
        return repr(value)[: 2 * limit]
    return f"a {type(value).__name__}"


def _is_small(value: object) -> bool:
    return isinstance(value, int) and abs(value) < 2**64


def _refuse_persistent(identifier: object) -> object:
    raise CheckpointError(f"Expected a pickle without outside references. Received: {shorten(identifier)}")


class Interpreter:
    """Interprets one pickle after another from a stream.

    Args:
        allowed: the globals that may be named, by "module name".
        persistent: called with each persistent id, returns the object for it.
        operations: the remaining number of operations for all its pickles, which several interpreters can share;
            `OPCODE_LIMIT` of its own if not given.
    """

    def __init__(
        self,
        *,
        allowed: Mapping[str, Inert],
        persistent: Callable[[object], object] = _refuse_persistent,
        operations: Iterator[int] | None = None,
    ) -> None:
        self._allowed = allowed
        self._persistent = persistent
        self._operations = operations or iter(range(OPCODE_LIMIT))
        self._stack: list[Any] = []
        self._outer: list[list[Any]] = []
        self._memo: dict[int, object] = {}

    def load(self, stream: BinaryIO) -> object:
        """Reads up to and including the next STOP. Raises CheckpointError for anything damaged or not allowed."""
        self._stack, self._outer, self._memo = [], [], {}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # an unknown escape means damage
                return self._run(stream)
        except CheckpointError:
            raise
        except (
            Warning,
            ValueError,
            TypeError,
            LookupError,
            ArithmeticError,
            AttributeError,
            MemoryError,
            RecursionError,
        ) as error:
            raise CheckpointError(f"Expected a well-formed pickle. Received: {shorten(error)}") from error

    def _run(self, stream: BinaryIO) -> object:
        for opcode, argument, position in pickletools.genops(stream):
            if next(self._operations, None) is None:
                raise CheckpointError(f"Expected a pickle of fewer than {OPCODE_LIMIT:,} operations. Received: more")
            name = opcode.name
            if name == "STOP":
                return self._stack.pop()
            if name in _DATA:
                self._stack.append(argument)
            elif name in _CONSTANTS:
                self._stack.append(_CONSTANTS[name])
            elif name in _TUPLES:
                self._stack.append(tuple(self._take(_TUPLES[name])))
            elif name in _HANDLERS:
                _HANDLERS[name](self, argument)
            else:
                raise CheckpointError(
                    "Expected tensors and plain containers; this pickle needs another operation, and nothing of it "
                    f"was executed. Received: operation {name} {shorten(argument)} at byte {position}"
                )
        raise CheckpointError("Expected a complete pickle. Received: one that ends early")

    def _push(self, value: object) -> None:
        # Uses the stack after the value was made: taking everything since a mark replaces the stack.
        self._stack.append(value)

    def _take(self, count: int) -> list:
        if len(self._stack) < count:
            raise CheckpointError("Expected a well-formed pickle. Received: one that takes from an empty stack")
        taken = self._stack[-count:]
        del self._stack[-count:]
        return taken

    def _since_mark(self) -> list:
        taken, self._stack = self._stack, self._outer.pop()
        return taken

    def _mark(self, _: object) -> None:
        self._outer.append(self._stack)
        self._stack = []

    def _append(self, _: object) -> None:
        (value,) = self._take(1)
        self._extend([value])

    def _extend(self, values: list) -> None:
        if type(self._stack[-1]) is not list:
            raise CheckpointError(f"Expected a list to append to. Received: {type(self._stack[-1]).__name__}")
        self._stack[-1].extend(values)

    def _update(self, flat: list) -> None:
        target = self._stack[-1]
        if type(target) is not dict or len(flat) % 2:
            raise CheckpointError(f"Expected a dict and pairs of key and value. Received: {type(target).__name__}")
        numbers = sum(type(key) is not str for key in flat[::2])
        if numbers and len(target) + numbers > NUMBER_LIMIT:
            raise CheckpointError(
                f"Expected at most {NUMBER_LIMIT:,} keys in a dict whose keys are not all text. Received: more"
            )
        for key, value in zip(flat[::2], flat[1::2], strict=True):
            target[_checked_key(key)] = value

    def _dict(self, _: object) -> None:
        flat = self._since_mark()
        self._stack.append({})
        self._update(flat)

    def _put(self, index: int) -> None:
        if index >= 2**32:
            raise CheckpointError(f"Expected an index below 2^32. Received: {shorten(index)}")
        self._memo[index] = self._stack[-1]

    def _global(self, name: str) -> None:
        if name not in self._allowed:
            raise CheckpointError(
                "Expected a checkpoint of tensors and plain containers; the pickle names another global, and nothing "
                f"of it was imported or executed. Received: global {shorten(name)}"
            )
        self._stack.append(self._allowed[name])

    def _stack_global(self, _: object) -> None:
        module, name = self._take(2)
        if type(module) is not str or type(name) is not str:
            raise CheckpointError(f"Expected the name of a global. Received: {shorten((module, name))}")
        self._global(f"{module} {name}")

    def _reduce(self, _: object) -> None:
        function, arguments = self._take(2)
        if type(function) is not Inert or function.construct is None or type(arguments) is not tuple:
            raise CheckpointError(
                f"Expected a call of a known constructor; nothing was executed. Received: {shorten(function)}"
            )
        self._stack.append(function.construct(*arguments))

    def _new(self, _: object) -> None:
        kind, arguments = self._take(2)
        if type(kind) is not Inert or kind.create is None or arguments != ():
            raise CheckpointError(
                f"Expected a new instance of a known class; nothing was executed. Received: {shorten(kind)}"
            )
        self._stack.append(kind.create())

    def _empty_set(self, _: object) -> None:
        """The set of older protocols, so that sets are allowed only if their global is."""
        self._global("builtins set")
        self._stack.append(())
        self._reduce(None)

    def _build(self, _: object) -> None:
        target, state = self._take(2)
        if isinstance(target, Buildable):
            target.build(state)
        elif type(target) is not dict or type(state) is not dict:
            raise CheckpointError(
                f"Expected no attached state here; nothing was executed. Received: state for {type(target).__name__}"
            )
        # An OrderedDict's attributes (PyTorch's `_metadata`: layer versions) are not weights: dropped.
        self._stack.append(target)


def _checked_key(key: object) -> object:
    # Only flat keys: hashing a deeply nested tuple recurses in C without limit.
    flat = key if type(key) is tuple else (key,)
    if not all(type(part) in _KEYS for part in flat):
        raise CheckpointError(f"Expected text or numbers as keys of a dict. Received: {type(key).__name__}")
    return key


_HANDLERS: dict[str, Callable[[Interpreter, Any], object]] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "MARK": Interpreter._mark,
    "POP": lambda machine, _: machine._take(1),
    "POP_MARK": lambda machine, _: machine._since_mark(),
    "DUP": lambda machine, _: machine._push(machine._stack[-1]),
    "EMPTY_LIST": lambda machine, _: machine._push([]),
    "LIST": lambda machine, _: machine._push(machine._since_mark()),
    "APPEND": Interpreter._append,
    "APPENDS": lambda machine, _: machine._extend(machine._since_mark()),
    "TUPLE": lambda machine, _: machine._push(tuple(machine._since_mark())),
    "EMPTY_DICT": lambda machine, _: machine._push({}),
    "DICT": Interpreter._dict,
    "EMPTY_SET": Interpreter._empty_set,
    "ADDITEMS": lambda machine, _: machine._extend(machine._since_mark()),
    "SETITEM": lambda machine, _: machine._update(machine._take(2)),
    "SETITEMS": lambda machine, _: machine._update(machine._since_mark()),
    "MEMOIZE": lambda machine, _: machine._put(len(machine._memo)),
    "REDUCE": Interpreter._reduce,
    "NEWOBJ": Interpreter._new,
    "BUILD": Interpreter._build,
    "GLOBAL": Interpreter._global,
    "STACK_GLOBAL": Interpreter._stack_global,
    "PERSID": lambda machine, identifier: machine._push(machine._persistent(identifier)),
    "BINPERSID": lambda machine, _: machine._push(machine._persistent(machine._take(1)[0])),
}
_HANDLERS |= dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), Interpreter._put)
_HANDLERS |= dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda machine, index: machine._push(machine._memo[index]))
