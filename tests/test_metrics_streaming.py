"""Streaming metrics equal the functions on whole arrays, merge across workers and keep their memory bounded."""

import tracemalloc

import keras
import numpy as np
import pytest
from scipy import special

from kerasgan import metrics
from kerasgan.metrics import streaming


def feature_sets():
    """Reals and fakes of 100 rows each."""
    generator = np.random.default_rng(0)
    return generator.normal(size=(100, 5)), generator.normal(size=(100, 5)) + 0.2


def image_sets():
    """Eight pairs of color images in [-1, 1]."""
    generator = np.random.default_rng(0)
    first = generator.uniform(-0.8, 0.8, (8, 16, 16, 3))
    return first, first + generator.uniform(-0.2, 0.2, first.shape)


def probabilities():
    """Class probabilities of 40 images."""
    return special.softmax(3 * np.random.default_rng(0).normal(size=(40, 6)), axis=1)


def ring_points():
    """Points around three of eight modes."""
    generator = np.random.default_rng(0)
    return metrics.ring()[generator.integers(3, size=60)] + 0.02 * generator.normal(size=(60, 2))


def mean_density(points):
    return metrics.parzen_log_density(feature_sets()[0], points, sigma=0.5).mean()


GAM_ARGUMENTS = "first_on_test", "second_on_test", "first_on_second", "second_on_first"
CASES = {
    "frechet": (streaming.FrechetDistance, feature_sets, metrics.frechet_distance),
    "psnr": (streaming.PeakSignalToNoise, image_sets, lambda *pair: metrics.peak_signal_to_noise(*pair).mean()),
    "psnr of luminance": (
        lambda: streaming.PeakSignalToNoise(luminance=True, border=2),
        image_sets,
        lambda *pair: metrics.peak_signal_to_noise(*pair, luminance=True, border=2).mean(),
    ),
    "ssim": (streaming.StructuralSimilarity, image_sets, lambda *pair: metrics.structural_similarity(*pair).mean()),
    "ms-ssim": (streaming.MultiscaleSimilarity, image_sets, lambda *pair: metrics.multiscale_similarity(*pair).mean()),
    "sharpness": (streaming.Sharpness, lambda: image_sets()[:1], lambda images: metrics.sharpness(images).mean()),
    "inception": (
        lambda: streaming.InceptionScore(splits=4),
        lambda: [probabilities()],
        # Images go to the splits in turn: 0, 4, 8, ... to the first.
        lambda rows: metrics.inception_score(np.concatenate([rows[i::4] for i in range(4)]), splits=4, seed=None).mean,
    ),
    "modes": (
        lambda: streaming.ModeCoverage(metrics.ring(), deviation=0.01),
        lambda: [ring_points()],
        lambda points: metrics.mode_coverage(points, metrics.ring(), deviation=0.01).captured,
    ),
    "labels": (
        streaming.LabelAccuracy,
        lambda: (np.arange(40) % 6, probabilities()),
        lambda labels, rows: metrics.label_accuracy(rows, labels),
    ),
    "parzen": (
        lambda: streaming.ParzenLogLikelihood(feature_sets()[0], sigma=0.5),
        lambda: feature_sets()[1:],
        mean_density,
    ),
    "precision": (
        lambda: streaming.Precision(feature_sets()[0]),
        lambda: feature_sets()[1:],
        lambda fakes: metrics.precision_recall(feature_sets()[0], fakes).precision,
    ),
    "gam": (
        streaming.GAMResult,
        lambda: np.random.default_rng(0).random((4, 40)),
        lambda *scores: metrics.gam(**dict(zip(GAM_ARGUMENTS, scores))).sample_error_ratio,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_batches_give_what_the_whole_gives_and_reset_forgets(case):
    build, data, expected = CASES[case]
    metric, arrays = build(), data()
    for _ in range(2):
        metric.reset_state()
        for part in (slice(0, 3), slice(3, 4), slice(4, None)):
            metric.update_state(*(keras.ops.convert_to_tensor(array[part]) for array in arrays))
        assert metric.result() == pytest.approx(expected(*arrays), rel=1e-5)  # tensors may be float32


@pytest.mark.parametrize("case", CASES)
def test_merged_workers_give_what_the_whole_gives(case):
    build, data, expected = CASES[case]
    workers, arrays = [build() for _ in range(2)], data()
    for worker, part in zip(workers, (slice(0, 4), slice(4, None))):
        worker.update_state(*(array[part] for array in arrays))
    merged = build()
    merged.merge_state(workers)
    assert merged.result() == pytest.approx(expected(*arrays), rel=1e-9)


def test_density_and_coverage_of_a_stream_of_fakes():
    reals, fakes = feature_sets()
    parts = [streaming.DensityCoverage(reals, neighbors=3) for _ in range(2)]
    assert np.isnan(parts[0].result()["density"])
    parts[0].update_state(fakes[:30])
    parts[1].update_state(fakes[30:])
    parts[0].merge_state(parts[1:])
    density, coverage = metrics.density_coverage(reals, fakes, neighbors=3)
    assert parts[0].result() == pytest.approx({"density": density, "coverage": coverage})


@pytest.mark.parametrize("held_out", [None, np.random.default_rng(1).normal(size=(50, 5)).round(1)])
def test_memorization_of_a_stream_of_samples(held_out):
    training, samples = feature_sets()
    samples = np.concatenate([samples, training[:7] + 1e-3])
    parts = [streaming.Memorization(training, held_out=held_out, share=0.1) for _ in range(2)]
    assert np.isnan(parts[0].result()["nearer"])
    parts[0].update_state(samples[:30])
    parts[1].update_state(samples[30:])
    parts[0].merge_state(parts[1:])
    whole = metrics.memorization(samples, training, held_out=held_out, share=0.1)
    assert parts[0].result() == pytest.approx({"nearer": whole.nearer, "near_copies": whole.near_copies})
    assert whole.near_copies >= 7 / 107


def test_the_scores_of_each_discriminator_may_be_streamed_separately():
    metric, scores = streaming.GAMResult(), np.random.default_rng(0).random((4, 40))
    for name, batch in zip(GAM_ARGUMENTS, scores):
        metric.update_state(**{name: batch})
    assert metric.judged == metrics.gam(**dict(zip(GAM_ARGUMENTS, scores)))


def test_kernel_distance_of_a_stream_is_the_mean_over_its_blocks():
    reals, fakes = feature_sets()
    metric = streaming.KernelDistance(subset_size=40)
    assert np.isnan(metric.result())
    metric.update_state(reals[:10], fakes[:70])
    metric.update_state(reals[10:], None)
    metric.update_state(None, fakes[70:])
    expected = [metrics.mmd2(reals[part], fakes[part]) for part in (slice(0, 40), slice(40, 80))]
    assert metric.result() == pytest.approx(np.mean(expected), rel=1e-9)


def test_frechet_distance_to_a_reference_needs_fakes_only():
    reals, fakes = feature_sets()
    metric = streaming.FrechetDistance(lambda images: 2 * images, reference=metrics.Moments().update(2 * reals))
    assert np.isnan(metric.result())
    metric.update_state(None, fakes)
    assert metric.result() == pytest.approx(4 * metrics.frechet_distance(reals, fakes))
    with pytest.raises(ValueError, match="Expected reals=None"):
        metric.update_state(reals, fakes)


def test_memory_of_the_frechet_distance_does_not_grow_with_the_count():
    generator = np.random.default_rng(0)
    metric = streaming.FrechetDistance()
    peaks = []
    tracemalloc.start()
    for _ in range(4):
        batch = generator.normal(size=(128, 2048)).astype("float32")
        metric.update_state(batch, batch)
        peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert metric.fakes.count == 512
    assert peaks[-1] == pytest.approx(peaks[1], rel=1e-3)
    assert peaks[-1] < 6 * 2048**2 * 8


def test_weights_count_as_keras_counts_them():
    first, second = image_sets()
    metric, each = streaming.StructuralSimilarity(), metrics.structural_similarity(first, second)
    metric.update_state(first, second, sample_weight=np.arange(8))
    assert metric.result() == pytest.approx(np.average(each, weights=np.arange(8)))
    with pytest.raises(ValueError, match=r"each of 8 values.*3 weights"):
        metric.update_state(first, second, sample_weight=np.ones(3))


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX compiles whatever it evaluates")
def test_keras_evaluates_them_when_it_runs_eagerly():
    first, second = (stack.astype("float32") for stack in image_sets())
    model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Identity()])
    model.compile(loss="mse", metrics=[streaming.PeakSignalToNoise()], run_eagerly=True)
    found = model.evaluate(second, first, batch_size=3, verbose=0, return_dict=True)
    assert found["peak_signal_to_noise"] == pytest.approx(metrics.peak_signal_to_noise(first, second).mean(), rel=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="compiles with tf.function")
def test_inside_a_compiled_function_the_error_says_what_to_do():
    import tensorflow as tf

    metric = streaming.Sharpness()
    with pytest.raises(TypeError, match="run_eagerly"):
        tf.function(metric.update_state, autograph=False)(tf.zeros((1, 8, 8, 1)))
