"""EQ-T and EQ-R of generators whose equivariance is known."""

import numpy as np
import pytest

from kerasgan.metrics import rotation_equivariance, translation_equivariance


def waves(frequencies, size=32):
    """Images of sine waves, cycles per side, that a transform moves and turns exactly; latents are their phases."""
    line = (np.arange(size) + 0.5) / size - 0.5
    x, y = np.meshgrid(line, line)
    points = np.stack([x, y, np.ones_like(x)])

    def generate(latents, transform):
        moved = np.einsum("ij,jyx->iyx", np.asarray(transform, "float64"), points)[:2]
        angles = 2 * np.pi * np.einsum("kj,jyx->kyx", np.asarray(frequencies, "float64"), moved)
        return np.sin(angles + latents[:, :, None, None]).mean(axis=1)[..., None]

    return generate, np.random.default_rng(0).uniform(0, 2 * np.pi, (24, len(frequencies)))


def noise(deviation, size=32):
    """Images that stay where they are whatever the transform."""
    latents = np.random.default_rng(0).normal(0, deviation, (64, size, size, 1))
    return lambda rows, transform: rows, latents


LOW = [[1.5, 0.3], [-0.4, 2.1], [2.0, -1.7]]


def test_what_moves_and_turns_exactly_has_no_error():
    generate, latents = waves(LOW, size=64)
    assert translation_equivariance(generate, latents) > 250  # double precision; shifts by whole pixels are exact
    assert translation_equivariance(generate, latents, fractional=True) > 50
    assert rotation_equivariance(generate, latents) > 50
    constant = lambda rows, transform: np.full((len(rows), 32, 32, 3), 0.7)  # noqa: E731
    assert translation_equivariance(constant, latents) == np.inf
    assert rotation_equivariance(constant, latents) > 250


def test_moving_by_fractions_errs_by_the_response_of_lanczos_filter():
    """sin(w x) becomes Im(H e^(i w x)), H being the sum of the taps times e^(i w (place - shift))."""
    frequency, size, seed = 6.0, 32, 3
    generate, latents = waves([[frequency, 0.0]], size)
    shift = np.random.default_rng(seed).uniform(-0.125, 0.125, 2)[0] * size
    places = np.arange(np.floor(-shift) - 2, np.floor(-shift) + 4)
    taps = np.sinc(places + shift) * np.sinc((places + shift) / 3)
    omega = 2 * np.pi * frequency / size
    response = np.sum(taps / taps.sum() * np.exp(1j * omega * (places + shift)))
    valid = [x for x in range(size) if x + places.min() >= 0 and x + places.max() < size]
    angles = omega * (np.array(valid) + 0.5 - size / 2 - shift) + latents
    expected = 10 * np.log10(4 / np.mean(np.imag((response - 1) * np.exp(1j * angles)) ** 2))
    found = translation_equivariance(generate, latents, fractional=True, batch_size=99, seed=seed)
    assert found == pytest.approx(expected, abs=0.01) and 20 < found < 60


def test_details_that_stick_to_their_pixels_differ_by_twice_their_variance():
    generate, latents = noise(0.1)
    assert translation_equivariance(generate, latents) == pytest.approx(10 * np.log10(4 / (2 * 0.1**2)), abs=0.1)
    quarter = translation_equivariance(*noise(0.05))
    assert quarter - translation_equivariance(generate, latents) == pytest.approx(10 * np.log10(4), abs=0.1)


def test_turning_the_other_way_is_no_equivariance():
    generate, latents = waves(LOW, size=64)
    mirrored = lambda rows, transform: generate(rows, np.asarray(transform).T)  # noqa: E731
    assert rotation_equivariance(mirrored, latents) < 15
    assert rotation_equivariance(generate, latents, largest=5) > 50


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda *given: translation_equivariance(*given, largest=1.0), "Received: largest=1.0"),
        (lambda *given: rotation_equivariance(*given, largest=0), "Received: largest=0"),
        (lambda *given: translation_equivariance(*given, batch_size=0), "batch_size=0"),
        (lambda generate, latents: translation_equivariance(generate, latents[:0]), "Received: 0 latents"),
        (lambda generate, latents: rotation_equivariance(lambda *_: latents[:, :9, :9], latents), "9, 9, 1"),
        (lambda generate, latents: rotation_equivariance(lambda *_: latents[..., 0], latents), "batch, height"),
    ],
)
def test_what_cannot_be_measured_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(*noise(1.0))
