"""WGAN by clipping and by penalty: layer counts, what the critic may not have, and weights that stay in their box."""

from itertools import pairwise

import keras
import numpy as np
import pytest
from keras import layers, ops

from kerasgan import zoo
from kerasgan.models import DCGAN, WGANGP

IMAGES = np.random.default_rng(0).uniform(-1, 1, (24, 16, 16, 1)).astype("float32")


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def test_the_residual_networks_for_cifar10_have_the_authors_counts():
    gan = WGANGP()
    assert parameters(gan.generator) == 1_204_483
    assert parameters(gan.discriminator) == 1_053_825


def test_the_convolutional_networks_for_cifar10_have_the_count_of_their_table():
    gan = WGANGP(variant="dcgan")
    dense = 128 * 8192 + 8192 + 2 * 512
    up = 25 * (512 * 256 + 256 * 128 + 128 * 3) + 256 + 128 + 3 + 2 * (256 + 128)
    down = 25 * (3 * 128 + 128 * 256 + 256 * 512) + 128 + 256 + 512
    assert parameters(gan.generator) == dense + up
    assert parameters(gan.discriminator) == down + 16 * 512 + 1


def test_the_networks_for_64_pixels_have_the_count_of_their_table():
    """No bias in a block's first convolution; normalizations have a scale and an offset per channel."""

    def block(inputs, inner, outputs):
        return 2 * (inputs + inner) + 9 * (inputs * inner + inner * outputs) + inputs * outputs + 2 * outputs

    gan = WGANGP(variant="resnet64", image_size=64, width=4)
    up = block(32, 32, 32) + block(32, 16, 16) + block(16, 8, 8) + block(8, 4, 4)
    assert parameters(gan.generator) == 128 * 512 + 512 + up + 2 * 4 + 9 * 4 * 3 + 3
    down = block(4, 4, 8) + block(8, 8, 16) + block(16, 16, 32) + block(32, 32, 32)
    assert parameters(gan.discriminator) == 9 * 3 * 4 + 4 + down + 16 * 32 + 1


def test_the_plain_networks_have_two_convolutions_at_each_size():
    """Progressive GAN's table 2: at 128 pixels 512, 512, 256, 128, 64, 32 channels, here of width 2 at 32 pixels."""

    def conv(inputs, outputs):
        return (9 * inputs + 1) * outputs + 2 * outputs

    gan = WGANGP(variant="plain", image_size=32, width=2, latent_dim=3)
    widths = [8, 8, 4, 2]
    up = sum(conv(inputs, outputs) + conv(outputs, outputs) for inputs, outputs in pairwise(widths))
    assert parameters(gan.generator) == 3 * 16 * 8 + 8 + 2 * 8 + conv(8, 8) + up + 2 * 3 + 3
    down = sum(conv(inputs, inputs) + conv(inputs, outputs) for inputs, outputs in pairwise(widths[::-1]))
    assert parameters(gan.discriminator) == 3 * 2 + 2 + down + 16 * 8 * 8 + 8 + 2 * 8 + 8 + 1
    assert WGANGP(variant="plain", image_size=8).generator.get_layer("first").filters == 32


@pytest.mark.parametrize("variant", ["resnet", "resnet64", "dcgan", "plain"])
def test_a_critics_score_of_an_image_does_not_depend_on_its_neighbors(variant):
    critic = WGANGP(variant=variant, image_size=16, channels=1, width=4).discriminator
    together = ops.convert_to_numpy(critic(IMAGES[:4], training=True))
    alone = np.concatenate([ops.convert_to_numpy(critic(IMAGES[i : i + 1], training=True)) for i in range(4)])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert not any(isinstance(layer, layers.BatchNormalization) for layer in critic.layers)


def test_layer_normalization_is_over_height_width_and_channels():
    critic = WGANGP(variant="resnet64", image_size=16, channels=1, width=4).discriminator
    x = np.random.default_rng(1).normal(3, 2, (2, 16, 16, 4)).astype("float32")
    found = ops.convert_to_numpy(critic.get_layer("down1_1_norm")(x))
    expected = (x - x.mean((1, 2, 3), keepdims=True)) / np.sqrt(x.var((1, 2, 3), keepdims=True) + 1e-5)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("variant", ["resnet64", "dcgan"])
def test_every_variant_plays_the_papers_game(variant):
    gan = WGANGP(**{**WGANGP.tiny_config, "variant": variant})
    gan.compile(run_eagerly=True)
    assert gan.discriminator_steps == 5
    assert [(penalty.name, penalty.weight, penalty.target) for penalty in gan.penalties] == [
        ("gradient_penalty", 10.0, 1.0)
    ]
    history = gan.fit(IMAGES, batch_size=4, verbose=0).history
    assert all(np.isfinite(column).all() for column in history.values())
    assert (int(gan.optimizer.discriminator.iterations), int(gan.optimizer.generator.iterations)) == (6, 1)


def test_both_rates_of_the_residual_model_reach_zero_with_the_same_generator_step():
    settings = WGANGP(**WGANGP.tiny_config).default_compile_args()
    generator, critic = (settings[f"{network}_optimizer"] for network in ("generator", "discriminator"))
    for step, rate in ((0, 2e-4), (50_000, 1e-4), (100_000, 0.0)):
        generator.iterations.assign(step)
        critic.iterations.assign(5 * step)
        assert float(generator.learning_rate) == pytest.approx(rate)
        assert float(critic.learning_rate) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"variant": "mlp"}, "resnet, resnet64, dcgan.*Received: variant='mlp'"),
        ({"image_size": 8}, "from 16 to 1024 to be 4, .*Received: image_size=8"),
        ({"image_size": 36, "variant": "dcgan"}, "from 8 to 1024 to be 4, .*Received: image_size=36"),
    ],
)
def test_the_constructor_says_what_it_expects(arguments, message):
    with pytest.raises(ValueError, match=message):
        WGANGP(**arguments)


# Clipping


def clipped(bound, objective="wasserstein", **options):
    gan = DCGAN(**DCGAN.tiny_config)
    critic = keras.optimizers.RMSprop(0.02)
    gan.compile(objective, discriminator_optimizer=critic, weight_clip=bound, run_eagerly=True, **options)
    gan.fit(IMAGES, batch_size=4, verbose=0)
    return gan


def largest(network):
    return max(float(ops.max(ops.abs(variable))) for variable in network.trainable_variables)


@pytest.mark.parametrize("steps", [1, 5])
def test_every_critic_weight_stays_in_the_box_and_reaches_its_sides(steps):
    gan = clipped(0.01, discriminator_steps=steps)
    assert largest(gan.discriminator) == pytest.approx(0.01, abs=1e-9)
    norms = [v for v in gan.discriminator.trainable_variables if v.path.endswith("gamma")]
    assert norms and all(float(ops.max(v)) <= 0.010001 for v in norms)  # started around 1
    assert largest(gan.generator) > 0.1  # only the critic is clipped


def test_no_bound_leaves_the_weights_alone():
    assert largest(clipped(None, "hinge").discriminator) > 0.5
    assert clipped(0.0, "hinge").weight_clip == 0.0
    with pytest.raises(ValueError, match="bounds the discriminator's slope"):
        clipped(None, "wasserstein")  # nothing else bounds it


def test_the_bound_is_kept_in_a_keras_file(tmp_path):
    clipped(0.05).save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert again.weight_clip == 0.05
    again.fit(IMAGES, batch_size=4, verbose=0)
    assert largest(again.discriminator) <= 0.050001


def test_a_negative_bound_is_refused():
    with pytest.raises(ValueError, match=r"from 0 on.*Received: weight_clip=-0\.1"):
        DCGAN(**DCGAN.tiny_config).compile(weight_clip=-0.1)


def test_the_recipe_for_bedrooms_is_algorithm_1():
    train = zoo.recipe("wgan-lsun-bedroom").train
    gan = zoo.load("wgan-lsun-bedroom", weights=None)
    assert (gan.weight_clip, gan.discriminator_steps, train["batch_size"]) == (0.01, 5, 64)
    for optimizer in (gan.optimizer.generator, gan.optimizer.discriminator):
        assert isinstance(optimizer, keras.optimizers.RMSprop)
        assert float(optimizer.learning_rate) == pytest.approx(5e-5)
