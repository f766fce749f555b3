"""The power spectrum against closed forms: a wave, noise, and Parseval's theorem."""

import numpy as np
import pytest

from kerasgan import metrics

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (15, 15), (12, 20), (2, 9), (1, 1)])
def test_all_powers_together_are_the_mean_square_of_the_pixels(height, width):
    images = RANDOM.uniform(-1, 1, (5, height, width, 3))
    spectrum = metrics.power_spectrum(images)
    assert spectrum.counts.sum() == height * width
    np.testing.assert_allclose((spectrum.power * spectrum.counts).sum() / (height * width), (images**2).mean())


@pytest.mark.parametrize("waves", [1, 5, 16])
@pytest.mark.parametrize("axis", [1, 2])
def test_a_wave_has_all_its_power_at_its_frequency(waves, axis):
    """A cos(2 pi k x / n) has |A n^2 / 2|^2 at k and -k, and at the highest frequency |A n^2|^2 once."""
    places = np.arange(32).reshape((1, -1, 1, 1) if axis == 1 else (1, 1, -1, 1))
    images = np.broadcast_to(0.5 * np.cos(2 * np.pi * waves * places / 32), (2, 32, 32, 1))
    spectrum = metrics.power_spectrum(images)
    assert spectrum.frequencies[spectrum.power.argmax()] == waves / 32
    total = 0.5**2 * 32**2 * (1 / 2 if waves < 16 else 1)
    np.testing.assert_allclose(spectrum.power[waves], total / spectrum.counts[waves])
    np.testing.assert_allclose(np.delete(spectrum.power, waves), 0, atol=1e-20)


def test_a_slanted_wave_is_in_the_ring_of_its_radius():
    down, right = np.mgrid[:20, :20]
    images = np.sin(2 * np.pi * (3 * down + 4 * right) / 20)[None, ..., None]
    spectrum = metrics.power_spectrum(images)
    assert spectrum.power.argmax() == 5  # 3-4-5
    np.testing.assert_allclose(spectrum.frequencies[5], 0.25)


def test_white_noise_is_flat_at_its_variance():
    spectrum = metrics.power_spectrum(RANDOM.uniform(-1, 1, (2000, 16, 16, 1)))
    relative = spectrum.power * 3  # the variance of U(-1, 1) is 1/3
    np.testing.assert_allclose(relative, 1, atol=6 / np.sqrt(2000 * spectrum.counts.min()))


def test_blur_takes_power_from_high_frequencies_and_bytes_count_as_floats_do():
    noise = RANDOM.integers(0, 256, (20, 16, 16, 3), dtype="uint8")
    blurred = (noise / 2 + np.roll(noise, 1, axis=2) / 2) / 127.5 - 1
    sharp, soft = metrics.power_spectrum(noise), metrics.power_spectrum(blurred)
    np.testing.assert_allclose(sharp.power, metrics.power_spectrum(noise / 127.5 - 1).power)
    np.testing.assert_allclose(soft.power[0], sharp.power[0])
    assert soft.power[-4:].mean() < 0.6 * sharp.power[-4:].mean()


def test_what_is_no_batch_of_images_is_refused():
    with pytest.raises(ValueError, match=r"images \(count, height, width, channels\)"):
        metrics.power_spectrum(np.zeros((4, 4)))
    with pytest.raises(ValueError, match="NaN"):
        metrics.power_spectrum(np.full((1, 4, 4, 1), np.nan))
