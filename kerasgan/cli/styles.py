"""The work of `kerasgan generate --mix`, `--edit`, `--styles` and `kerasgan project` with a model's styles."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan import exploration
from kerasgan.cli.samples import Choice, Motion, fitting, show
from kerasgan.files import pictures

if TYPE_CHECKING:
    from kerasgan.models.style_based import StyleBasedGAN

__all__ = ["Edit", "edit", "mix", "morph", "project", "render"]

MANY = 6  # directions or images of a grid if no number is given


@dataclass(frozen=True)
class Edit:
    """Which styles change, and how.

    Attributes:
        direction: "pca" or "sefa" for the strongest of these directions, "pca:2" for the one of index 2, or an .npy
            file with one (style_dim,) or several (directions, style_dim).
        amounts: amounts of the direction; for principal directions in standard deviations of the styles.
        layers: indices of the styles that change, or None for all.
    """

    direction: str
    amounts: Sequence[float] = (-3.0, -1.5, 0.0, 1.5, 3.0)
    layers: Sequence[int] | None = None

    def directions(self, gan: "StyleBasedGAN") -> np.ndarray:
        """All directions that it selects for a model: (directions, style_dim)."""
        method, _, index = self.direction.partition(":")
        if method in METHODS:
            found = METHODS[method](gan, self.layers)
            if not index:
                return found
            if not index.isdecimal() or int(index) >= len(found):
                raise ValueError(f"Expected {method}:0 to {method}:{len(found) - 1}. Received: {self.direction}")
            return found[int(index)][None]
        if not self.direction.endswith(".npy"):
            expected = f"Expected {', '.join(METHODS)}, one of them such as pca:0, or an .npy file"
            raise ValueError(f"{expected}. Received: {self.direction}")
        return np.atleast_2d(_array(Path(self.direction)))


def _principal(gan: "StyleBasedGAN", layers: Sequence[int] | None) -> np.ndarray:
    directions, deviations = exploration.principal_directions(gan)
    return directions * deviations[:, None].astype("float32")


def _semantic(gan: "StyleBasedGAN", layers: Sequence[int] | None) -> np.ndarray:
    known = None if layers is None else [layer for layer in layers if layer < len(gan.style_kernels())]
    return exploration.semantic_directions(gan, layers=known or None)[0]


METHODS: dict[str, Callable[[Any, Any], np.ndarray]] = {"pca": _principal, "sefa": _semantic}


def mix(gan: Any, choice: Choice, layers: Sequence[int] | None, output: Path) -> int:
    """Writes every row's image with some of every column's styles; returns how many images."""
    gan = _style_based(gan, "--mix")
    side = math.ceil(math.sqrt(choice.count or 16))
    points = gan.prior.draw(2 * side, gan.latent_dim, choice.seed)
    label = None if choice.labels is None else choice.labels[0]
    truncation = choice.truncation
    images = exploration.mix(gan, points[:side], points[side:], layers=layers, labels=label, truncation=truncation)
    pictures.save(pictures.grid(images, columns=side + 1), output)
    return len(images)


def edit(gan: Any, choice: Choice, edit: Edit, motion: Motion, output: Path) -> int:
    """Writes a row for each image, or for each of several directions of the first image; returns how many rows.

    A still has a column for each amount; a moving picture shows all rows at once, from the first amount to the last.
    """
    gan = _style_based(gan, "--edit")
    directions = edit.directions(gan)
    if len(directions) > 1:
        directions = directions[: choice.count or MANY]
        pairs = [(_styles(gan, choice, 1), direction) for direction in directions]
    else:
        pairs = [(styles[None], directions[0]) for styles in _styles(gan, choice, choice.count or MANY)]
    amounts = edit.amounts
    if output.suffix.lower() != ".png":
        amounts = np.linspace(amounts[0], amounts[-1], motion.length(output)).tolist()
    drawn = (exploration.edit(gan, own, way, amounts=amounts, layers=edit.layers) for own, way in pairs)
    rows = [fitting(images, among=len(pairs)) for images in drawn]
    show(np.stack(rows, axis=1), output, motion)
    return len(pairs)


def render(gan: Any, choice: Choice, output: Path) -> int:
    """Writes the images of a file's styles; returns how many."""
    images = gan.render(_styles(_style_based(gan, "--styles"), choice))
    pictures.save(pictures.grid(images), output)
    return len(images)


def morph(gan: Any, choice: Choice, motion: Motion, output: Path) -> int:
    """Writes an interpolation through all styles of a file, with equally many frames each; returns how many."""
    styles = _styles(_style_based(gan, "--styles"), choice)
    if len(styles) < 2:
        raise ValueError(f"Expected the styles of two images or more to move between. Received: {choice.styles} of one")
    stops = np.concatenate([styles, styles[:1]]) if motion.closed else styles
    places = np.linspace(0, len(stops) - 1, motion.length(output), endpoint=not motion.closed)
    left = np.minimum(places.astype(int), len(stops) - 2)
    share = (places - left)[:, None, None].astype("float32")
    show((gan.render(own[None]) for own in (1 - share) * stops[left] + share * stops[left + 1]), output, motion)
    return len(places)


def project(
    gan: Any,
    source: Path,
    output: Path,
    *,
    steps: int = 1000,
    each_layer: bool = False,
    features: Path | None = None,
    seed: int = 0,
) -> exploration.Projection:
    """Writes given pictures beside the model's nearest images, and their styles as an .npy file of the same name.

    Args:
        gan: a style-based model without classes.
        source: a picture, or a folder of pictures.
        output: the .png to write.
        steps: steps of the search.
        each_layer: whether each layer has a style of its own (W+).
        features: a .keras file of a network whose features of the images are compared, instead of pixels.
        seed: seed of the search.

    Raises:
        ValueError: for another model, a file that is no picture, or a network for other images.
    """
    from kerasgan.data.decoding import decode
    from kerasgan.data.folders import found

    gan = _style_based(gan, "a projection")
    network = None if features is None else _network(features, gan.image_shape)
    *size, channels = gan.image_shape
    paths = found(source) if source.is_dir() else [source]
    images = np.stack([decode(path, size=(size[0], size[1]), channels=channels) for path in paths])
    result = exploration.project(gan, images, steps=steps, each_layer=each_layer, features=network, seed=seed)
    both = np.stack([images, pictures.to_uint8(result.images)], axis=1)
    pictures.save(pictures.grid(both.reshape(-1, *gan.image_shape), columns=2), output)
    np.save(output.with_suffix(".npy"), result.styles)
    return result


def _styles(gan: "StyleBasedGAN", choice: Choice, count: int | None = None) -> np.ndarray:
    """Styles (count, styles, style_dim): those of a file, all or the first `count`, or those of as many latents."""
    if choice.styles is None:
        labels = None if choice.labels is None else np.resize(choice.labels, count or 1)
        styles = gan.styles(count, labels=labels, seed=choice.seed)
    else:
        styles = _array(choice.styles)[:count]
        expected = (gan.num_styles, *gan.mean_style.shape)
        if styles.ndim != 3 or styles.shape[1:] != expected:
            raise ValueError(f"Expected styles (count, {expected}). Received: {choice.styles} with {styles.shape}")
    return gan.mean_style + np.float32(choice.truncation) * (styles - gan.mean_style)


def _network(path: Path, image_shape: tuple[int, ...]) -> Any:
    import keras

    network = keras.saving.load_model(path, compile=False)
    if not all(size in (None, wanted) for size, wanted in zip(network.input_shape[1:], image_shape)):
        raise ValueError(f"Expected a network of images {image_shape}. Received: {path} of {network.input_shape[1:]}")
    return network


def _array(path: Path) -> np.ndarray:
    array = np.load(path, allow_pickle=False)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise ValueError(f"Expected an array of finite numbers. Received: {path}")
    return array.astype("float32")


def _style_based(gan: Any, what: str) -> "StyleBasedGAN":
    from kerasgan import models

    if not gan.has_styles:
        kinds = [name for name in models.__all__ if getattr(models, name).has_styles]
        raise ValueError(
            f"Expected a style-based model ({', '.join(kinds)}) for {what}. Received: {type(gan).__name__}"
        )
    return gan
