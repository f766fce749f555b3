"""Wrong calls of everything public, one generator for the attack and the tests: each must be refused, and clearly.

A call is refused clearly by a ValueError or TypeError "Expected ... Received: ..." that names the argument; an option
of a command by the command's own usage error, with the option's name.
"""

import importlib
import inspect
import itertools
import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

MODULES = [
    "augment",
    "callbacks",
    "checkpoints",
    "data",
    "doctor",
    "evaluation",
    "exploration",
    "export",
    "hub",
    "latents",
    "layers",
    "metrics",
    "metrics.streaming",
    "models",
    "objectives",
    "optimizers",
    "penalties",
    "report",
    "schedules",
    "training.load",
    "zoo",
]
TEXTS, LISTS = ("a", b"a"), ([], {})
NO_NUMBER = (None, *TEXTS, *LISTS, object(), 1j, math.nan)
# What no parameter of a kind may be, whatever its name; found in annotations as these words.
WRONG = {
    "int": (*NO_NUMBER, True, 2.5, -(10**9)),
    "float": (*NO_NUMBER, True),
    "bool": (None, 0, 1, "no", *LISTS, object(), math.nan),
    "str": (None, 3, b"a", [], object(), math.nan),
    "str | os.PathLike[str]": (None, 3, True, b"a", [], object(), math.nan),
}
WRONG |= {f"{kind} | None": tuple(each for each in values if each is not None) for kind, values in WRONG.items()}
BELOW_ZERO = ("first", "padding", "start")  # whole numbers that may be negative


class Call(NamedTuple):
    """A wrong call: what it is, the argument that the error must name, and the call."""

    name: str
    argument: str
    run: Callable[[], object]


def outcome(call: Call) -> str | None:
    """How a wrong call was not refused clearly; None if it was."""
    try:
        call.run()
    except (ValueError, TypeError, OSError) as error:
        text = " ".join(str(error).split())
        if "Expected " in text and "Received: " in text and call.argument in text:
            return None
        if "unexpected keyword argument" in text and call.argument in text:  # Python's own words
            return None
        return f"{call.name}: {type(error).__name__}: {text[:200]}"
    except BaseException as error:
        return f"{call.name}: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return f"{call.name}: accepted"


def signatures(module: str) -> Iterator[tuple[str, Any, inspect.Signature]]:
    """Name, value and signature of each public function and class of a module."""
    found = importlib.import_module(f"kerasgan.{module}")
    for name in found.__all__:
        value = getattr(found, name)
        function = value.__init__ if isinstance(value, type) else value
        if inspect.isfunction(function) and not is_dataclass(value):
            yield name, value, inspect.signature(function)


def of_parameters(module: str) -> Iterator[Call]:
    """Each parameter of each public function whose annotation says what it may be, with values that it may not be."""
    for name, value, signature in signatures(module):
        required = _required(signature)
        for parameter in signature.parameters.values():
            for wrong in WRONG.get(_words(parameter.annotation), ()):
                if wrong is parameter.default or (wrong == -(10**9) and parameter.name in BELOW_ZERO):
                    continue
                shown = f"{module}.{name}({parameter.name}={wrong!r})"
                arguments = {**required, parameter.name: wrong}
                yield Call(shown, f"{parameter.name}=", lambda value=value, given=arguments: value(**given))


def _words(annotation: Any) -> str:
    words = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    words = words if words in WRONG else str(annotation)
    return words.replace("pathlib.Path", "os.PathLike[str]").replace("pathlib._local.Path", "os.PathLike[str]")


def _required(signature: inspect.Signature) -> dict[str, Any]:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    several = [each for each in signature.parameters.values() if each.kind in named and each.name != "self"]
    return {each.name: suitable(each) for each in several if each.default is each.empty}


def suitable(parameter: inspect.Parameter) -> Any:
    """A value that a required argument may have, so that only the one under test is wrong."""
    words = _words(parameter.annotation)
    for kind, value in (("int", 2), ("float", 0.5), ("bool", True), ("str", "x")):
        if words.startswith(kind):
            return value
    if "Sequence" in words or "tuple" in words:
        return [] if "Sequence" in words else ()
    if "Path" in words or "Mapping" in words:
        return Path("x") if "Path" in words else {}
    return len if "Callable" in words else object()


def of_arrays() -> Iterator[Call]:
    """Functions of `metrics` and `data` with arrays that hold no images, or no numbers."""
    from kerasgan import data, metrics

    images = np.random.default_rng(0).uniform(-1, 1, (24, 16, 16, 1)).astype("float32")
    rows = images.reshape(24, -1)
    labels = np.arange(24) % 3
    shares = np.full((24, 4), 0.25)
    pictures = "multiscale_similarity peak_signal_to_noise sharpness_difference structural_similarity"
    points = "frechet_distance kernel_distance mmd2 nearest memorization density_coverage precision_recall"
    good: dict[Any, dict[str, Any]] = {getattr(metrics, name): _two(images) for name in pictures.split()}
    good |= {getattr(metrics, name): _two(rows, getattr(metrics, name)) for name in points.split()}
    good |= {metrics.power_spectrum: {"images": images}, metrics.sharpness: {"images": images}}
    good |= {metrics.self_similarity: {"images": np.repeat(np.repeat(images, 12, 1), 12, 2)}}
    good |= {metrics.sliced_wasserstein: _two(images, metrics.sliced_wasserstein)}
    good |= {metrics.sliced_distance: _two(rows), metrics.label_accuracy: {"predictions": shares, "labels": labels}}
    good |= {metrics.inception_score: {"probabilities": shares, "splits": 2}}
    good |= {metrics.parzen_log_density: {"samples": rows, "points": rows, "sigma": 0.5}}
    good |= {metrics.pair_scores: {"made": images, "targets": images}}
    good |= {data.arrays: {"images": images}}
    for function, arguments in good.items():
        for name, array in arguments.items():
            if isinstance(array, np.ndarray):
                for how, wrong in _spoiled(array):
                    given = {**arguments, name: wrong}
                    shown = f"{function.__module__.split('.')[1]}.{function.__name__}({name}: {how})"
                    yield Call(shown, "", lambda function=function, given=given: function(**given))


def _two(array: np.ndarray, function: Any = None) -> dict[str, np.ndarray]:
    names = list(inspect.signature(function).parameters)[:2] if function else ("first", "second")
    return dict.fromkeys(names, array)


def _spoiled(array: np.ndarray) -> Iterator[tuple[str, Any]]:
    yield "None", None
    yield "a text", "images"
    yield "objects", np.full(array.shape, None)
    yield "texts", np.full(array.shape, "a")
    yield "complex", array.astype("complex64")
    yield "empty", array[:0]
    yield "no axes", array.ravel()[0]
    yield "another axis", array[..., None, None]
    if array.dtype.kind == "f":
        for number in (math.nan, math.inf):
            spoiled = array.copy()
            spoiled.flat[3] = number
            yield str(number), spoiled


def of_methods() -> Iterator[Call]:
    """`compile`, `fit`, `predict`, `generate` and exports of a small GAN, `load`, and callbacks."""
    import kerasgan
    from kerasgan import models

    images = np.random.default_rng(0).uniform(-1, 1, (16, 16, 16, 1)).astype("float32")
    settings = {"image_size": 16, "channels": 1, "latent_dim": 4, "width": 4, "discriminator_norm": "none"}
    gan = models.DCGAN(**settings)
    gan.compile()
    translator = models.Pix2Pix(**models.Pix2Pix.tiny_config)
    translator.compile()
    nothing = (None, "a", object(), math.nan, -1, 2.5)
    compiled: dict[str, tuple] = {
        "objective": (3, "nonsense", object(), [], {"name": "hinge", "nonsense": 1}),
        "generator_optimizer": (3, "nonsense", object(), {"name": "Adam"}),
        "discriminator_optimizer": (3, "nonsense", object()),
        "penalties": (3, "nonsense", [3], {"name": "r1", "weight": math.nan}, [None], {"name": "r1", "nonsense": 1}),
        "discriminator_steps": (0, True, 1.5, "a", math.nan, -1),
        "ema_half_life": ("a", -1, math.nan, math.inf, 1j, []),
        "reuse_fakes": ("no", 0, 1, []),
        "weight_clip": ("a", -1, math.nan, []),
        "augment": (3, "nonsense", [], {"name": "ada", "nonsense": 1}, True),
        "metrics": (3, "nonsense", [3], {"name": "nonsense"}),
    }
    fitted: dict[str, tuple] = {
        "epochs": (0.5, *nothing[1:]),
        "batch_size": (0, *nothing[1:]),
        "verbose": (object(), "nonsense"),
        "steps_per_epoch": (0, "a", 1.5),
        "callbacks": (3, "nonsense", [3], [None]),
        "class_weight": ({0: 1.0},),
        "nonsense": (1,),
    }
    generated: dict[str, tuple] = {
        "count": (0, *nothing[1:], 10**400),
        "seed": (-1, "a", 1.5, math.nan, True),
        "truncation": ("a", math.nan, 1j, math.inf),
        "batch_size": (0, *nothing),
        "labels": (np.zeros(2, int),),
        "latents": ("a", np.zeros((2, 5)), np.full((2, 4), math.nan), np.full((2, 4), None), np.zeros((0, 4))),
    }
    yield from _with(lambda **given: models.DCGAN(**settings).compile(**given), "compile", compiled)
    weighted = {"weight": ("1", -1, None, math.inf)}
    yield from _with(lambda weight: gan.compile(penalties={"name": "r1", "weight": weight}), "r1", weighted)
    yield from _with(lambda **given: gan.fit(images, **{"verbose": 0, **given}), "fit", fitted)
    yield from _with(
        lambda **given: gan.generate(**({"count": 2} if "latents" not in given else {}) | given), "generate", generated
    )
    sources = {how: wrong for how, wrong in _spoiled(images)} | {
        "too small": images[:, :8],
        "color": np.repeat(images, 3, 3),
    }
    sources |= {"of 255": images * 255, "a path": Path("/nowhere"), "a list": [1, 2], "a function": len}
    for how, wrong in sources.items():
        yield Call(f"fit({how})", "", lambda wrong=wrong: gan.fit(wrong, verbose=0))
        if how not in ("too small", "color", "another axis"):  # of any size; the model's own have three channels
            yield Call(f"predict({how})", "", lambda wrong=wrong: translator.predict(wrong, verbose=0))
        yield Call(f"train_on_batch({how})", "", lambda wrong=wrong: gan.train_on_batch(wrong))
    loaded = {"source": (None, 3, "nonsense", "", "/nowhere/a.keras", "/nowhere.weights.h5", object(), [])}
    yield from _with(lambda source: kerasgan.load(source), "load", loaded, named=False)
    yield from _with(
        lambda weights: kerasgan.load("dcgan-digits", weights=weights),
        "load",
        {"weights": (3, True, "", "/nowhere.keras", [], "x.txt")},
        named=False,
    )
    yield from _exports(gan)


def _with(
    function: Callable[..., object], name: str, arguments: dict[str, tuple], *, named: bool = True
) -> Iterator[Call]:
    for argument, values in arguments.items():
        for wrong in values:
            shown = f"{name}({argument}={' '.join(repr(wrong).split())[:60]})"
            stem = argument.removesuffix("ies")  # of penalties, of which one is a penalty
            yield Call(
                shown, stem if named else "", lambda argument=argument, wrong=wrong: function(**{argument: wrong})
            )


def _exports(gan: Any) -> Iterator[Call]:
    from kerasgan import export

    options: dict[str, tuple] = {
        "truncation": (-1.0, 5.0, "a", math.nan),
        "batch_size": ("x", 0, 1.5),
        "opset": (15.0, 1, "a", 10**9),
        "output": (3, "nonsense"),
        "tolerance": ("a", -1.0, math.nan),
        "precision": (3, "nonsense"),
        "nonsense": (1,),
    }
    folder = Path(tempfile.gettempdir(), "kerasgan-attack")
    yield from _with(lambda **given: export.onnx(gan, folder / "a.onnx", **given), "onnx", options)
    bundled = {"formats": ("onnx", ["nonsense"], [3], []), "tolerance": ("a", math.nan), "nonsense": (1,)}
    yield from _with(lambda **given: export.bundle(gan, folder / "bundle", **given), "bundle", bundled)
    for wrong in (None, 3, object(), gan.generator):
        yield Call(f"onnx({wrong!r:.40})", "gan=", lambda wrong=wrong: export.onnx(wrong, folder / "a.onnx"))


def of_recipes(folder: Path, entry: str = "dcgan-digits") -> Iterator[Call]:
    """A recipe of a stranger: each of its values exchanged for those of every other kind, keys taken away or added."""
    import tomllib

    from kerasgan import zoo
    from kerasgan.files.toml import write_text
    from kerasgan.training import best
    from kerasgan.training.load import load

    content = tomllib.loads(zoo.recipe(entry).path.read_text(encoding="utf-8"))
    content = {key: content[key] for key in ("family", "model", "data", "train")}
    places = [("family",), *((part, key) for part in ("model", "data", "train") for key in content[part])]
    places += [("train", key) for key in ("augment", "keep_best", "start") if key not in content["train"]]
    numbers = itertools.count()

    def read(section: tuple[str, ...], wrong: Any) -> None:
        changed = {key: dict(value) if isinstance(value, dict) else value for key, value in content.items()}
        (changed if len(section) == 1 else changed[section[0]])[section[-1]] = wrong
        path = folder / f"recipe-{next(numbers)}.toml"
        write_text(_toml(changed), path)
        recipe = zoo.recipe(path)
        zoo.source(recipe)
        zoo.build(recipe)
        if "keep_best" in recipe.train:  # what only a training reads
            best.checked(recipe.train["keep_best"])
        if "start" in recipe.train:
            load(recipe.train["start"])

    for section in places:
        for wrong in ("\x1b[31mnonsense", -(10**9), 1e999, math.nan, [[]], {"name": 3}, {"nonsense": 1}):
            name = f"recipe {'.'.join(section)}={wrong!r}"
            stem = "" if section[-1] == "start" else section[-1].rpartition("_")[2].removesuffix("ies")
            yield Call(name, stem, lambda section=section, wrong=wrong: read(section, wrong))


def _toml(content: dict[str, Any]) -> str:
    import tomlkit

    return tomlkit.dumps(content)


def of_options() -> Iterator[Call]:
    """Each option of each command that takes a number or one of some words, with what is none."""
    import typer

    from kerasgan import cli

    commands = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        entry = "stylegan2-digits" if name in ("edit", "mix", "project") else "dcgan-digits"
        required = [entry for each in command.params if each.required and not each.opts[0].startswith("-")]
        for option in command.params:
            kind = str(option.type_descriptor.annotation)
            if option.opts[0].startswith("--") and not option.is_flag and ("int" in kind or "float" in kind):
                for each in ("a", "", "\x1b[31m", "nan", *(("2.5", "1e999") if "int" in kind else ())):
                    arguments = [name, *required, option.opts[0], each]
                    yield Call(
                        f"kerasgan {' '.join(arguments)!r}",
                        option.opts[0].strip("-"),
                        lambda given=arguments: _run(given),
                    )


def _run(arguments: list[str]) -> None:
    """Runs a command; raises ValueError with its output if it was refused as a command refuses."""
    from typer.testing import CliRunner

    from kerasgan import cli

    result = CliRunner().invoke(cli.app, arguments)
    if result.exit_code in (1, 2) and (result.exception is None or isinstance(result.exception, SystemExit)):
        text = result.output
        if any(ord(character) < 32 and character not in "\n\t" for character in text):
            raise RuntimeError(f"control characters in {text!r}")
        raise ValueError(f"Expected Received: {text}".replace("_", "-"))
    if result.exception is not None:
        raise result.exception


BLOCKS: dict[str, Callable[[Path], Iterator[Call]]] = {
    "parameters": lambda folder: itertools.chain.from_iterable(map(of_parameters, MODULES)),
    "arrays": lambda folder: of_arrays(),
    "methods": lambda folder: of_methods(),
    "recipes": of_recipes,
    "options": lambda folder: of_options(),
}
