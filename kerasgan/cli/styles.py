"""The work of `kerasgan mix`, `edit`, `project` and of --styles with a model's styles."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan import exploration
from kerasgan.cli.samples import Choice, Motion, show
from kerasgan.exploration.styles import style_based
from kerasgan.files import pictures
from kerasgan.files.paths import local
from kerasgan.names import find

if TYPE_CHECKING:
    from kerasgan.models.style_based import StyleBasedGAN

__all__ = ["Edit", "edit", "mix", "morph", "project", "render"]

MANY = 6  # directions or images of a grid if no number is given
POOL = 3  # draws for each source of a mixture, from which those are chosen that differ
THUMBNAIL = 16  # pixels of height at which they are compared


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

    @property
    def method(self) -> str:
        """What its directions are, for labels: pca, sefa, or a file's name without ending."""
        return find(self.direction.partition(":")[0], METHODS) or Path(self.direction).stem

    def directions(self, gan: "StyleBasedGAN") -> np.ndarray:
        """All directions that it selects for a model: (directions, style_dim)."""
        _, _, index = self.direction.partition(":")
        method = self.method
        if method in METHODS and not self.direction.endswith(".npy"):
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
    """Writes images, each with some of the styles of every column's image; returns how many images.

    The sources are draws that differ. Without `layers` they give coarse, middle and fine styles in turn, in blocks of
    the same rows (Karras et al. 2019, 1812.04948, figure 3): `exploration.style_groups`.
    """
    gan = style_based(gan, "mix")
    columns = math.ceil(math.sqrt(choice.count or 16))
    rows = columns if layers else math.ceil(columns / 2)
    if len(choice.labels or ()) > 1:
        raise ValueError(f"Expected one class, whose images share their styles. Received: --labels {choice.labels}")
    label = None if choice.labels is None else choice.labels[0]
    options: dict[str, Any] = {"labels": label, "truncation": choice.truncation}
    sources = _sources(gan, rows + columns, choice.seed, options)
    own, other = sources[:rows], sources[rows:]
    groups: Sequence[Sequence[int]] = [layers] if layers else _groups(gan, own, other, label)
    grids = [exploration.mix(gan, own, other, layers=group, **options) for group in groups]
    images = np.concatenate([grids[0][: columns + 1], *(grid[columns + 1 :] for grid in grids)])
    names = ["", *(f"{_span(group)} from above" for group in groups for _ in range(rows))]
    pictures.save(choice.look.grid(images, columns=columns + 1, rows=names), output)
    return len(images)


def _sources(gan: "StyleBasedGAN", count: int, seed: int, options: dict[str, Any]) -> np.ndarray:
    """Latents (count, latent_dim) whose images differ, of some more draws."""
    points = gan.prior.draw(POOL * count, gan.latent_dim, seed)
    images = gan.generate(latents=points, seed=0, **options)
    return points[exploration.distinct(pictures.reduced(images, THUMBNAIL), count)]


def _groups(gan: "StyleBasedGAN", own: np.ndarray, other: np.ndarray, label: int | str | None) -> Sequence[range]:
    pairs = [gan.styles(latents=points, labels=label) for points in (np.resize(own, other.shape), other)]
    return exploration.style_groups(gan, *pairs, groups=min(3, gan.num_styles))


def _span(layers: Sequence[int]) -> str:
    """style 1, styles 0-2, or styles 0, 2."""
    first, last = layers[0], layers[-1]
    if len(layers) == 1:
        return f"style {first}"
    if list(layers) == list(range(first, last + 1)):
        return f"styles {first}-{last}"
    return f"styles {', '.join(map(str, layers))}"


def edit(gan: Any, choice: Choice, edit: Edit, motion: Motion, output: Path) -> int:
    """Writes a row for each image, or for each of several directions of the first image; returns how many rows.

    A still has a column for each amount; a moving picture shows all rows at once, from the first amount to the last.
    """
    gan = style_based(gan, "edit")
    directions = edit.directions(gan)
    if len(directions) > 1:
        directions = directions[: choice.count or MANY]
        pairs = [(_styles(gan, choice, 1), direction) for direction in directions]
        rows = [f"{edit.method}:{index}" for index in range(len(pairs))]
    else:
        count = choice.count or max(MANY, len(choice.labels or ()))
        pairs = [(styles[None], directions[0]) for styles in _styles(gan, choice, count)]
        rows = [f"image {index}" for index in range(len(pairs))]
    amounts = edit.amounts
    names = [f"{amount:+g}" if amount else "0" for amount in amounts]
    if output.suffix.lower() != ".png":
        amounts = (amounts[0] + (amounts[-1] - amounts[0]) * motion.shares(output)).tolist()
    drawn = (exploration.edit(gan, own, way, amounts=amounts, layers=edit.layers) for own, way in pairs)
    images = [choice.look.fitting(images, among=len(pairs)) for images in drawn]
    corner = f"{edit.direction}, in std" if edit.method == "pca" else f"{edit.direction}, by"
    show(np.stack(images, axis=1), output, motion, choice.look, names=names, rows=rows, corner=corner)
    return len(pairs)


def render(gan: Any, choice: Choice, output: Path) -> int:
    """Writes the images of a file's styles; returns how many."""
    images = gan.render(_styles(style_based(gan, "--styles"), choice))
    pictures.save(choice.look.grid(images), output)
    return len(images)


def morph(gan: Any, choice: Choice, motion: Motion, output: Path) -> int:
    """Writes an interpolation through all styles of a file, with equally many frames each; returns how many."""
    styles = _styles(style_based(gan, "--styles"), choice)
    if len(styles) < 2:
        raise ValueError(f"Expected the styles of two images or more to move between. Received: {choice.styles} of one")
    stops = np.concatenate([styles, styles[:1]]) if motion.closed else styles
    if motion.closed:
        places = np.linspace(0, len(stops) - 1, motion.length(output), endpoint=False)
    else:
        places = (len(stops) - 1) * motion.shares(output)
    left = np.minimum(places.astype(int), len(stops) - 2)
    share = (places - left)[:, None, None].astype("float32")
    between = (1 - share) * stops[left] + share * stops[left + 1]
    show((gan.render(own[None]) for own in between), output, motion, choice.look)
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
    from kerasgan.data.listing import found

    gan = style_based(gan, "a projection")
    local(output.parent, folder=True)
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
    return gan.truncated_styles(styles, choice.truncation)


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
