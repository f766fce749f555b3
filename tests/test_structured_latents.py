"""The benchmark of classes found without labels: its measures, against scikit-learn's contingency tables."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics.cluster import contingency_matrix

from kerasgan.latents import Categorical, Tree


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    yield importlib.import_module("structured_latents")
    for name in ("structured_latents", "fashion"):
        sys.modules.pop(name, None)


def test_purity_is_the_share_of_the_commonest_class_of_each_cluster(benchmark):
    clusters, labels = np.array([0, 0, 0, 1, 1, 1]), np.array([7, 7, 3, 3, 3, 3])
    assert benchmark.purity(clusters, labels) == pytest.approx(5 / 6)
    assert benchmark.together(clusters, labels) == pytest.approx((2 / 2 + 3 / 4) / 2)
    clusters, labels = np.random.default_rng(0).integers(10, size=(2, 500))
    table = contingency_matrix(labels, clusters)
    assert benchmark.purity(clusters, labels) == pytest.approx(table.max(axis=0).sum() / 500)
    assert benchmark.together(clusters, labels) == pytest.approx((table.max(axis=1) / table.sum(axis=1)).mean())


def test_a_row_is_in_one_cluster_of_each_level(benchmark):
    shares = np.array([[0.3, 0.1, 0.2, 0.1, 0.2, 0.1], [0.0, 0.1, 0.0, 0.0, 0.9, 0.0]], "float32")
    branches, leaves = benchmark.levels(Tree((2, 3), latent_dim=2), shares)
    np.testing.assert_array_equal(branches, [0, 1])  # 0.6 and 0.4 of the first row
    np.testing.assert_array_equal(leaves, [0, 4])
    (categories,) = benchmark.levels(Categorical(6), shares)
    np.testing.assert_array_equal(categories, [0, 4])
