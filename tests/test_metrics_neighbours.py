"""Precision, recall, density, coverage and memorization against closed forms and the authors' package prdc."""

import numpy as np
import pytest

from kerasgan import metrics


def clouds(count=150, other=130, dimensions=8, shift=0.4):
    """Two overlapping sets of features."""
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, dimensions)), generator.normal(size=(other, dimensions)) * 0.8 + shift


@pytest.mark.parametrize("neighbors", [3, 5])
def test_all_four_agree_with_the_authors_package(neighbors, capsys):
    prdc = pytest.importorskip("prdc")
    reals, fakes = clouds()
    theirs = prdc.compute_prdc(reals, fakes, nearest_k=neighbors)
    capsys.readouterr()  # the package prints
    ours = [*metrics.precision_recall(reals, fakes, neighbors=neighbors)]
    ours += metrics.density_coverage(reals, fakes, neighbors=neighbors)
    assert ours == pytest.approx([theirs[name] for name in ("precision", "recall", "density", "coverage")], abs=1e-12)
    assert 0 < min(ours) < 1


def test_scores_that_share_their_neighbors_are_the_same_and_search_once(monkeypatch):
    from kerasgan.metrics import neighbors

    searched, search = [], neighbors._nearest_others
    monkeypatch.setattr(neighbors, "_nearest_others", lambda *both: searched.append(both) or search(*both))
    reals, fakes = clouds(shift=3.0)
    apart = [*metrics.precision_recall(reals, fakes), *metrics.density_coverage(reals, fakes)]
    searched.clear()
    shared = [neighbors.Neighbors(each) for each in (reals, fakes)]
    assert [*metrics.precision_recall(*shared), *metrics.density_coverage(*shared)] == pytest.approx(apart, abs=1e-12)
    assert len(searched) == 2
    few = neighbors.Neighbors(reals[:5])
    np.testing.assert_allclose(few.radii(4), neighbors.radii(reals[:5] - reals[:5].mean(axis=0), 4), rtol=1e-12)


def test_identical_sets_score_exactly_one():
    reals, _ = clouds()
    assert metrics.precision_recall(reals, reals) == (1.0, 1.0)
    assert metrics.density_coverage(reals, reals) == (1.0, 1.0)


def test_the_boundary_belongs_to_precision_but_not_to_density():
    reals = np.arange(5.0)[:, np.newaxis]  # each real's nearest other real is 1 away
    fakes = np.array([[5.0], [5.5], [-1.0], [9.0]])
    assert metrics.precision_recall(reals, fakes, neighbors=1).precision == 0.5
    assert metrics.density_coverage(reals, fakes, neighbors=1) == (0.0, 0.0)


def test_recall_counts_reals_within_the_fakes_reach():
    reals = np.array([[0.0], [1.0], [2.0], [10.0]])
    fakes = np.array([[0.0], [0.5], [1.2]])
    assert metrics.precision_recall(reals, fakes, neighbors=1).recall == 0.5


def test_density_counts_every_neighborhood_that_a_fake_lies_in():
    reals = np.array([[0.0], [1.0], [2.0], [3.0]])
    found = metrics.density_coverage(reals, np.array([[1.5], [1.5]]), neighbors=2)
    # Radii 2, 1, 1, 2: both fakes are 1.5 from the outer reals and 0.5 from the inner ones.
    assert found == (2 * 4 / (2 * 2), 1.0)


def test_far_away_fakes_score_zero():
    reals, fakes = clouds(shift=100.0)
    assert metrics.precision_recall(reals, fakes) == (0.0, 0.0)
    assert metrics.density_coverage(reals, fakes) == (0.0, 0.0)


def test_a_common_offset_changes_nothing():
    reals, fakes = clouds()
    assert metrics.precision_recall(reals + 1e6, fakes + 1e6) == metrics.precision_recall(reals, fakes)


@pytest.mark.parametrize(("neighbors", "expected"), [(1, 0.50003), (3, 0.87504), (5, 0.96877), (10, 0.99903)])
def test_expected_coverage_of_ten_thousand_each(neighbors, expected):
    assert metrics.expected_coverage(10_000, 10_000, neighbors=neighbors) == pytest.approx(expected, abs=5e-6)


def test_coverage_of_the_real_distribution_is_as_expected():
    generator = np.random.default_rng(0)
    found = [
        metrics.density_coverage(generator.normal(size=(200, 3)), generator.normal(size=(100, 3)), neighbors=3)
        for _ in range(20)
    ]
    density, coverage = np.mean(found, axis=0)
    assert coverage == pytest.approx(metrics.expected_coverage(200, 100, neighbors=3), abs=0.02)
    assert density == pytest.approx(1, abs=0.05)


def test_the_nearest_training_image_is_named_with_its_exact_distance():
    training = np.random.default_rng(0).normal(size=(500, 10)) + 1e3
    samples = training[[7, 400, 3]] + np.array([[0.0], [1e-6], [0.1]])
    found = metrics.nearest(samples, training)
    np.testing.assert_array_equal(found.indices, [7, 400, 3])
    np.testing.assert_allclose(found.distances, [0, 1e-6 * np.sqrt(10), 0.1 * np.sqrt(10)], rtol=1e-6)


def test_copies_of_training_images_are_memorized():
    training, held_out = np.random.default_rng(0).normal(size=(2, 300, 5))
    found = metrics.memorization(training[:50] + 1e-9, training, held_out=held_out)
    assert (found.nearer, found.near_copies) == (1.0, 1.0)
    assert found.p_value < 1e-10
    np.testing.assert_array_equal(found.indices, np.arange(50))


def test_new_draws_of_the_real_distribution_are_not_memorized():
    training, held_out, samples = np.random.default_rng(0).normal(size=(3, 1000, 5))
    found = metrics.memorization(samples, training, held_out=held_out)
    assert found.nearer == pytest.approx(0.5, abs=3 * np.sqrt(1 / (6 * 1000)))
    assert found.near_copies < 0.03
    assert found.p_value > 0.01


def test_the_share_nearer_counts_every_pair_of_sample_and_held_out_image():
    training = np.zeros((1, 1))
    found = metrics.memorization([[1.0], [3.0]], training, held_out=[[2.0], [3.0], [0.5], [4.0]])
    assert found.nearer == pytest.approx((3 + 1 + 0.5) / 8)  # 1 < 2, 3, 4; 3 < 4; 3 = 3
    assert found.threshold == 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.precision_recall(np.zeros((3, 2)), np.zeros((9, 2))), r"at least 4 rows.*reals.*\(3, 2\)"),
        (lambda: metrics.density_coverage(np.zeros((5, 2)), np.zeros((9, 2))), "at least 6 rows"),
        (lambda: metrics.precision_recall(np.zeros((9, 2)), np.zeros((9, 2)), neighbors=0), "neighbors=0"),
        (lambda: metrics.expected_coverage(5, 5, neighbors=5), "from 1 to 4"),
        (lambda: metrics.nearest(np.zeros((2, 3)), np.zeros((2, 4))), "same dimensions"),
        (lambda: metrics.memorization(np.zeros((2, 3)), np.zeros((2, 3)), held_out=np.zeros(3)), "held_out"),
        (lambda: metrics.memorization(np.eye(3), np.eye(3), held_out=np.eye(3), share=0), "share=0"),
    ],
)
def test_unsuitable_arguments_are_refused_with_what_was_expected(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_retrieval_counts_targets_that_are_nearer_than_the_own_one():
    targets = np.stack([np.full((8, 8, 1), value, "float32") for value in (-1.0, -0.5, 0.0, 0.5, 1.0, 0.9)])
    made = targets.copy()
    made[0] = 0.8  # all are nearer than the own one
    made[1] = 0.0  # the third is nearer
    made[2] = -0.05
    found = metrics.retrieval(made, targets, ranks=(1, 2, 5))
    np.testing.assert_array_equal(found["retrieval_top_1"], [0, 0, 1, 1, 1, 1])
    np.testing.assert_array_equal(found["retrieval_top_2"], [0, 0, 1, 1, 1, 1])
    np.testing.assert_array_equal(found["retrieval_top_5"], [0, 1, 1, 1, 1, 1])
    alike = metrics.retrieval(np.zeros((4, 8, 8, 1)), np.zeros((4, 8, 8, 1)))  # what tells nothing finds nothing
    assert alike["retrieval_top_1"].sum() == 0
    with pytest.raises(ValueError, match="Received: 6 and 5 images"):
        metrics.retrieval(made, targets[:5])
