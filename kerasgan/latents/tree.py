"""A tree of codes whose leaves are Gaussians."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from kerasgan.latents.mixture import GaussianMixture
from kerasgan.latents.plain import as_probabilities
from kerasgan.latents.prior import register

__all__ = ["Tree"]


@register
class Tree(GaussianMixture):
    """A walk from the root to a leaf, one categorical code per level; the leaf selects a Gaussian.

    p(leaf) = prod_l p(c_l | c_<l). Leaves count in the order of their paths: with branching (2, 3) the path (1, 0) is
    leaf 3. A mixture of Gaussians otherwise, whose `component_entropy` is the sum of `level_entropies`.

    Args:
        branching: children of each node, level by level, each 2 or more.
        probabilities: for each level those of the children: (branching,) if the same below every node of the level
            above, or one row for each of these nodes; None for all alike.
        means: of the leaves, (leaves, latent_dim). If not given, sums of an offset for each node on the path, drawn
            from U(-1, 1) at the first level and from half the range at each further one: near in the tree is near.
        scales: standard deviations: one for all, (leaves,) or (leaves, latent_dim).
        latent_dim: where no means are given.
        seed: of the means, where none are given.

    Raises:
        ValueError: for a branching below 2, or numbers that do not fit it, or as `GaussianMixture`.
    """

    def __init__(
        self,
        branching: Sequence[int],
        probabilities: Sequence[Any] | None = None,
        means: Any = None,
        scales: Any = 0.2,
        *,
        latent_dim: int | None = None,
        seed: int = 0,
    ):
        self.branching = tuple(branching)
        if not self.branching or not all(isinstance(n, (int, np.integer)) and n >= 2 for n in self.branching):
            raise ValueError(f"Expected at least two children on every level. Received: branching={branching!r}")
        self.probabilities = _level_probabilities(self.branching, probabilities)
        if (means is None) == (latent_dim is None):
            raise ValueError(f"Expected either means or latent_dim. Received: latent_dim={latent_dim}")
        if means is None:
            means = _nested_means(self.branching, latent_dim, seed)
        if len(means) != math.prod(self.branching):
            raise ValueError(f"Expected the means of {math.prod(self.branching)} leaves. Received: {len(means)}")
        super().__init__(means, scales, self.level_probabilities(len(self.branching)))

    def level_probabilities(self, level: int) -> np.ndarray:
        """Probabilities of the nodes of a level (the first is 1), in the order of their paths."""
        nodes = np.ones(1)
        for conditional in self.probabilities[:level]:
            nodes = (nodes[:, None] * conditional).ravel()
        return nodes

    @property
    def level_entropies(self) -> list[float]:
        """H(c_l | c_<l) of each level, in nats."""
        entropies = []
        for level, conditional in enumerate(self.probabilities):
            surprise = -conditional * np.log(np.where(conditional > 0, conditional, 1))
            entropies.append(float(self.level_probabilities(level) @ surprise.sum(axis=1)))
        return entropies

    def path(self, leaf: Any) -> np.ndarray:
        """The codes on the way to a leaf, (levels,), or to each of several, (leaves, levels)."""
        return np.stack(np.unravel_index(leaf, self.branching), axis=-1)

    def leaf(self, path: Any) -> Any:
        """The leaf at the end of a path, (levels,), or those of several."""
        return np.ravel_multi_index(tuple(np.moveaxis(np.asarray(path), -1, 0)), self.branching)

    def posterior(self, latents: Any, level: int) -> Any:
        """p(node | latents) of the nodes of a level (the first is 1), (count, nodes): the sum over their leaves."""
        if not 1 <= level <= len(self.branching):
            raise ValueError(f"Expected a level from 1 to {len(self.branching)}. Received: level={level}")
        return self.levels(self.responsibilities(latents))[level - 1]

    def levels(self, shares):
        """The probabilities of the nodes of each level, (count, nodes), from the first to that of the leaves."""
        leaves, nodes = len(self.means), np.cumprod(self.branching).tolist()
        return [ops.sum(ops.reshape(shares, (-1, each, leaves // each)), axis=-1) for each in nodes]

    def get_config(self):
        return {
            "branching": list(self.branching),
            "probabilities": [conditional.tolist() for conditional in self.probabilities],
            "means": self.means.tolist(),
            "scales": self.scales.tolist(),
        }


def _level_probabilities(branching: Sequence[int], given: Sequence[Any] | None) -> list[np.ndarray]:
    """For each level p(child | node), (nodes of the level above, children)."""
    given = [None] * len(branching) if given is None else given
    if len(given) != len(branching):
        raise ValueError(f"Expected probabilities of {len(branching)} levels. Received: {len(given)}")
    levels, nodes = [], 1
    for children, values in zip(branching, given):
        rows: Any = [None] * nodes if values is None else np.asarray(values, dtype="float64")
        if values is not None and rows.ndim == 1:
            rows = [rows] * nodes
        if len(rows) != nodes:
            raise ValueError(f"Expected probabilities for {nodes} nodes. Received: {values!r}")
        levels.append(np.stack([as_probabilities(row, children) for row in rows]))
        nodes *= children
    return levels


def _nested_means(branching: Sequence[int], latent_dim: int | None, seed: int) -> np.ndarray:
    rng, nodes, bound = np.random.default_rng(seed), np.zeros((1, latent_dim or 0)), 1.0
    for children in branching:
        offsets = rng.uniform(-bound, bound, (len(nodes), children, nodes.shape[1]))
        nodes = (nodes[:, None] + offsets).reshape(-1, nodes.shape[1])
        bound /= 2
    return nodes
