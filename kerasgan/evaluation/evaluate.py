"""The work of `kerasgan evaluate`: a model and real images in; card.json, card.md and samples.png out.

All cards of the zoo's entries are written by this function.
"""

import dataclasses
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan import zoo
from kerasgan.data.sources import scaled
from kerasgan.evaluation.domains import DOMAIN_METRICS, Translations
from kerasgan.evaluation.material import FeatureNetwork
from kerasgan.evaluation.pair_card import pair_card
from kerasgan.evaluation.score_card import ScoreCard, score_card
from kerasgan.files import films, pictures
from kerasgan.files.download import DownloadError
from kerasgan.files.paths import cache_directory, local
from kerasgan.files.text import in_markdown, visible, warn
from kerasgan.files.toml import write_sections, write_text
from kerasgan.names import find
from kerasgan.zoo import data_sources

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = ["evaluate", "examples", "held_out_pairs", "named_features"]

INCEPTION = {"inception": "clean", "inception-legacy": "legacy", "inception-half-pixel": "half_pixel"}
MOVING_FPS = 4


def evaluate(
    recipe: zoo.Recipe,
    gan: "GAN",
    *,
    data: str | Path | None = None,
    metrics: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    samples: int | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    held_out: str | Path | None = None,
    output: str | Path | None = None,
) -> ScoreCard:
    """Measures a model against real images, and writes its card.

    Args:
        recipe: the recipe whose data to compare with, and whose text the card repeats.
        gan: the model.
        data: a folder of images instead of the recipe's data.
        metrics: some of `kerasgan.evaluation.scores.NAMES`; a choice that suits the data if not given.
        features: "thumbnails", "pixels", "digits", "stacked-digits", "fashion", "emoji", "inception",
            "inception-legacy" or "inception-half-pixel". If not given: Inception (downloaded once); for stacked
            digits the bundled classifier; for digits, Fashion-MNIST and emoji also thumbnails.
        samples: number of images generated for each seed; if not given, the number of real images, at most 50,000.
        seeds: three or more.
        held_out: a folder of real images that the model was not trained on.
        output: a folder for card.json, card.md and samples.png. If it holds the recipe itself, its [results] are
            written too.

    Raises:
        ValueError: for unknown metrics or features, data that does not suit the model, or fewer than three seeds.
        DownloadError: if Inception's weights are needed and cannot be downloaded.
    """
    output = None if output is None else local(output, folder=True)  # a mistake is reported before the work
    domains = gan.task == "multi-domain-image-to-image"
    if gan.task.from_images and not domains:
        if metrics or features:
            received = f"metrics={metrics!r}, features={features!r}"
            raise ValueError(f"Expected none: a model that translates is measured on pairs. Received: {received}")
        return _evaluate_pairs(recipe, gan, data, held_out, samples, output)
    source = recipe.source if data is None else data_sources.for_task(gan.task, str(data))
    chosen = metrics or (*source.metrics, *(source.class_metrics if gan.num_classes else ()))
    unseen = _held_out(recipe, gan) if held_out is None and data is None else held_out and _folder(held_out, gan)
    compared = features or source.features
    reals = zoo.source(recipe, compared=True) if data is None else _folder(data, gan)
    if domains:
        chosen = metrics or DOMAIN_METRICS
        gan.examples = gan.examples_of(unseen or reals)  # type: ignore[attr-defined]
    card = score_card(
        Translations(gan, unseen or reals) if domains else gan,
        reals,
        metrics=chosen,
        features=[named_features(name) for name in compared],
        samples=samples,
        seeds=seeds,
        held_out=unseen,
        name=recipe.name,
        cache=_cache(),
    )
    if output is not None:
        _write(card, recipe, gan, output)
    return card


def _evaluate_pairs(
    recipe: zoo.Recipe, gan: Any, data: Any, held_out: Any, samples: int | None, output: Any
) -> ScoreCard:
    """The card of an image-to-image model, on pairs that it was not trained on if the recipe holds out any."""
    given = held_out or data
    pairs = {"data": _unmixed(zoo.with_data(recipe, given, gan, paired=True))} if given else held_out_pairs(recipe)
    find = recipe.source.retrieval and not given
    card = pair_card(gan, pairs, count=samples, name=recipe.name, find=find)
    if output is not None:
        gan.examples = _spread(next(iter(pairs.values())))
        _write(card, recipe, gan, output)
    return card


def examples(recipe: zoo.Recipe) -> tuple[np.ndarray, np.ndarray] | None:
    """Eight pairs that the model was not trained on, if the recipe's data are bundled or installed; otherwise None."""
    if recipe.source.needs_path and not recipe.source.searches:
        return None
    try:
        return _spread(next(iter(held_out_pairs(recipe).values())))
    except (FileNotFoundError, ImportError):  # a package that is not installed
        return None


def held_out_pairs(recipe: zoo.Recipe) -> dict[str, Any]:
    """Sources of the pairs that the recipe holds out, by split; of its training data if it holds out none."""
    splits = recipe.source.held_out_settings(recipe.data) or {"data": recipe.data}
    return {name: _unmixed(dataclasses.replace(recipe, data=settings)) for name, settings in splits.items()}


def _unmixed(recipe: zoo.Recipe) -> Any:
    """The recipe's pairs, together and in file order."""
    return zoo.source(dataclasses.replace(recipe, data=recipe.source.measured(recipe.data)))


def _spread(pairs: Any, count: int = 8) -> Any:
    """Some pairs, spread evenly over a source; of one of images with labels, images and themselves."""
    inputs, targets = pairs.examples(pairs.count) if hasattr(pairs, "examples") else [scaled(pairs.images())] * 2
    chosen = np.linspace(0, len(targets) - 1, min(count, len(targets))).astype(int)
    return inputs[chosen], targets[chosen]


def _held_out(recipe: zoo.Recipe, gan: "GAN") -> Any:
    """Images that the recipe does not train on, to translate or for scores that need some; None if there are none."""
    others = recipe.source.held_out_settings(recipe.data).values() if gan.task.from_images else ()
    settings = next(iter(others), None) or recipe.source.unseen(recipe.data)
    return None if settings is None else zoo.source(dataclasses.replace(recipe, data=settings))


def _cache() -> Path:
    return cache_directory().with_name("statistics")


def _folder(path: str | Path, gan: "GAN") -> Any:
    height, width, channels = gan.image_shape
    source = data_sources.for_task(gan.task, str(path))
    found = source.read(path, image_size=(height, width), channels=channels, shuffle=False)
    if gan.num_classes and found.num_classes not in (None, gan.num_classes):
        warn(
            f"Expected a sub-folder for each of the model's {gan.num_classes} classes. Received: {found.num_classes} "
            f"in {path}, which are read without labels, and compared with equally many images of each class",
            stacklevel=3,
        )
        found = found.copy(with_labels=False)
        found.info = dataclasses.replace(found.info, labels=None, class_names=None, labeled=False)
    return found


def named_features(name: str) -> str | FeatureNetwork:
    """A choice of features as scores take it; Inception's are downloaded once. Raises DownloadError."""
    found = find(name, INCEPTION)
    if found is None:
        return name
    from kerasgan.checkpoints import inception
    from kerasgan.metrics.inception import inception_features

    try:
        network, sha256 = inception.load()
    except DownloadError as error:
        choices = "thumbnails: --features thumbnails, --keep-best frechet_distance,features=thumbnails"
        error.args = (f"{error} Features that need no download: {choices}",)
        raise
    outputs = [
        inception_features(network, output=output, resize=INCEPTION[found], weights=sha256)
        for output in ("pool", "probabilities")
    ]
    return FeatureNetwork(name=found, features=outputs[0], probabilities=outputs[1])


def _write(card: ScoreCard, recipe: zoo.Recipe, gan: "GAN", output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    write_text(card.to_json(), output / "card.json")
    images, columns = gan.sample_grid(_shown(gan))
    pictures.save(pictures.grid(images, columns=columns), output / "samples.png")
    moving = gan.moving_sample_grid()
    write_text(_markdown(card, recipe, output, moves=moving is not None), output / "card.md")
    if moving is not None:
        frames, columns = moving
        grids = (pictures.grid(each, columns=columns) for each in frames)
        films.save(grids, output / "samples.gif", fps=MOVING_FPS)
    if _has_file(recipe) and recipe.path.parent.resolve() == output.resolve():
        write_sections(recipe.path, {"results": _results(card)})


def _has_file(recipe: zoo.Recipe) -> bool:
    """Whether its path is that of a recipe, not of a model that has none."""
    return recipe.path.suffix == ".toml"


def _shown(gan: "GAN") -> int | None:
    """Number of samples shown beside a card; None for whole rows with a column per class or category."""
    if gan.task.from_images:
        return 8
    return None if gan.num_classes or gan.prior.codes else 64


def _results(card: ScoreCard) -> dict[str, Any]:
    """The means, which lists and tables show."""
    content = card.content
    means = {name: found["mean"] for name, found in content["scores"].items()}
    if "pairs" in content:
        return {**means, "data": ", ".join(facts["name"] for facts in content["pairs"].values())}
    if "class_shares" in content:
        means["class_shares"] = content["class_shares"]
    return {**means, "samples": content["samples"], "seeds": content["seeds"], "data": content["data"]["name"]}


def _markdown(card: ScoreCard, recipe: zoo.Recipe, output: Path, *, moves: bool) -> str:
    measured = [recipe.name] if _has_file(recipe) else [recipe.path.name, "--data", "FOLDER"]
    trained = f", trained by\n\n    {visible(recipe.command)}" if recipe.command else "."
    parts = [
        f"# {in_markdown(recipe.name)}",
        "![samples](samples.png)",
        "![moving samples](samples.gif)" if moves else "",
        f"`kerasgan.models.{recipe.family}`{trained}",
        visible(recipe.summary.strip()).replace("<", "&lt;"),  # its author's Markdown, but no HTML
        "## Scores",
        card.to_markdown().strip(),
        f"Measured and written by `kerasgan evaluate {shlex.join(measured)}`.",
        *_experiment(output / "experiment.json"),
    ]
    about = recipe.source.card_text(recipe.data)
    license = (recipe.weights or {}).get("license")
    parts += ["## Data and license"] if about or license else []
    parts += [about] if about else []
    parts += [f"Weights: {in_markdown(license)}."] if license else []
    return "\n\n".join(part for part in parts if part) + "\n"


def _experiment(path: Path) -> list[str]:
    """The table and text of a benchmark about the entry, such as a comparison of losses, from its file."""
    if not path.is_file():
        return []
    found = json.loads(path.read_text(encoding="utf-8"))
    rows = [found["columns"], ["---"] * len(found["columns"]), *found["rows"]]
    table = "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
    return [f"## {found['title']}", table, found.get("text", ""), f"Measured by `{found['command']}`."]
