"""Recipes: the keys of a recipe.toml, and reading and checking it.

Reading needs neither Keras nor a backend, so that listing the zoo is instant.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kerasgan import scalars as checks
from kerasgan.zoo import data_sources, packages
from kerasgan.zoo.data_sources import DataSource, refuse_unknown

__all__ = ["Recipe", "check", "read"]

# The keys of a recipe: section -> required keys, optional keys. [model] is checked by the family's constructor, [data]
# by its source.
SECTIONS: dict[str, tuple[set[str], set[str]]] = {
    "": ({"family", "model", "data", "train"}, {"weights", "results"}),
    "train": (
        {"batch_size", "steps"},
        {
            "augment",
            "discriminator_optimizer",
            "discriminator_steps",
            "dtype_policy",
            "ema_half_life",
            "generator_optimizer",
            "keep_best",
            "objective",
            "penalties",
            "reuse_fakes",
            "seed",
            "start",
            "updates",
            "weight_clip",
        },
    ),
    # and "file", or "package" (see `packages`), or "url" with "sha256" (the digits that the publisher states, or
    # UNPUBLISHED), or both of the latter, of which an installed package comes first; "scores" are the
    # publisher's, measured by its "protocol"; "discriminator" is the file of a discriminator that is of use by itself
    "weights": (
        set(),
        {
            "channel_order",
            "class_names",
            "discriminator",
            "discriminator_sha256",
            "file",
            "format",
            "license",
            "package",
            "protocol",
            "scores",
            "sha256",
            "url",
        },
    ),
}
# of published checkpoints: the publishers' names in small letters
FORMATS = (
    "basicsr",
    "openmmlab",
    "pytorch's dcgan tutorial",
    "pytorch-cyclegan-and-pix2pix",
    "stylegan2-ada",
    "stylegan3",
)
UNPUBLISHED = "unpublished"  # the sha256 of a file whose publisher states none


@dataclass(frozen=True)
class Recipe:
    """The content of a recipe.toml, read-only: the model of an entry and how it is trained.

    Attributes:
        name: the entry's name, that of its folder.
        path: the recipe.toml.
        family: name of a class in `kerasgan.models`.
        model: arguments of that class.
        data: `source` (one of `kerasgan.zoo.data_sources.names()`) and that source's options; for image-to-image
            families also `derive`, which computes their inputs from its images, and `unpair`, whether to separate such
            pairs into two domains.
        train: `batch_size`, `steps` (discriminator steps), `seed`, `start` (an entry, or a file of weights, with which
            the generator starts), `keep_best` (see `kerasgan.training.best`), `dtype_policy` (Keras' policy for the
            networks, such as "mixed_bfloat16"), and arguments of `GAN.compile`.
        weights: where the trained weights are, or None.
        results: what the evaluation wrote, or None.
        header: the comment at the top of the file: the training command, how long it takes, what to expect.
    """

    name: str
    path: Path
    family: str
    model: Mapping[str, Any]
    data: Mapping[str, Any]
    train: Mapping[str, Any]
    weights: Mapping[str, Any] | None = None
    results: Mapping[str, Any] | None = None
    header: str = ""

    @property
    def source(self) -> DataSource:
        """The data source of the images, with everything the package records about it."""
        return data_sources.get(self.data["source"])

    @property
    def command(self) -> str:
        """The training command."""
        return self.header.partition("\n")[0]

    @property
    def summary(self) -> str:
        """How long training takes and what to expect."""
        return self.header.partition("\n")[2]

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def picture(self) -> Path | None:
        """What shows its outputs best: a benchmark's comparison.png, or samples.png; None if there is neither."""
        several = (self.folder / name for name in ("comparison.png", "samples.png"))
        return next((path for path in several if path.is_file()), None)

    @property
    def pretrained(self) -> bool:
        """Whether trained weights exist, bundled or as a published checkpoint."""
        return self.weights is not None

    @property
    def bundled(self) -> bool:
        """Whether trained weights come with the package."""
        return self.weights is not None and "file" in self.weights


def read(path: Path) -> Recipe:
    """Reads a recipe.toml. Raises ValueError that names the key and the file for invalid content."""
    text = path.read_text(encoding="utf-8")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"Expected a TOML file. Received: {path}: {error}") from None
    check(content, path)
    sections = {key: MappingProxyType(value) for key, value in content.items() if key != "family"}
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    header = "\n".join(line.removeprefix("#").strip() for line in lines[:end])
    name = path.parent.name if path.name == "recipe.toml" else path.stem
    return Recipe(name=name, path=path, family=content["family"], header=header, **sections)


def check(content: Mapping[str, Any], path: Path) -> None:
    """Raises ValueError that names the key and the file unless `content` is valid for a recipe.toml."""
    for section, (required, optional) in SECTIONS.items():
        keys = content if not section else content.get(section, {})
        where = f"[{section}] of {path}" if section else str(path)
        if not isinstance(keys, Mapping):
            raise ValueError(f"Expected a table {where}. Received: {section}={keys!r}")
        for key in sorted(required - keys.keys()):
            if section in content or not section:
                raise ValueError(
                    f"Expected the key '{key}' in {where}. Received: {', '.join(sorted(keys)) or 'nothing'}"
                )
        refuse_unknown(keys, required | optional, where)
    for section in ("model", "data"):
        if not isinstance(content[section], Mapping):
            raise ValueError(f"Expected a table [{section}] in {path}. Received: {section}={content[section]!r}")
    _check_data(content["data"], path)
    weights = content.get("weights", {"file": None})
    published = weights.keys() & {"url", "sha256"}
    if "file" not in weights and ("package" not in weights if not published else len(published) == 1):
        received = ", ".join(sorted(weights)) or "nothing"
        expected = "Expected 'file', or 'url' and 'sha256', or 'package'"
        raise ValueError(f"{expected}, in [weights] of {path}. Received: {received}")
    if "package" in weights:
        packages.check(weights["package"], f"[weights] of {path}")
    if len({"discriminator", "discriminator_sha256"} & weights.keys()) == 1 or (
        "discriminator" in weights and "file" not in weights
    ):
        expected = "Expected 'discriminator' with 'discriminator_sha256' and 'file'"
        raise ValueError(f"{expected} in [weights] of {path}. Received: {', '.join(sorted(weights))}")
    if weights.get("format", "openmmlab") not in FORMATS:
        expected, received = ", ".join(FORMATS), weights["format"]
        raise ValueError(
            f"Expected format in [weights] of {path} to be one of {expected}. Received: format={received!r}"
        )
    _check_plain(content, path)


# The plain values of [train] and [weights]; what else [train] has is checked by `compile`. `family` is at the top.
_PLAIN: dict[str, dict[str, Any]] = {
    "": {"family": str},
    "train": {"batch_size": int, "steps": int, "seed": int, "start": str, "dtype_policy": str},
    "weights": dict.fromkeys(
        ("channel_order", "discriminator", "discriminator_sha256", "file", "format", "license", "sha256", "url"), str
    ),
}


def _check_plain(content: Mapping[str, Any], path: Path) -> None:
    for section, keys in _PLAIN.items():
        found = content.get(section, {}) if section else content
        for key in keys.keys() & found.keys():
            try:
                checks.check(key, found[key], keys[key])
            except ValueError as error:
                place = f"[{section}] of {path}" if section else str(path)
                expected, _, received = str(error).partition(". Received")
                raise ValueError(f"{expected} in {place}. Received{received}") from None
    for key in ("file", "discriminator"):
        file = content.get("weights", {}).get(key)
        if file is not None and (Path(file).is_absolute() or ".." in Path(file).parts):
            expected = f"Expected a file beside the recipe in [weights] of {path}"
            raise ValueError(f"{expected}. Received: {key}={file!r}")


def _check_data(settings: Mapping[str, Any], path: Path) -> None:
    where, name = f"[data] of {path}", settings.get("source")
    if "source" not in settings:
        raise ValueError(f"Expected the key 'source' in {where}. Received: {', '.join(sorted(settings)) or 'nothing'}")
    if name not in data_sources.names():
        expected = ", ".join(data_sources.names())
        raise ValueError(f"Expected source in {where} to be one of {expected}. Received: source={name!r}")
    data_sources.get(name).check(settings, where)
