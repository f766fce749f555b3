"""PSNR, SSIM, MS-SSIM, sharpness and sliced Wasserstein against closed forms, scikit-image, torchmetrics and SciPy."""

import keras
import numpy as np
import pytest
from PIL import Image
from scipy import stats

from kerasgan import metrics


def pictures(count=2, height=48, width=40, channels=3, seed=0):
    """Smooth uint8 pictures with some grain, and noisy copies of them."""
    generator = np.random.default_rng(seed)
    coarse = generator.uniform(0, 255, (count, height // 4, width // 4, channels))
    smooth = np.repeat(np.repeat(coarse, 4, axis=1), 4, axis=2)
    noise = generator.normal(0, 20, (2, *smooth.shape))
    return tuple(np.clip(smooth + part, 0, 255).astype("uint8") for part in noise)


def torch_pair(first, second):
    """Images as torchmetrics takes them: float64 (count, channels, height, width) in [0, 1]."""
    torch = pytest.importorskip("torch")
    return [torch.from_numpy(np.moveaxis(stack / 255.0, -1, 1)) for stack in (first, second)]


def resized(image, size, method):
    """One image by Pillow, in floats, antialiased where it shrinks."""
    planes = [Image.fromarray(plane).resize((size, size), method) for plane in np.moveaxis(image, -1, 0).astype("f4")]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1)


def test_psnr_of_a_constant_error():
    first = np.zeros((2, 4, 4, 3), "float32")
    second = first + np.array([0.2, 0.02], "float32").reshape(2, 1, 1, 1)
    assert metrics.peak_signal_to_noise(first, second) == pytest.approx([20, 40], abs=1e-5)


def test_psnr_of_equal_images_is_infinite():
    first, _ = pictures()
    assert np.isposinf(metrics.peak_signal_to_noise(first, first)).all()


def test_psnr_and_ssim_agree_with_scikit_image():
    reference = pytest.importorskip("skimage.metrics")
    first, second = pictures()
    ours = metrics.peak_signal_to_noise(first, second), metrics.structural_similarity(first, second)
    settings = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, channel_axis=-1, data_range=255)
    for index, (one, other) in enumerate(zip(first, second)):
        assert ours[0][index] == pytest.approx(reference.peak_signal_noise_ratio(one, other), rel=1e-12)
        assert ours[1][index] == pytest.approx(reference.structural_similarity(one, other, **settings), rel=1e-9)


def test_the_scale_of_the_pixels_changes_nothing():
    first, second = pictures()
    scaled = first / 127.5 - 1, second / 127.5 - 1
    for metric in (metrics.peak_signal_to_noise, metrics.structural_similarity, metrics.sharpness_difference):
        np.testing.assert_allclose(metric(*scaled), metric(first, second), rtol=1e-9)


def test_tensors_of_the_backend_are_images_too():
    first, second = pictures()
    tensors = [keras.ops.convert_to_tensor(stack) for stack in (first, second)]
    np.testing.assert_array_equal(metrics.peak_signal_to_noise(*tensors), metrics.peak_signal_to_noise(first, second))


def test_luminance_is_in_the_studio_swing():
    black, white = np.full((1, 4, 4, 3), -1.0), np.full((1, 4, 4, 3), 1.0)
    expected = 20 * np.log10(255 / 219)
    assert metrics.peak_signal_to_noise(black, white, luminance=True) == pytest.approx([expected], abs=1e-6)
    assert expected == pytest.approx(1.32, abs=0.005)


def test_a_border_is_left_out():
    first = np.zeros((1, 8, 8, 1))
    second = first.copy()
    second[:, :4] = 0.2
    assert np.isposinf(metrics.peak_signal_to_noise(first[:, 4:], second[:, 4:]))
    second[:, 2:6, 2:6] = 0.02
    assert metrics.peak_signal_to_noise(first, second, border=2) == pytest.approx([40])


@pytest.mark.parametrize(
    ("interpolation", "psnr", "similarity"), [("nearest", 24.78, 0.7713), ("bicubic", 26.84, 0.8429)]
)
def test_fourfold_enlargement_of_a_photograph_scores_as_measured_elsewhere(interpolation, psnr, similarity):
    truth = pytest.importorskip("skimage.data").astronaut()[np.newaxis]
    small = np.clip(np.round(resized(truth[0], 128, Image.Resampling.BICUBIC)), 0, 255)
    large = np.clip(resized(small, 512, Image.Resampling[interpolation.upper()]), 0, 255)[np.newaxis] / 127.5 - 1
    options = {"luminance": True, "border": 4}
    assert metrics.peak_signal_to_noise(truth, large, **options) == pytest.approx([psnr], abs=0.01)
    assert metrics.structural_similarity(truth, large, **options) == pytest.approx([similarity], abs=1e-3)


def test_similarities_of_equal_images_are_one():
    first, _ = pictures()
    assert metrics.structural_similarity(first, first) == pytest.approx([1, 1])
    assert metrics.multiscale_similarity(first, first) == pytest.approx([1, 1])


def test_ssim_of_two_flat_images_is_their_luminance_term():
    first, second = np.full((1, 16, 16, 1), -0.5), np.full((1, 16, 16, 1), 0.5)
    expected = (2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4)
    assert metrics.structural_similarity(first, second) == pytest.approx([expected])
    assert metrics.multiscale_similarity(first, second) == pytest.approx([expected**0.1333])


def test_multiscale_similarity_agrees_with_scikit_image_scale_by_scale():
    reference = pytest.importorskip("skimage.metrics")
    first, second = (stack[0] / 255.0 for stack in pictures(1, 192, 224))
    settings = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, channel_axis=-1, data_range=1.0)
    expected = 1.0
    for weight in (0.0448, 0.2856, 0.3001, 0.2363, 0.1333):
        # An enormous K1 makes the luminance term 1, which leaves contrast and structure; the last scale keeps it.
        settings["K1"] = 0.01 if weight == 0.1333 else 1e9
        expected *= reference.structural_similarity(first, second, **settings) ** weight
        first, second = (
            stack.reshape(stack.shape[0] // 2, 2, stack.shape[1] // 2, 2, 3).mean(axis=(1, 3))
            for stack in (first, second)
        )
    assert metrics.multiscale_similarity(*pictures(1, 192, 224)) == pytest.approx([expected], rel=1e-9)


def test_multiscale_similarity_agrees_with_tensorflow():
    tensorflow = pytest.importorskip("tensorflow")
    first, second = pictures(2, 176, 192)
    theirs = tensorflow.image.ssim_multiscale(first, second, max_val=255)
    np.testing.assert_allclose(metrics.multiscale_similarity(first, second), theirs.numpy(), rtol=1e-5)


def test_multiscale_similarity_takes_small_images_and_clips_inverted_ones():
    first, _ = pictures(1, 28, 28)
    values = metrics.multiscale_similarity(first, 255 - first)
    assert values == pytest.approx([0])


def test_self_similarity_is_one_without_variety_and_low_with_it():
    same = np.repeat(pictures(1, 32, 32)[0], 5, axis=0)
    different = np.random.default_rng(0).uniform(-1, 1, (6, 32, 32, 1))
    assert metrics.self_similarity(same) == pytest.approx(1)
    assert metrics.self_similarity(different) < 0.3
    first, second = different[0:1], different[1:2]
    expected = metrics.multiscale_similarity(first, second)[0]
    assert metrics.self_similarity(different[:2], pairs=70) == pytest.approx(expected)


def test_sharpness_of_a_checkerboard_and_of_a_flat_image():
    board = (np.indices((4, 6)).sum(axis=0) % 2 * 2.0 - 1)[np.newaxis, ..., np.newaxis]
    assert metrics.sharpness(board) == pytest.approx([2 * (3 * 6 + 4 * 5) / 24])
    assert metrics.sharpness(np.ones_like(board)) == pytest.approx([0])


def test_sharpness_agrees_with_torchmetrics_total_variation():
    functional = pytest.importorskip("torchmetrics.functional.image")
    first, second = pictures()
    theirs = functional.total_variation(torch_pair(first, second)[0], reduction="none") * 2 / first[0].size
    np.testing.assert_allclose(metrics.sharpness(first), theirs.numpy(), rtol=1e-9)


def test_sharpness_difference_counts_inner_gradients_over_all_pixels():
    ramp = np.broadcast_to(np.linspace(-1, 1, 5), (1, 4, 5))[..., np.newaxis]  # 0.5 per column, 0 per row
    expected = 10 * np.log10(255**2 / (128**2 * 0.5 * (2 * 3) / (4 * 5)))
    assert metrics.sharpness_difference(ramp, np.zeros_like(ramp)) == pytest.approx([expected])
    assert metrics.sharpness_difference(ramp, -ramp) == pytest.approx([10 * np.log10(255**2 / 1e-4)])


def test_sliced_distance_on_a_line_is_the_wasserstein_distance():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(200, 1)), generator.exponential(size=(200, 1))
    expected = stats.wasserstein_distance(first[:, 0], second[:, 0])
    assert metrics.sliced_distance(first, second, directions=3) == pytest.approx(expected, rel=1e-12)


def test_sliced_distance_of_shifted_points_is_the_mean_projection_of_the_shift():
    points = np.random.default_rng(0).normal(size=(50, 3))
    shift = np.array([2.0, 0.0, 0.0])
    found = metrics.sliced_distance(points, points + shift, directions=20_000)
    assert found == pytest.approx(2 * 0.5, rel=0.02)  # E|u| of a coordinate uniform on the sphere is 1/2


def test_sliced_wasserstein_of_equal_images_is_zero_at_every_scale():
    first, _ = pictures(3, 64, 64)
    found = metrics.sliced_wasserstein(first, first, patches=8, directions=8)
    assert found.by_height == {64: 0.0, 32: 0.0, 16: 0.0}
    assert found.mean == 0


def test_sliced_wasserstein_sees_grain_at_the_finest_scale_only():
    generator = np.random.default_rng(0)
    coarse = generator.uniform(-1, 1, (24, 4, 4, 3)).astype("float32")
    smooth = keras.ops.convert_to_numpy(keras.ops.image.resize(coarse, (64, 64), interpolation="bicubic"))
    smooth = 0.5 * smooth.clip(-1, 1)
    board = 0.3 * (np.indices((64, 64)).sum(axis=0) % 2 * 2.0 - 1)[..., np.newaxis]
    found = metrics.sliced_wasserstein(smooth, smooth + board, patches=32, directions=32).by_height
    assert found[64] > 100
    assert found[16] < 10


def test_the_pyramids_scales_add_up_to_the_image():
    from kerasgan.metrics.sliced_wasserstein import _scale, _smoothed

    image = (pictures(1, 64, 64)[0] / 255).astype("float32")
    total = _scale(image, 2, 3)
    for level in (1, 0):
        spread = np.zeros((1, total.shape[1] * 2, total.shape[2] * 2, 3), "float32")
        spread[:, ::2, ::2] = total
        total = _scale(image, level, 3) + _smoothed(spread, gain=2.0)
    np.testing.assert_allclose(total, image, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.peak_signal_to_noise(np.zeros((2, 4, 4)), np.zeros((2, 4, 4))), "count, height, width"),
        (lambda: metrics.peak_signal_to_noise(np.zeros((2, 4, 4, 1)), np.zeros((1, 4, 4, 1))), "one shape"),
        (lambda: metrics.peak_signal_to_noise(*[np.zeros((2, 4, 4, 1))] * 2, border=2), "from 0 to 1.*border=2"),
        (lambda: metrics.peak_signal_to_noise(*[np.zeros((2, 4, 4, 1))] * 2, luminance=True), "RGB"),
        (lambda: metrics.sharpness(np.full((1, 4, 4, 1), 200.0)), r"in \[-1, 1\].*200"),
        (lambda: metrics.sharpness(np.full((1, 4, 4, 1), np.inf)), "NaN or infinity"),
        (lambda: metrics.sharpness(np.zeros((1, 2, 4, 1))), "3 by 3"),
        (lambda: metrics.structural_similarity(*[np.zeros((1, 10, 20, 1))] * 2), "at least 11 pixels"),
        (lambda: metrics.multiscale_similarity(*[np.zeros((1, 15, 20, 1))] * 2), "at least 16 pixels"),
        (lambda: metrics.self_similarity(np.zeros((1, 16, 16, 1))), "at least two images"),
        (lambda: metrics.sliced_wasserstein(*[np.zeros((1, 12, 12, 1))] * 2), "at least 16 pixels"),
        (lambda: metrics.sliced_wasserstein(*[np.zeros((1, 33, 33, 1))] * 2), "halve"),
        (lambda: metrics.sliced_distance(np.zeros((3, 2)), np.zeros((4, 2))), "equal counts"),
    ],
)
def test_unsuitable_images_are_refused_with_what_was_expected(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_integers_other_than_uint8_are_refused():
    with pytest.raises(TypeError, match="dtype=int64"):
        metrics.sharpness(np.zeros((1, 4, 4, 1), "int64"))


def test_images_in_0_to_1_are_scored_with_a_warning():
    images = np.random.default_rng(0).uniform(0, 1, (4, 8, 8, 3))
    with pytest.warns(UserWarning, match=r"black is -1 here, not 0: if they were scaled to \[0, 1\]"):
        metrics.sharpness(images)


def test_scores_of_pairs_and_digits_are_the_same_of_bytes_and_of_floats():
    first, second = pictures(height=16, width=16)
    floats = [stack / 127.5 - 1 for stack in (first, second)]
    for name, values in metrics.pair_scores(first, second).items():
        np.testing.assert_allclose(values, metrics.pair_scores(*floats)[name], rtol=1e-9, err_msg=name)
    by_hand = np.abs(first.astype(float) - second).mean(axis=(1, 2, 3)) / 127.5
    np.testing.assert_allclose(metrics.pair_scores(first, second)["mean_absolute_error"], by_hand, rtol=1e-9)
    digits, labels = first[..., :1], np.array([[3], [5]])  # of one column, as Keras gives CIFAR's
    found, expected = metrics.digit_scores(digits, labels), metrics.digit_scores(digits / 127.5 - 1, labels[:, 0])
    assert found["frechet_distance"] == pytest.approx(expected["frechet_distance"], rel=1e-5)
    assert found["label_accuracy"] == expected["label_accuracy"]
    with pytest.raises(ValueError, match="as many predictions as labels"):
        metrics.digit_scores(digits, [3])
