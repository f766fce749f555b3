"""Style-based models: style mixing, directions among the styles and edits along them; and grids of truncations."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan.exploration.walks import latents_of

if TYPE_CHECKING:
    from kerasgan.gan import GAN
    from kerasgan.models.style_based import StyleBasedGAN

__all__ = ["edit", "mix", "principal_directions", "semantic_directions", "truncation_grid"]


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
        ValueError: for layers that the model does not have, or latents of another size.
    """
    points = [latents_of(gan, rows), latents_of(gan, columns)]
    sources = gan.styles(latents=np.concatenate(points), labels=labels, seed=0)
    sources = gan.mean_style + np.float32(truncation) * (sources - gan.mean_style)
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
        ValueError: for layers that the model does not have.
    """
    kernels = gan.style_kernels()
    chosen = range(len(kernels)) if layers is None else _layers(gan, layers, count=len(kernels))
    columns = np.concatenate([kernels[index] for index in chosen], axis=1).astype("float64")
    columns /= np.linalg.norm(columns, axis=0)
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
    """
    styles = gan.styles(count, labels=labels, seed=seed)[:, 0].astype("float64")
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
        ValueError: for layers that the model does not have, or arrays of another shape.
    """
    styles, direction = np.asarray(styles, "float32"), np.asarray(direction, "float32")
    if styles.ndim != 3 or styles.shape[1] != gan.num_styles or direction.shape != styles.shape[2:]:
        expected = f"Expected styles (count, {gan.num_styles}, style_dim) and a direction (style_dim,)"
        raise ValueError(f"{expected}. Received: styles.shape={styles.shape}, direction.shape={direction.shape}")
    chosen = _layers(gan, range(gan.num_styles) if layers is None else layers)
    moved = np.repeat(styles[:, None], len(amounts), axis=1)
    moved[:, :, chosen] += np.asarray(amounts, "float32")[:, None, None] * direction
    return gan.render(moved.reshape(-1, *styles.shape[1:]))


def _layers(gan: "StyleBasedGAN", layers: Sequence[int], *, count: int | None = None) -> list[int]:
    count = count or gan.num_styles
    if not all(0 <= layer < count for layer in layers):
        raise ValueError(f"Expected layers from 0 to {count - 1}. Received: layers={list(layers)}")
    return list(layers)
