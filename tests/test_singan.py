"""SinGAN: the authors' layer table, scales that train in turn, the noise's amplitude, and injection in closed form."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasgan.gan import Batch
from kerasgan.layers import pyramid
from kerasgan.models import SinGAN

pytestmark = pytest.mark.backends("jax", "torch")

PICTURE = np.random.default_rng(0).uniform(-1, 1, (1, 12, 12, 1)).astype("float32")


def small(**options):
    keras.utils.set_random_seed(0)
    gan = SinGAN(**{**SinGAN.tiny_config, **options})
    gan.compile(run_eagerly=keras.backend.backend() == "tensorflow")
    return gan


def array(value):
    return ops.convert_to_numpy(value)


def values(network):
    return [array(variable.value) for variable in network.variables]


def same(first, second):
    return all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


def parts(gan):
    return [gan.generator_parts[f"scale{index}"] for index in range(len(gan.sizes))]


def without_detail(gan):
    """Each scale draws what the one below has drawn: the tangent of 0 is 0."""
    for part in parts(gan):
        last = part.get_layer(f"conv{SinGAN.tiny_config['depth']}")
        last.kernel.assign(np.zeros(last.kernel.shape, "float32"))


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def test_the_networks_have_the_weights_of_the_authors_table():
    """Five 3x3 convolutions, of 32 channels and from the fifth scale on of 64; without biases before normalization."""
    gan = SinGAN()

    def table(outputs):
        widths = [32] * 4 + [64] * 4
        inner = [27 * width + 2 * width + 3 * (9 * width**2 + 2 * width) for width in widths]
        return sum(inner) + sum(9 * width * outputs + outputs for width in widths)

    assert parameters(gan.generator) == table(3)
    assert parameters(gan.discriminator) == table(1)


def test_a_picture_of_250_pixels_has_eight_scales_of_three_quarters_each():
    gan = SinGAN(width=1)
    assert len(gan.sizes) == 8 and gan.sizes[0] == (25, 33) and gan.sizes[-1] == gan.image_shape[:2] == (188, 250)
    ratios = np.array(gan.sizes[1:]) / gan.sizes[:-1]
    assert np.abs(ratios - 4 / 3).max() < 0.03
    noise = sum(height * width for height, width in gan.sizes)
    assert gan.latent_dim == 3 * noise - 2 * 25 * 33
    patches = sum((height - 10) * (width - 10) for height, width in gan.sizes)
    assert gan.discriminator.output_shape == (None, patches)


def test_one_fit_trains_the_scales_in_turn():
    gan = small(scales=3)
    before = [values(part) for part in parts(gan)]
    assert gan.scale == 0
    history = gan.fit(PICTURE, epochs=4, verbose=0).history
    after = [values(part) for part in parts(gan)]
    assert [same(*each) for each in zip(before, after)] == [False, False, True]
    assert history["scale"] == [0, 0, 0, 1] and gan.scale == 1
    judged = values(gan.discriminators[0])
    gan.fit(PICTURE, epochs=8, verbose=0)
    last = [values(part) for part in parts(gan)]
    assert [same(*each) for each in zip(after, last)] == [True, False, False]
    assert same(judged, values(gan.discriminators[0])) and gan.scale == 2


def test_a_scale_begins_with_the_weights_of_the_one_below():
    gan = small()
    still = {f"{role}_optimizer": keras.optimizers.SGD(0.0) for role in ("generator", "discriminator")}
    gan.compile(**still, run_eagerly=keras.backend.backend() == "tensorflow")
    fine, coarse = gan.discriminators[1], gan.discriminators[0]
    for first, second in ((parts(gan)[1], parts(gan)[0]), (fine, coarse)):
        assert not same(map(array, first.trainable_variables), map(array, second.trainable_variables))
    gan.fit(PICTURE, epochs=4, verbose=0)
    for first, second in ((parts(gan)[1], parts(gan)[0]), (fine, coarse)):
        assert same(map(array, first.trainable_variables), map(array, second.trainable_variables))


def test_the_amplitude_is_a_share_of_what_the_scales_below_leave():
    gan = small(noise_amplitude=0.25)
    gan.fit(PICTURE, epochs=4, verbose=0)
    coarse = parts(gan)[0](gan.reconstruction_latents[:, :64].reshape(1, 8, 8, 1), training=False)
    left = array(pyramid.up(coarse, 12)) - PICTURE
    amplitudes = [float(part.get_layer("amplitude").amplitude.value) for part in parts(gan)]
    assert amplitudes == pytest.approx([1.0, 0.25 * np.sqrt(np.square(left).mean())], rel=1e-4)


def test_the_generators_loss_has_the_error_of_the_reconstruction():
    gan = small()
    gan.fit(PICTURE, epochs=6, verbose=0)
    real = ops.convert_to_tensor(PICTURE)
    batch = Batch(real, None, ops.convert_to_tensor(gan.prior.draw(1, gan.latent_dim, 1)))
    batch = batch._replace(fake=gan.synthesize(batch))
    noises = gan.reconstruction_latents
    assert not noises[:, 64:].any() and noises[:, :64].std() > 0.5
    coarse = parts(gan)[0](noises[:, :64].reshape(1, 8, 8, 1), training=False)
    drawn = parts(gan)[1]([ops.zeros((1, 12, 12, 1)), pyramid.up(coarse, 12)], training=True)
    expected = 10 * np.square(array(drawn) - PICTURE).mean() - array(gan.discriminate(batch.fake)).mean()
    assert float(array(gan.generator_loss(batch))) == pytest.approx(expected, rel=1e-4)


@pytest.mark.backends("tensorflow")
def test_the_zeros_of_the_reconstruction_are_no_constant_of_the_graph():
    import tensorflow as tf

    gan = small(image_size=96)
    graph = tf.function(lambda: gan._fixed_noises()).get_concrete_function().graph
    constants = [
        tf.make_ndarray(node.attr["value"].tensor).nbytes for node in graph.as_graph_def().node if node.op == "Const"
    ]
    assert max(constants) == 4 * 8 * 8 and sum(constants) < 2 * 4 * 8 * 8  # the coarsest scale, of 4 * 9,280 bytes
    latents = np.concatenate([array(each).ravel() for each in gan._fixed_noises()])
    assert (latents == gan.reconstruction_latents[0]).all()


def test_a_scale_without_detail_draws_what_is_injected():
    gan = small()
    without_detail(gan)
    images = np.random.default_rng(1).uniform(-1, 1, (2, 24, 36, 1)).astype("float32")
    coarse = pyramid.down(ops.convert_to_tensor(images), (16, 24))
    made = gan.inject(images, scale=1)
    np.testing.assert_allclose(made, array(pyramid.up(coarse, (24, 36))), atol=1e-6)
    larger = gan.inject(images[:, :8, :12], image_size=(12, 18), seed=0)
    expected = pyramid.up(ops.convert_to_tensor(images[:, :8, :12]), (12, 18))
    np.testing.assert_allclose(larger, array(expected), atol=1e-6)
    with pytest.raises(ValueError, match=r"from 1 to 1. Received: scale=2"):
        gan.inject(images, scale=2)


def test_images_of_another_size_come_of_the_same_networks():
    gan = small(channels=3)
    parts(gan)[1].get_layer("amplitude").amplitude.assign(0.3)
    np.testing.assert_allclose(gan.generate(2, seed=3, image_size=12), gan.generate(2, seed=3), atol=1e-6)
    assert gan.generate(2, seed=3, image_size=(18, 30)).shape == (2, 18, 30, 3)
    assert gan.generate(latents=np.zeros((1, 6 * 4 + 9 * 6 * 3)), image_size=(9, 6)).shape == (1, 9, 6, 3)
    learned = small(prior={"name": "learned_mixture", "num_components": 2})
    with pytest.raises(ValueError, match="prior without weights"):
        learned.generate(1, image_size=20)


def test_scores_are_those_of_section_3_in_closed_form():
    gan = small()
    without_detail(gan)
    scores = gan.family_scores(PICTURE, None)
    assert scores == {"reconstruction_error": pytest.approx(np.sqrt(np.square(PICTURE).mean())), "diversity": 0.0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"coarsest_size": 12}, "longer than coarsest_size.*coarsest_size=12"),
        ({"scales": 1}, "two scales or more.*scales=1"),
        ({"depth": 4}, "depth=4, coarsest_size=8"),
        ({"noise_amplitude": -1.0}, "noise_amplitude=-1.0"),
    ],
)
def test_what_makes_no_pyramid_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SinGAN(**{**SinGAN.tiny_config, **arguments})


def test_what_is_no_array_of_images_and_no_size_is_refused():
    gan = SinGAN(**SinGAN.tiny_config)
    with pytest.raises(ValueError, match=r"Expected an array of images.*Received: images of shape \(12, 12, 1\)"):
        gan.inject(np.zeros(gan.image_shape, "float32"))
    with pytest.raises(ValueError, match=r"image_size=\(1, 2, 3\)"):
        SinGAN(**{**SinGAN.tiny_config, "image_size": (1, 2, 3)})
