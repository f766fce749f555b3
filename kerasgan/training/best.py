"""`keep_best` of a recipe's [train]: by which measure the best model of a training is kept, and when it ends for it.

A name of `kerasgan.metrics.sample_metrics`, or a table:

name       frechet_distance, kernel_distance or diversity; for image-to-image models peak_signal_to_noise,
           structural_similarity or mean_absolute_error, of held-out pairs if the data have any; "auto" for the first
features   of the first three: as in `kerasgan evaluate --features`; if not given, the first of the data's cards
samples    number of images or pairs
every      steps between measurements; if not given, those between two sample grids, or as many as train on as many
           images as a measurement draws, if these are more: a short training shall not be mostly measuring
seed       of the latents
patience   steps without a better value after which the training ends; if not given, it does not
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasgan import data, zoo
from kerasgan.callbacks import KeepBest
from kerasgan.evaluation.evaluate import held_out_pairs, named_features
from kerasgan.files.download import DownloadError
from kerasgan.gan.measuring import refuse_unsuited
from kerasgan.metrics import sample_metrics
from kerasgan.training.run_folder import BEST
from kerasgan.zoo import data_sources

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = ["AUTO", "found", "keepers", "settings_of"]

AUTO = "auto"
KEYS = ("every", "features", "name", "patience", "samples", "seed")


def settings_of(text: str) -> dict[str, Any]:
    """The settings in a text such as frechet_distance,features=pixels,samples=500.

    Raises:
        ValueError: for an unknown name or key, or a number that is none.
    """
    name, *pairs = text.split(",")
    settings: dict[str, Any] = {"name": name.strip()}
    for pair in pairs:
        key, equals, value = (part.strip() for part in pair.partition("="))
        number = key != "features"
        if not equals or key not in KEYS or (number and not value.isdigit()):
            expected = "Expected --keep-best METRIC, or such as frechet_distance,features=pixels,samples=500,every=200"
            raise ValueError(f"{expected},patience=2000. Received: {text}")
        settings[key] = int(value) if number else value
    return checked(settings)


def checked(settings: Any) -> dict[str, Any]:
    """The table of a `keep_best`. Raises ValueError for an unknown name or key."""
    table = dict(settings) if isinstance(settings, Mapping) else {"name": settings}
    known = [AUTO, *sample_metrics.names()]
    if table.setdefault("name", AUTO) not in known or set(table) - set(KEYS):
        raise ValueError(
            f"Expected keep_best to be one of {', '.join(known)}, or a table with some of {', '.join(KEYS)}. "
            f"Received: keep_best={settings!r}"
        )
    return table


def keepers(recipe: zoo.Recipe, gan: "GAN", run: Path, source: Any, *, every: int | None, grids: int) -> list[KeepBest]:
    """The callback that keeps the best model in a run folder, if the recipe says so.

    It measures every `every` steps where the recipe does not say how often; every `grids` steps, in which a sample grid
    is drawn, or more, if that is None.

    Samples are compared with images of `source`, the training data, where it has the same, which are read already.

    Raises:
        ValueError: for settings that do not suit the model or its data, or Inception's weights that cannot be had.
    """
    if recipe.train.get("keep_best") is None:
        return []
    settings = checked(recipe.train["keep_best"])
    patience = settings.pop("patience", None)
    if settings["name"] == AUTO:
        settings["name"] = "peak_signal_to_noise" if gan.task.from_images else "frechet_distance"
    of_pairs = settings["name"] in sample_metrics.PairScore.SCORES
    if of_pairs and gan.task.from_images:
        settings["data"] = next(iter(held_out_pairs(recipe).values()))
    elif not of_pairs and not gan.task.from_images:
        settings["features"] = _features(settings.get("features") or recipe.source.features[0])
        plain = dataclasses.replace(recipe, data=recipe.source.measured(recipe.data))
        settings["data"] = None if _holds(source, recipe, plain) else zoo.source(plain, compared=True)
    metric = sample_metrics.get({"every": every or grids, **settings, "at_epoch_ends": False})
    if every is None and "every" not in settings:
        images = -(-metric.samples // recipe.train["batch_size"])
        metric.every = max(grids, min(images, recipe.train["steps"]))
    refuse_unsuited(metric, gan)
    return [KeepBest(run / BEST, monitor=metric, patience=patience)]


def found(run: Path) -> str | None:
    """A sentence about the best model that a run folder keeps, and how much of the training came after it, if any."""
    path = run / BEST.replace(".keras", ".json")
    if not path.is_file():
        return None
    note = json.loads(path.read_text(encoding="utf-8"))
    after, done = note["steps_done"] - note["step"], note["steps_done"]
    return (
        f"Best {note['metric'].replace('_', ' ')} {note['value']:.4g} at step {note['step']:,}; {after:,} of {done:,} "
        f"steps ({after / max(done, 1):.0%}) came after it. Measuring took {note['seconds_per_measurement']:.2g} s "
        f"each time, {note['share_of_time']:.1%} of the time."
    )


def _holds(source: Any, recipe: zoo.Recipe, plain: zoo.Recipe) -> bool:
    """Whether all images of the training data are those of a recipe without augmentation, read in its order."""
    known = source.count if isinstance(source, data.Source) else None
    small = known is not None and known <= sample_metrics.MOST_REALS
    own = type(recipe.source).load_compared is data_sources.DataSource.load_compared
    return small and own and {key: value for key, value in recipe.data.items() if key != "flip"} == dict(plain.data)


def _features(name: str) -> Any:
    try:
        return named_features(name)
    except DownloadError as error:
        raise ValueError(str(error)) from error
