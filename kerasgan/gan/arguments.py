"""The constructor arguments of a model, captured once for all families, so that `get_config` can return them."""

import functools
import inspect
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from kerasgan.names import advised
from kerasgan.scalars import checker, refuse_nan

__all__ = ["capture_arguments", "resolve_arguments"]

CURRENT = "_constructor"  # in the instance's dictionary, because Keras tracks attributes


def capture_arguments(init: Callable) -> Callable:
    """Wraps `__init__` so that `self._arguments` holds the outermost constructor's arguments by name, with defaults.

    If the constructor passes `**options` to its base, they include the base's arguments that it does not fix itself.
    """
    signature = inspect.signature(init)
    own = init.__module__.startswith("kerasgan.")  # another's annotations and names are not ours to interpret
    fit = checker(signature, init.__globals__) if own else refuse_nan

    @functools.wraps(init)
    def constructor(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            bound = signature.bind(self, *args, **kwargs)
        except TypeError:
            try:
                init(self, *args, **kwargs)  # raises Python's own message, which names the constructor
            except TypeError as error:
                raise advised(error, signature.parameters) from None
            raise
        outer, call = self.__dict__.get(CURRENT), _Call(bound)
        refuse_nan(call.explicit)
        fit(call.explicit)
        self.__dict__[CURRENT] = call
        try:
            init(self, *args, **kwargs)
        finally:
            self.__dict__[CURRENT] = outer
        arguments = call.arguments()
        if outer is not None:
            outer.base, outer.inherited = call, arguments
        self._arguments = MappingProxyType(arguments)  # a dict would be tracked as part of the model

    constructor.__signature__ = signature  # type: ignore[attr-defined]  # Keras reads the names of arguments from it
    return constructor


def resolve_arguments(model: Any, **values: Any) -> None:
    """Replaces arguments of the running constructor by the values that it derived from them."""
    model.__dict__[CURRENT].resolved.update(values)


class _Call:
    """One call of a constructor: the arguments it received, and the call of its base's constructor."""

    def __init__(self, bound: inspect.BoundArguments):
        _, *parameters = bound.signature.parameters.values()
        kinds = {parameter.kind: parameter.name for parameter in parameters}
        self.open = inspect.Parameter.VAR_KEYWORD in kinds
        various = kinds.get(inspect.Parameter.VAR_POSITIONAL, ""), kinds.get(inspect.Parameter.VAR_KEYWORD, "")
        given = dict(list(bound.arguments.items())[1:])
        self.others: tuple = given.pop(various[0], ())
        options = given.pop(various[1], {})
        self.explicit = {**given, **options}
        defaults = {each.name: each.default for each in parameters if each.default is not inspect.Parameter.empty}
        self.values = {name: _copied(value) for name, value in {**defaults, **self.explicit}.items()}
        self.base: _Call | None = None
        self.inherited: dict[str, Any] = {}
        self.resolved: dict[str, Any] = {}

    def arguments(self) -> dict[str, Any]:
        """By name; for arguments passed to the base unchanged, or left at None, the values that the base derived."""
        inherited = {name: value for name, value in self.inherited.items() if self._inherits(name)}
        return {**self.values, **inherited, **self.resolved}

    def _inherits(self, name: str) -> bool:
        """Whether the base's value of an argument applies: this constructor neither fixes nor computes it."""
        passed = self.base.explicit if self.base else {}
        if name in self.values:
            own = self.explicit.get(name, self.values[name])
            return own is None or (name in passed and passed[name] is own)
        return self.open and (name not in passed or any(passed[name] is each for each in self.others))


def _copied(value: Any) -> Any:
    """Containers are copied, so that what a constructor does to them does not change the configuration."""
    return type(value)(value) if type(value) in (dict, list) else value
