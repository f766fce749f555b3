"""The keys of a recipe.toml, from the checks of `kerasgan.zoo.recipe`, the data sources and `GAN.compile`."""

import importlib
from typing import Any

from kerasgan import GAN, zoo
from kerasgan.zoo import data_sources
from kerasgan.zoo.data_sources import base
from pages.markdown import arguments, one_line, table

checks = importlib.import_module("kerasgan.zoo.recipe")  # `zoo.recipe` is a function
OPTIMIZER = (
    "The name of a Keras optimizer, or a table with its `name` and arguments; a rate may be a table of a schedule."
)
# What the checks do not say in words. A key without a text ends the build.
TEXTS = {
    "": {
        "family": "The class in `kerasgan.models`, of the [families](../families/index.md).",
        "model": "Arguments of that class, all optional: see its page.",
        "data": "Where the images come from.",
        "train": "How it is trained.",
        "weights": "Where trained weights are.",
        "results": "What `kerasgan evaluate` measured; written by it, never by hand.",
    },
    "train": {
        "batch_size": "Images per step of the discriminator.",
        "discriminator_optimizer": OPTIMIZER,
        "generator_optimizer": OPTIMIZER,
        "steps": "Steps of the discriminator, in total.",
        "seed": "Seed of networks, order of the data, and latents; 0 if not given.",
        "start": "An entry, or a file of weights, with which the networks start.",
        "dtype_policy": "Keras' policy for the networks, such as `mixed_bfloat16`; the one that is set, if not given.",
        "keep_best": 'Such as `{ name = "frechet_distance", every = 500 }`: keeps the best model of the run.',
    },
    "weights": {
        "channel_order": '`"bgr"` if the checkpoint\'s images have blue first.',
        "class_names": "The names of the classes, in the order of their labels, if they have any.",
        "discriminator": "A file beside the recipe with the discriminator's weights.",
        "discriminator_sha256": "The sha256 of that file.",
        "file": "A file beside the recipe with the generator's weights.",
        "format": f"Of a published checkpoint: {', '.join(f'`{each}`' for each in checks.FORMATS)}.",
        "license": "License of the weights.",
        "package": "An installed package with the file: a table of `name`, `version`, `file` and the file's `sha256`.",
        "protocol": "How the publisher measured `scores`.",
        "scores": "The publisher's scores.",
        "sha256": f'The sha256 of the file; `"{checks.UNPUBLISHED}"` if the publisher states none.',
        "url": "Of a published checkpoint, downloaded on first use.",
    },
    "data": {
        "flip": "Mirrors each image, left to right, with probability 1/2.",
        "derive": "Makes pairs: inputs computed from the images, which are the targets. A name of "
        "`kerasgan.data.derivations.names()`, or a table with `name` and its arguments.",
        "unpair": "Separates pairs into two domains: the inputs of the even pairs and the targets of the odd ones.",
    },
}
HEAD = """# recipe.toml

An entry of the zoo is a folder with a `recipe.toml`; `kerasgan train my/recipe.toml` trains any other. The comment at
the top is its text: the first line is the command that trains it, the next lines say how long that takes and what to
expect. Unknown keys are errors that name the key, the file and the nearest known one.

`--set train.batch_size=32` changes a key on the command line; `kerasgan info NAME` shows all values of an entry.

"""


def pages() -> dict[str, str]:
    compiled = arguments(GAN.compile.__doc__ or "")
    parts = [HEAD]
    for section, (required, optional) in checks.SECTIONS.items():
        parts.append(f"## {f'[{section}]' if section else 'Top level'}\n")
        rows = []
        for key in (*sorted(required), *sorted(optional)):
            text = TEXTS.get(section, {}).get(key) or (section == "train" and compiled.get(key))
            if not text:
                raise ValueError(f"Expected a text for the key of recipes in docs/pages/recipes.py. Received: {key=}")
            rows.append((f"`{key}`", kind(section, key), "required" if key in required else "", one_line(text)))
        parts += [table(["key", "value", "", "meaning"], rows), ""]
        if section == "train":
            parts += ["What is not given is the family's default, which is the paper's setting.", ""]
    parts += [example(), data(), ""]
    return {"reference/recipe.md": "\n".join(parts)}


def kind(section: str, key: str) -> str:
    """The kind of value, for the keys whose check is one of a plain value."""
    plain = checks._PLAIN.get(section, {}).get(key)
    return {str: "a string", int: "an integer", None: "a table" if not section else ""}[plain]


def data() -> str:
    """[data]: the sources and their options."""
    common = [row(option, TEXTS["data"][option.name]) for option in base.COMMON]
    text = "`source` names one of the sections below. Every source has these keys:"
    parts = ["## [data]\n", f"{text}\n", options(common)]
    for name in sorted(data_sources.names()):
        source = data_sources.get(name)
        where = "Where the images are; `--data` sets it."
        place = [("`path` or `name`", "a string", "", where)] if source.needs_path else []
        reader = f"Its other keys are arguments of {{py:obj}}`kerasgan.data.{name}`, which explains them."
        parts += [f'\n### source = "{name}"\n', one_line(source.about or f"Reads {source.holds}."), "", reader, ""]
        parts.append(options([*place, *(row(option) for option in source.options)]))
    return "\n".join(parts)


def options(rows: list[Any]) -> str:
    return table(["key", "value", "default", "meaning"], rows) if rows else "It has no keys of its own."


def row(option: Any, text: str = "") -> tuple[str, str, str, str]:
    value = str(option.default).lower() if isinstance(option.default, bool) else repr(option.default)
    notes = [
        text,
        "In training only; scores are measured without it." if option.variation else "",
        "Not used with `--data`." if option.of_this_set else "",
    ]
    default = "" if option.default is None else f"`{value}`"
    return f"`{option.name}`", option.kind.words, default, " ".join(filter(None, notes))


def example() -> str:
    text = zoo.recipe("dcgan-fashion-mnist").path.read_text(encoding="utf-8").partition("[weights]")[0]
    return f"## An example: dcgan-fashion-mnist\n\n```toml\n{text.strip()}\n```\n"
