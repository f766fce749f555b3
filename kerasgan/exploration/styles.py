"""Style-based models: style mixing, directions among the styles and edits along them; and grids of truncations."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan.exploration.walks import latents_of

if TYPE_CHECKING:
    from kerasgan.gan import GAN
    from kerasgan.models.style_based import StyleBasedGAN

__all__ = [
    "distinct",
    "edit",
    "mix",
    "principal_directions",
    "semantic_directions",
    "style_based",
    "style_groups",
    "truncation_grid",
]


def mix(
    gan: "StyleBasedGAN",
    rows: Any,
    columns: Any,
    *,
    layers: Sequence[int] | None = None,
    labels: Any = None,
    truncation: float = 1.0,
) -> np.ndarray:
    """The image of every row with some of the styles of every column (Karras et al. 2019, 1812.04948, figure 3).

    Args:
        gan: a style-based model.
        rows: seeds, or latents (rows, latent_dim).
        columns: likewise.
        layers: indices of the styles that come from the column; if not given, the first half: pose and shape.
        labels: for a class-conditional model: one class for all.
        truncation: as in `gan.generate`.

    Returns:
        (rows + 1) * (columns + 1) images, row by row: first a black one and the columns' images, then in each row its
        own image and the mixtures.

    Raises:
        ValueError: for another model, layers that it does not have, or latents of another size.
    """
    style_based(gan, "mixing")
    points = [latents_of(gan, rows), latents_of(gan, columns)]
    sources = gan.styles(latents=np.concatenate(points), labels=labels, seed=0)
    sources = gan.truncated_styles(sources, truncation)
    first, second = np.split(sources, [len(points[0])])
    chosen = _layers(gan, range(gan.num_styles // 2) if layers is None else layers)
    mixed = np.repeat(first[:, None], len(second), axis=1)  # (rows, columns, styles, style_dim)
    mixed[:, :, chosen] = second[None][:, :, chosen]
    images = gan.render(np.concatenate([sources, mixed.reshape(-1, *mixed.shape[2:])]))
    own, other, mixtures = np.split(images, [len(first), len(sources)])
    grid = np.full((len(first) + 1, len(second) + 1, *gan.image_shape), -1, "float32")
    grid[1:, 0], grid[0, 1:] = own, other
    grid[1:, 1:] = mixtures.reshape(len(first), len(second), *gan.image_shape)
    return grid.reshape(-1, *gan.image_shape)


def distinct(images: Any, count: int) -> np.ndarray:
    """Indices of images that differ: the first, then each time the one that is farthest from those before it.

    Args:
        images: (images, ...), as many as `count` or more.
        count: number of indices.

    Returns int64 (count,). The distance is the largest of the smallest Euclidean ones to those before (Gonzalez 1985).
    """
    rows = np.asarray(images, "float64").reshape(len(images), -1)
    if not 0 < count <= len(rows):
        raise ValueError(f"Expected a count from 1 to {len(rows)}, the number of images. Received: count={count}")
    chosen, nearest = [0], np.linalg.norm(rows - rows[0], axis=1)
    while len(chosen) < count:
        nearest[chosen] = -1.0  # equal images must not be chosen twice
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(rows - rows[chosen[-1]], axis=1))
    return np.asarray(chosen)


def style_groups(gan: "StyleBasedGAN", first: Any, second: Any, *, groups: int = 3) -> list[range]:
    """Splits the indices of the styles, coarse to fine, into groups that change the images about equally.

    A mixture that takes its first k styles from another image lies between the two: at share(k) = a / (a + b), with
    the squared pixel distances a and b from both. The groups end where the mean share passes 1 / groups, 2 / groups and
    so on. Fixed groups, such as halves, may hold everything that can be seen: in small images the first styles do.

    Args:
        gan: a style-based model.
        first: (count, styles, style_dim), from `gan.styles`.
        second: likewise.
        groups: number of groups, at most that of the styles.

    Returns:
        A range of indices for each group, none empty; together all, in order.

    Raises:
        ValueError: for another model, other styles, or another number of groups.
    """
    first, second = (_styles(gan, each, name) for each, name in ((first, "first"), (second, "second")))
    count = gan.num_styles
    if not 0 < groups <= count:
        raise ValueError(f"Expected from 1 to {count} groups. Received: groups={groups}")
    pixels = [gan.render(styles).reshape(len(styles), -1).astype("float64") for styles in (first, second)]

    def share(styles_of_second: int) -> float:
        mixed = np.concatenate([second[:, :styles_of_second], first[:, styles_of_second:]], axis=1)
        made = gan.render(mixed).reshape(len(mixed), -1)
        far, near = (((made - own) ** 2).sum(axis=1) for own in pixels)
        return float(np.mean(far / np.maximum(far + near, 1e-12)))

    ends = [0]
    for group in range(1, groups):
        low, high = ends[-1] + 1, count - (groups - group)  # each group has one style or more
        while low < high:  # the share grows with the number of styles: few mixtures find the place
            middle = (low + high) // 2
            low, high = (low, middle) if share(middle) >= group / groups else (middle + 1, high)
        ends.append(low)
    return [range(start, end) for start, end in zip(ends, [*ends[1:], count])]


def truncation_grid(
    gan: "GAN", rows: Any, *, truncations: Sequence[float] = (1.0, 0.7, 0.5, 0.0), labels: Any = None
) -> np.ndarray:
    """A row for each latent and a column for each truncation (Karras et al. 2019, 1812.04948, figure 8).

    Args:
        gan: the model.
        rows: seeds, or latents (rows, latent_dim).
        truncations: as in `gan.generate`; a style-based model also accepts negative ones, which give the opposites.
        labels: for a class-conditional model: one class for all, or one for each row.

    Raises:
        ValueError: for latents of another size, or arguments that `gan.generate` does not accept.
    """
    points = latents_of(gan, rows)
    columns = [gan.generate(latents=points, labels=labels, seed=0, truncation=truncation) for truncation in truncations]
    return np.stack(columns, axis=1).reshape(-1, *gan.image_shape)


def semantic_directions(gan: "StyleBasedGAN", *, layers: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Directions of the styles that change the features most, in closed form (Shen, Zhou 2021, 2007.06600).

    They are the eigenvectors of A A' for the kernels A of the affine functions from styles to layers, each column of
    length 1.

    Args:
        gan: a style-based model.
        layers: indices of the layers, each of which uses the style of the same index; all if not given.

    Returns:
        (style_dim, style_dim): a direction of length 1 in each row, the strongest first; and their eigenvalues.

    Raises:
        ValueError: for another model, or layers that it does not have.
    """
    kernels = style_based(gan, "directions of styles").style_kernels()
    chosen = range(len(kernels)) if layers is None else _layers(gan, layers, count=len(kernels))
    columns = np.concatenate([kernels[index] for index in chosen], axis=1).astype("float64")
    lengths = np.linalg.norm(columns, axis=0)
    columns /= np.where(lengths > 0, lengths, 1)  # StyleGAN3's waves begin with a kernel of zeros
    values, vectors = np.linalg.eigh(columns @ columns.T)
    return vectors.T[::-1].astype("float32"), values[::-1]


def principal_directions(
    gan: "StyleBasedGAN", *, count: int = 10_000, labels: Any = None, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Principal components of the styles of many latents (Härkönen et al. 2020, 2004.02546).

    Args:
        gan: a style-based model.
        count: number of latents.
        labels: as in `gan.generate`.
        seed: seed of the latents.

    Returns:
        (style_dim, style_dim), a direction of length 1 in each row, and the styles' standard deviations along them,
        the largest first.

    Raises:
        ValueError: for another model.
    """
    styles = style_based(gan, "directions of styles").styles(count, labels=labels, seed=seed)[:, 0].astype("float64")
    values, vectors = np.linalg.eigh(np.cov(styles.T, bias=True))
    return vectors.T[::-1].astype("float32"), np.sqrt(np.maximum(values[::-1], 0))


def edit(
    gan: "StyleBasedGAN",
    styles: Any,
    direction: Any,
    *,
    amounts: Sequence[float] = (-3.0, -1.5, 0.0, 1.5, 3.0),
    layers: Sequence[int] | None = None,
) -> np.ndarray:
    """Adds amounts of a direction to styles: one row for each of the styles and one column for each amount.

    Args:
        gan: a style-based model.
        styles: (count, styles, style_dim), from `gan.styles` or `project`.
        direction: (style_dim,).
        amounts: factors of the direction.
        layers: indices of the styles that change; all if not given.

    Raises:
        ValueError: for another model, layers that it does not have, arrays of another shape or not finite, or no
            amount.
    """
    styles, direction = _styles(gan, styles, "styles"), np.asarray(direction, "float32")
    if direction.shape != styles.shape[2:] or not np.isfinite(direction).all():
        expected = f"Expected finite numbers {styles.shape[2:]} as a direction"
        raise ValueError(
            f"{expected}. Received: direction.shape={direction.shape}, direction={direction.tolist()!r:.60}"
        )
    factors = np.asarray(amounts, "float32")
    if factors.ndim != 1 or not len(factors):
        raise ValueError(f"Expected one factor of the direction or more. Received: amounts={amounts!r}")
    chosen = _layers(gan, range(gan.num_styles) if layers is None else layers)
    moved = np.repeat(styles[:, None], len(factors), axis=1)
    moved[:, :, chosen] += factors[:, None, None] * direction
    return gan.render(moved.reshape(-1, *styles.shape[1:]))


def style_based(gan: Any, what: str) -> "StyleBasedGAN":
    """The model. Raises ValueError for one without styles, with the families that have them for `what`."""
    if not getattr(gan, "has_styles", False):
        from kerasgan import models

        kinds = [name for name in models.__all__ if getattr(models, name).has_styles]
        raise ValueError(
            f"Expected a style-based model ({', '.join(kinds)}) for {what}. Received: {type(gan).__name__}"
        )
    return gan


def _styles(gan: Any, values: Any, name: str) -> np.ndarray:
    """Styles (count, styles, style_dim) of a model as float32. Raises ValueError for others."""
    style_based(gan, "edits and mixtures of styles")
    styles = np.asarray(values, "float32")
    if styles.ndim != 3 or styles.shape[1] != gan.num_styles or not np.isfinite(styles).all():
        expected = f"Expected finite styles (count, {gan.num_styles}, style_dim), as of gan.styles"
        raise ValueError(f"{expected}. Received: {name}.shape={styles.shape}")
    return styles


def _layers(gan: "StyleBasedGAN", layers: Sequence[int], *, count: int | None = None) -> list[int]:
    count = count or gan.num_styles
    if not all(0 <= layer < count for layer in layers):
        raise ValueError(f"Expected layers from 0 to {count - 1}. Received: layers={list(layers)}")
    return list(layers)
