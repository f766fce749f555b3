"""GRAN: the recurrence against one written out by hand, its canvases, its layer tables, and a battle with itself."""

from itertools import pairwise

import numpy as np
import pytest
from keras import ops

from kerasgan import metrics
from kerasgan.models import GRAN

TINY = {**GRAN.tiny_config, "steps": 3}
EPSILON = 1e-6


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def randomized(gan, seed=0):
    """Weights large enough to see, and moving statistics that differ from step to step."""
    rng = np.random.default_rng(seed)
    for variable in gan.generator.variables:
        positive = variable.path.endswith("variance")
        value = rng.uniform(0.5, 2, variable.shape) if positive else rng.normal(0, 0.5, variable.shape)
        variable.assign(value.astype("float32"))
    return gan


def by_hand(gan, latents, steps):
    """The increments (steps, batch, ...) of the paper's section 4, with nothing but the layers' weights."""
    layer = gan.generator.get_layer

    def weight(name, which):
        return ops.convert_to_numpy(getattr(layer(name), which).value)

    def norm(x, name, step):
        mean, variance = weight(f"{name}_norm{step}", "moving_mean"), weight(f"{name}_norm{step}", "moving_variance")
        x = (x - mean) / np.sqrt(variance + EPSILON)
        return x * weight(f"{name}_affine", "scale") + weight(f"{name}_affine", "offset")

    def relu(x):
        return np.maximum(x, 0)

    hidden = np.tanh(norm(latents @ weight("hidden", "kernel"), "hidden", 1))
    state, increments = np.zeros_like(hidden), []
    for step in range(1, steps + 1):
        x = norm(np.concatenate([hidden, state], axis=1) @ weight("decode", "kernel"), "decode", step)
        x = relu(x.reshape(len(x), 2, 2, 8))
        x = relu(ops.convert_to_numpy(layer("up1")(x)))
        increments.append(ops.convert_to_numpy(layer("increment")(x)))
        x = increments[-1]
        if step < steps:
            for name in ("encode1", "encode2"):
                x = relu(norm(ops.convert_to_numpy(layer(name)(x)), name, step))
            state = np.tanh(norm(x.reshape(len(x), -1) @ weight("state", "kernel"), "state", step))
    return np.stack(increments)


def test_the_generator_is_the_papers_recurrence():
    gan = randomized(GRAN(**TINY))
    latents = gan.prior.draw(4, gan.latent_dim, seed=2)
    increments = by_hand(gan, latents, steps=3)
    assert np.abs(increments[1] - increments[0]).max() > 0.1  # the state matters
    expected = 2 / (1 + np.exp(-increments.sum(axis=0))) - 1
    np.testing.assert_allclose(gan.generate(4, seed=2), expected, atol=1e-4)


def test_the_canvases_are_the_prefix_sums_and_end_in_the_image():
    gan = randomized(GRAN(**TINY))
    canvases = gan.canvases(4, seed=2)
    assert canvases.shape == (4, 3, 8, 8, 1) and canvases.dtype == np.float32
    sums = np.cumsum(by_hand(gan, gan.prior.draw(4, gan.latent_dim, seed=2), steps=3), axis=0)
    np.testing.assert_allclose(canvases, np.moveaxis(2 / (1 + np.exp(-sums)) - 1, 0, 1), atol=1e-4)
    np.testing.assert_allclose(canvases[:, -1], gan.generate(4, seed=2), atol=1e-5)


def test_a_single_step_has_one_canvas_and_no_encoder():
    gan = GRAN(**{**TINY, "steps": 1})
    assert gan.canvases(2, seed=0).shape == (2, 1, 8, 8, 1)
    assert not any(layer.name.startswith(("encode", "state")) for layer in gan.generator.layers)


def test_canvases_are_the_moving_averages_where_there_is_one():
    gan = GRAN(**TINY)
    gan.compile(ema_half_life=100)
    randomized(gan)
    np.testing.assert_allclose(gan.canvases(2, seed=0)[:, -1], gan.generate(2, seed=0), atol=1e-5)
    assert np.abs(gan.canvases(2, seed=0)).max() < 0.1  # the average still has its initial weights


def test_more_steps_share_the_same_weights():
    counts = {steps: parameters(GRAN(**{**TINY, "steps": steps}).generator) for steps in (2, 3, 5)}
    assert len(set(counts.values())) == 1


def convolutions(channels):
    return sum(25 * inputs * outputs for inputs, outputs in pairwise(channels))


def test_the_cifar10_networks_have_the_count_of_their_table():
    """100 latents; decoder 200 -> 1024x4x4 -> 512 -> 256 -> 3; encoder 256, 512, 1024; D 1024, 512, 256, dense 100."""
    gan = GRAN()
    hidden = 100 * 100 + 2 * 100
    decoder = 200 * 16384 + 16384 + convolutions([1024, 512, 256, 3]) + 512 + 256 + 3
    encoder = convolutions([3, 256, 512, 1024]) + 2 * (256 + 512) + 1024  # the deepest has a bias, no normalization
    assert parameters(gan.generator) == hidden + decoder + encoder + 16384 * 100 + 2 * 100
    dense = 16 * 256 * 100 + 100 + 100 + 1
    assert parameters(gan.discriminator) == convolutions([3, 1024, 512, 256]) + 2 * (1024 + 512 + 256) + dense


@pytest.mark.parametrize(
    ("variant", "size", "decoder", "critic"),
    [
        ("mnist", 28, [8, 4], [8, 4]),
        ("cifar10", 32, [4, 2, 1], [4, 2, 1]),
        ("lsun", 64, [1, 8, 4, 2], [8, 4, 2, 1]),
        ("lsun128", 128, [1, 8, 4, 2, 1], [8, 4, 2, 1, 1]),
    ],
)
def test_each_variant_has_the_channels_of_its_table(variant, size, decoder, critic):
    gan = GRAN(variant=variant, image_size=size, width=1, latent_dim=3, steps=2)
    generator, discriminator = gan.generator.get_layer, gan.discriminator.get_layer
    ups = [generator(f"up{index}").filters for index in range(1, len(decoder))]
    assert [generator("decode_map").target_shape[-1], *ups] == decoder
    assert generator("decode_map").target_shape[0] == size // 2 ** len(decoder)
    indices = range(1, len(decoder) + 1)
    assert [generator(f"encode{index}").filters for index in indices] == decoder[::-1]
    assert [discriminator(f"down{index}").filters for index in indices] == critic
    deepest = {layer.name for layer in gan.generator.layers} & {f"encode{len(decoder)}_affine", "decode_affine"}
    assert len(deepest) == (2 if variant == "mnist" else 0)  # normalized for MNIST only


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"variant": "stl10"}, "mnist, cifar10, lsun, lsun128.*Received: variant='stl10'"),
        ({"steps": 0}, "positive whole number. Received: steps=0"),
        ({"image_size": 28}, "multiple of 8, or of 4 for .*Received: image_size=28"),
        ({"image_size": 48, "variant": "lsun128"}, "multiple of 32, or of 4 .*Received: image_size=48"),
    ],
)
def test_the_constructor_says_what_it_expects(arguments, message):
    with pytest.raises(ValueError, match=message):
        GRAN(**arguments)


def test_canvases_refuse_no_images():
    with pytest.raises(ValueError, match="Received: count=0"):
        GRAN(**TINY).canvases(0)


def logits(gan, images):
    return ops.convert_to_numpy(gan.discriminator(images, training=False))[:, 0]


def test_in_gam_with_itself_every_ratio_is_one_and_swapping_inverts():
    """The paper's metric GAM, with the discriminators' logits: error ratios (paper) and accuracy ratios (code)."""
    ratios = ("test_error_ratio", "sample_error_ratio", "test_accuracy_ratio", "sample_accuracy_ratio")
    first, second = randomized(GRAN(**TINY), seed=0), randomized(GRAN(**TINY), seed=1)
    test = np.concatenate([first.generate(20, seed=5), second.generate(20, seed=6)])
    # Thresholds among their scores, so that each errs sometimes.
    shift = {gan: np.quantile(logits(gan, test), share) for gan, share in ((first, 0.4), (second, 0.6))}

    def fight(one, other):
        scores = dict(
            first_on_test=logits(one, test) - shift[one],
            second_on_test=logits(other, test) - shift[other],
            first_on_second=logits(one, other.generate(40, seed=3)) - shift[one],
            second_on_first=logits(other, one.generate(40, seed=3)) - shift[other],
        )
        return metrics.gam(**scores, threshold=0.0)

    itself = fight(first, first)
    assert 0 < itself.first_error_on_test < 1
    assert [getattr(itself, ratio) for ratio in ratios] == [1, 1, 1, 1]
    there, back = fight(first, second), fight(second, first)
    for ratio in ratios:
        assert getattr(there, ratio) * getattr(back, ratio) == pytest.approx(1)
