"""Directions of the latents that change the images most, for any generator."""

from typing import TYPE_CHECKING, Any

import numpy as np

from kerasgan.exploration.walks import prior_of

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = ["sensitive_directions"]

DRAWS = 4096  # latents from which their spread is estimated


def sensitive_directions(
    gan: "GAN", *, points: int = 8, step: float = 0.1, seed: int = 0, batch_size: int = 64
) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvectors of the mean of J'J, where J is the Jacobian of the images with respect to the latents.

    For a style-based model J is the Jacobian of the styles instead, which is cheap. Discrete latents, such as
    categories, are left out; the others are measured in their standard deviations. Takes 2 * points * latent_dim
    images.

    Args:
        gan: a model that draws images.
        points: number of latents at which J is computed, by central differences.
        step: step of the differences, in standard deviations.
        seed: seed of the latents, and of the labels of a class-conditional model.
        batch_size: images computed at a time.

    Returns:
        Directions (directions, latent_dim), the strongest first, each of the length of one standard deviation and with
        its largest number positive; and their strengths, the square roots of the eigenvalues.

    Raises:
        ValueError: if all latents are discrete, or for fewer than one point.
    """
    if points < 1:
        raise ValueError(f"Expected a positive number. Received: points={points}")
    from kerasgan.latents import class_labels  # it imports Keras; a command line that plans a walk need not

    columns = _movable(prior_of(gan), gan.latent_dim)
    if not len(columns):
        received = f"prior={gan.prior.describe(gan.latent_dim)}"
        raise ValueError(f"Cannot find directions: the prior is discrete. Received: {received}")
    spread = gan.prior.draw(DRAWS, gan.latent_dim, seed)[:, columns].std(axis=0)
    drawn = gan.prior.draw(points, gan.latent_dim, seed)
    labels = class_labels(points, num_classes=gan.num_classes, seed=seed)
    metric = np.zeros((len(columns), len(columns)))
    for latents, label in zip(drawn, [None] * points if labels is None else labels.tolist()):
        jacobian = _jacobian(gan, latents, label, columns, step * spread, batch_size) / step
        metric = metric + jacobian @ jacobian.T / points
    values, vectors = np.linalg.eigh(metric)
    directions = np.zeros((len(columns), gan.latent_dim))
    directions[:, columns] = vectors.T[::-1] * spread
    directions *= np.sign(directions[np.arange(len(columns)), np.abs(directions).argmax(axis=1)])[:, None]
    return directions.astype("float32"), np.sqrt(np.maximum(values[::-1], 0))


def _movable(prior: Any, latent_dim: int) -> np.ndarray:
    """Columns of the latents that are continuous."""
    from kerasgan.latents import Product

    if not isinstance(prior, Product):
        return np.arange(latent_dim if prior.center is not None else 0)
    parts = [_movable(part.prior, at.stop - at.start) + at.start for part, at in zip(prior.parts, prior.columns)]
    return np.concatenate(parts)


def _jacobian(
    gan: "GAN", latents: np.ndarray, label: int | None, columns: np.ndarray, steps: np.ndarray, batch_size: int
) -> np.ndarray:
    """Central differences (columns, pixels), not divided by the steps."""
    moves = np.zeros((len(columns), len(latents)), "float32")
    moves[np.arange(len(columns)), columns] = steps
    moved = np.concatenate([latents + moves, latents - moves])
    if gan.has_styles:
        drawn = gan.styles(latents=moved, labels=label)[:, 0]
    else:
        drawn = gan.generate(latents=moved, labels=label, batch_size=batch_size)
    plus, minus = np.split(drawn.reshape(len(moved), -1).astype("float64"), 2)
    return (plus - minus) / 2
