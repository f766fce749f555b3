"""The one check of scalars: counts, sizes, rates, probabilities, seeds, flags, texts and paths, by annotation and name.

What an argument may be is its annotation: `channels: int`, `seed: int | None`, `directory: str | os.PathLike[str]`.
Which numbers make sense follows from its name, which is the same in the whole package: `LIMITS`; where a name means
something else, the annotation holds the limits: `momentum: Annotated[float, Limits(-1, 1)]`. `checked` is for a
function or a method, `guard` for everything public in a module; the constructors of families are checked where their
arguments are captured. Functions check only what annotations cannot say, such as "a power of two".

NaN needs a check of its own: it is neither above nor below a limit, so that no comparison refuses it.
"""

import functools
import inspect
import math
import operator
import os
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from kerasgan.names import advised

__all__ = ["Limits", "check", "checked", "checker", "guard", "refuse_nan"]

T = TypeVar("T", bound=Callable)


class Limits(NamedTuple):
    """The numbers that an argument may be: from `least` (or above it) to `most` (or below it)."""

    least: float = -math.inf
    most: float = math.inf
    above: bool = False
    below: bool = False
    infinite: bool = False

    def hold(self, number: float) -> bool:
        low = number > self.least if self.above else number >= self.least
        high = number < self.most if self.below else number <= self.most
        return low and high and (self.infinite or math.isfinite(number))

    def words(self, kind: str) -> str:
        if ((self.least, self.most) == (0, math.inf) and self.above) or (kind, self.least) == ("whole number", 1):
            return f"a positive {kind}"
        if self.most < math.inf:
            ends = f"{'above' if self.above else 'from'} {self.least:g} {'and below' if self.below else 'to'}"
            return f"a {kind} {ends} {self.most:g}"
        from_zero = f"a {kind} from {self.least:g} on" if self.least > -math.inf else f"a {kind}"
        return from_zero if kind == "whole number" or self.infinite else from_zero.replace("a ", "a finite ", 1)


class Kind(NamedTuple):
    """One kind of value that an annotation allows: a test, and words for it."""

    fits: Callable[[Any], bool]
    words: str


# "" would be the working directory: more often it comes from a variable that is not set than from someone who means it.
PATH_TEXT = Kind(lambda value: isinstance(value, str) and value != "", "a text")
POSITIVE, FROM_ZERO, SHARE = Limits(0, above=True), Limits(0), Limits(0, 1)


def _named(limits: Limits, names: str) -> dict[str, Limits]:
    return dict.fromkeys(names.split(), limits)


# Whole numbers are counts, sizes and numbers of steps, 1 or more, unless their names are these; other numbers are
# finite. Where one name has several meanings, the widest limits are here, and the function checks the rest.
LIMITS: Mapping[str, Limits] = {
    **_named(
        FROM_ZERO,
        "attention_size border code_units constant_steps directions doublings embedding_dim fade_images halvings "
        "initial_epoch jitter label layers mapping_layers minibatch_kernels noise_seed palette patch_layers pool_size "
        "seed seeds size stable_images verbose",
    ),
    **_named(Limits(0, 65535), "port"),
    **_named(Limits(), "first padding start"),
    **_named(
        FROM_ZERO,
        "adversarial_weight class_weight contrast_weight cycle_weight drift_weight feature_weight "
        "generator_class_weight gradient_weight history_weight identity_weight image_weight information_weight "
        "kl_weight l1_weight latent_weight matching_weight nce_weight orthogonal_weight path_length_weight "
        "pixel_weight weight_decay activation_noise input_noise noise motion epsilon spectral_epsilon gain half_life "
        "rampup ramp blit geometry color filter cutout weight_clip ema_half_life scale_penalty initial_learning_rate "
        "floor",
    ),
    **_named(Limits(0, infinite=True), "tolerance"),
    **_named(Limits(0, above=True, infinite=True), "seconds timeout within"),
    **_named(POSITIVE, "learning_rate learning_rate_multiplier radius scale sigma sigmas spacing step variance"),
    **_named(POSITIVE, "width discriminator_width generator_width temperature"),
    **_named(SHARE, "label_smoothing labeled_share share style_mixing"),
    **_named(Limits(0, 1, below=True), "discard dropout rate beta_1 momentum"),
}
_ANYWHERE, _COUNT = Limits(), Limits(1, 2**63 - 1)  # no array has more


def refuse_nan(arguments: Mapping[str, Any]) -> None:
    """Raises ValueError that names the first of the arguments which is NaN, or has NaN inside a dict or a list."""
    for name, value in arguments.items():
        if _has_nan(value):
            raise ValueError(f"Expected a number, not NaN. Received: {name}={value!r}")


def check(name: str, value: Any, annotation: Any) -> None:
    """Raises ValueError that names the argument unless the value fits the annotation and the name's limits."""
    kinds = _kinds(annotation, name)
    if kinds and not any(kind.fits(value) for kind in kinds):
        if any("number" in kind.words for kind in kinds):
            refuse_nan({name: value})
        several = [kind.words for kind in kinds]
        if "a path" in several:  # given as a text or as an object
            several = ["a name or path", *(words for words in several if words not in ("a path", "a text"))]
        several = ["a list of such" if words == _each(several[0]) else words for words in several]
        expected = " or ".join([", ".join(several[:-1]), several[-1]] if several[1:] else several)
        raise ValueError(f"Expected {expected}. Received: {name}={_shown(value)}")


def checker(
    signature: inspect.Signature, names: Mapping[str, Any], called: str = ""
) -> Callable[[Mapping[str, Any]], None]:
    """A function that checks arguments by name against the annotations of a signature.

    Args:
        signature: of a function or a constructor; a value that is its parameter's default always fits.
        names: the globals of its module, for annotations that are strings.
        called: the function's name, for an error about options that the type of its `**options` does not have.
    """
    annotations: dict[str, tuple[Any, Any]] = {}
    unpacked: set[str] | None = None
    for parameter in signature.parameters.values():
        annotation = _resolved(parameter.annotation, names)
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            if typing.get_origin(annotation) is typing.Unpack:
                options = typing.get_type_hints(typing.get_args(annotation)[0])
                unpacked = {*signature.parameters, *options}
                annotations |= {name: (hint, inspect.Parameter.empty) for name, hint in options.items()}
        elif parameter.kind is not inspect.Parameter.VAR_POSITIONAL:
            annotations[parameter.name] = annotation, parameter.default
    known = {name: pair for name, pair in annotations.items() if _kinds(pair[0], name)}

    def arguments_fit(arguments: Mapping[str, Any]) -> None:
        for name, value in arguments.items():
            if unpacked is not None and name not in unpacked:
                raise advised(TypeError(f"{called}() got an unexpected keyword argument {name!r}"), unpacked)
            if name in known and value is not known[name][1]:
                check(name, value, known[name][0])

    arguments_fit.known = frozenset(known)  # type: ignore[attr-defined]
    return arguments_fit


def checked(function: T) -> T:
    """The function, which first checks its arguments; itself if there is nothing to check."""
    signature = inspect.signature(function)
    fit = checker(signature, getattr(function, "__globals__", {}), getattr(function, "__name__", ""))
    if not fit.known:  # type: ignore[attr-defined]
        return function
    various = [each.name for each in signature.parameters.values() if each.kind is inspect.Parameter.VAR_KEYWORD]

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            bound = signature.bind(*args, **kwargs).arguments
        except TypeError:
            try:
                return function(*args, **kwargs)  # raises Python's own message, which names the function
            except TypeError as error:
                raise advised(error, signature.parameters) from None
        fit({**bound, **(bound[various[0]] if various and various[0] in bound else {})})
        return function(*args, **kwargs)

    call.__signature__ = signature  # type: ignore[attr-defined]  # Keras reads the names of arguments from it
    return typing.cast(T, call)


def guard(namespace: dict[str, Any], names: Sequence[str]) -> None:
    """Makes a module's public functions and the constructors of its public classes check their arguments.

    Args:
        namespace: the module's `globals()`.
        names: its `__all__`; dataclasses, which hold results, are left alone.
    """
    for name in names:
        found = namespace.get(name)
        if inspect.isfunction(found):
            namespace[name] = checked(found)
        elif isinstance(found, type) and not is_dataclass(found):
            owner = next(each for each in found.__mro__ if "__init__" in vars(each))
            begin = vars(owner)["__init__"]
            if owner.__module__.startswith("kerasgan.") and not hasattr(begin, "__wrapped__"):
                owner.__init__ = checked(begin)  # type: ignore[misc]


def _resolved(annotation: Any, names: Mapping[str, Any]) -> Any:
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, dict(names))  # the package's own source, not a caller's
    except (NameError, AttributeError, TypeError):  # imported for type checkers alone: a class, which is not checked
        return Any


def _kinds(annotation: Any, name: str) -> tuple[Kind, ...]:
    """The kinds of values that an annotation allows; none if it allows objects, which are not checked here."""
    try:
        return _known_kinds(annotation, name)
    except TypeError:  # an annotation without a hash
        return ()


@functools.lru_cache(maxsize=4096)
def _known_kinds(annotation: Any, name: str) -> tuple[Kind, ...]:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        several = [_kinds(each, name) for each in inner]
        if str in inner and any((typing.get_origin(each) or each) in (os.PathLike, Path) for each in inner):
            several[inner.index(str)] = (PATH_TEXT,)
        return tuple(dict.fromkeys(kind for kinds in several for kind in kinds)) if all(several) else ()
    if origin is typing.Annotated:
        limits = [each for each in annotation.__metadata__ if isinstance(each, Limits)]
        return _number(inner[0] is int, *limits) if limits else _kinds(inner[0], name)
    if origin is typing.Literal:
        return (Kind(lambda value: value in inner, "one of " + ", ".join(map(repr, inner))),)
    if annotation is None or annotation is type(None):
        return (Kind(lambda value: value is None, "None"),)
    if annotation is bool:
        return (Kind(lambda value: type(value).__name__ in ("bool", "bool_"), "True or False"),)
    if annotation in (int, float):
        return _number(annotation is int, LIMITS.get(name, _COUNT if annotation is int else _ANYWHERE))
    if annotation is str:
        return (Kind(lambda value: isinstance(value, str), "a text"),)
    if annotation in (os.PathLike, Path) or origin is os.PathLike:
        return (Kind(lambda value: isinstance(value, os.PathLike), "a path"),)
    if (origin or annotation) in (Mapping, dict):
        return (Kind(lambda value: isinstance(value, Mapping), "a dict"),)
    if (origin or annotation) is Callable or origin is typing.get_origin(Callable[[], Any]):
        return (Kind(callable, "a function"),)
    if origin in (Sequence, list, tuple):
        return _several(inner, name)
    return ()


def _number(whole: bool, limits: Limits) -> tuple[Kind, ...]:
    return (Kind(lambda value: _is_number(value, limits, whole), limits.words("whole number" if whole else "number")),)


def _several(inner: tuple[Any, ...], name: str) -> tuple[Kind, ...]:
    """The kind of a sequence whose elements are all of one kind of scalar."""
    different = {each for each in inner if each is not Ellipsis}
    kinds = _kinds(different.pop(), name) if len(different) == 1 else ()
    if not kinds:
        return ()

    def fits(values: Any) -> bool:
        listed = isinstance(values, Sequence) and not isinstance(values, str | bytes)
        if not (listed or getattr(values, "ndim", 0) == 1):
            return False
        return all(any(kind.fits(value) for kind in kinds) for value in values)

    return (Kind(fits, _each(" or ".join(kind.words for kind in kinds))),)


def _each(words: str) -> str:
    return f"a list of which each is {words}"


def _is_number(value: Any, limits: Limits, whole: bool) -> bool:
    """Whether it is a number within limits; a scalar tensor is one even where its value is not known yet."""
    if type(value).__name__ in ("bool", "bool_") or isinstance(value, str | bytes | complex):
        return False
    if getattr(value, "shape", ()) != ():
        return False
    try:
        return limits.hold(operator.index(value) if whole else float(value))
    except OverflowError:  # an integer beyond the floats
        return whole and limits.most == math.inf and value > limits.least
    except Exception:  # each backend raises its own for a value that is not known
        return not whole and all(hasattr(value, name) for name in ("dtype", "shape"))


def _shown(value: Any) -> str:
    try:
        shown = repr(value)
    except Exception:  # a message must not fail because of what it is about
        shown = f"a {type(value).__name__}"
    return shown if len(shown) <= 200 else shown[:200] + "..."


def _has_nan(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_nan, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_nan, value))
    return hasattr(value, "__float__") and getattr(value, "shape", ()) == () and _is_nan(value)


def _is_nan(value: Any) -> bool:
    try:
        return math.isnan(float(value))
    except (TypeError, ValueError, OverflowError):  # what only looks like a number is for others to refuse
        return False
