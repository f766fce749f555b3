"""Blur as a derivation, Wiener's estimates, and DeblurGAN with and without a kernel."""

import keras
import numpy as np
import pytest
from keras import ops

import kerasgan
from kerasgan.cli.arguments import with_kernel
from kerasgan.data import blur, derivations
from kerasgan.export import Options
from kerasgan.export.signature import describe
from kerasgan.models import DeblurGAN, deblurgan

INFORMED = {**DeblurGAN.tiny_config, "blind": False, "noise": 0.02}
DISC = {"name": "defocus", "radius": 1.5}


def noise(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def value(tensor):
    return ops.convert_to_numpy(tensor)


def smooth(height, width):
    """Something like a photograph, that a blur changes and does not erase."""
    rows, columns = np.mgrid[:height, :width] / 8
    planes = [np.sin(rows + phase) * np.cos(1.3 * columns) + 0.3 * (rows > 3) for phase in range(3)]
    return np.clip(0.6 * np.stack(planes, axis=-1), -1, 1)[np.newaxis].astype("float32")


def test_kernels_have_the_shapes_of_their_optics():
    np.testing.assert_allclose(blur.motion(7), np.full((7, 7), 1 / 7) * (np.arange(7) == 3)[:, None], atol=1e-12)
    np.testing.assert_allclose(blur.motion(7, 90), blur.motion(7).T, atol=1e-12)
    slanted = blur.motion(9, 45)
    assert slanted[0, -1] == 0 and slanted[2, 6] > 0 and slanted[2, 2] == 0  # up and to the right, 9 pixels long
    disc = blur.defocus(3)
    assert disc.shape == (7, 7) and disc[3, 3] == pytest.approx(1 / (np.pi * 9), rel=0.01)
    bell = blur.gaussian(2)
    assert bell[6, 8] / bell[6, 6] == pytest.approx(np.exp(-0.5), rel=1e-9)
    for weights in (slanted, disc, bell, blur.kernel([[0, 1, 0], [1, 2, 1], [0, 1, 0]])):
        assert weights.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: blur.kernel({"name": "gauss", "sigma": 1}), "such as gaussian"),
        (lambda: blur.kernel({"name": "gaussian", "radius": 1}), "arguments of the kernel gaussian.*radius"),
        (lambda: blur.kernel({"name": "gaussian", "sigma": [1, 2]}), r"two bounds.*Received: sigma=\[1, 2\]"),
        (lambda: blur.kernel(np.ones((3, 4))), r"odd sides.*Received: shape=\(3, 4\)"),
        (lambda: blur.kernel(-np.ones((3, 3))), "smallest=-1"),
        (lambda: blur.motion(0), "length=0"),
        (lambda: blur.wiener(noise(1, 80, 80, 3), blur.motion(65), 0.01), r"63 pixels at most. Received: \(65, 65\)"),
        (lambda: blur.blurred(noise(1, 12, 20, 3), blur.motion(15)), "12 x 20 pixels. Received: a kernel of 15 x 15"),
        (lambda: DeblurGAN(**{**INFORMED, "noise": 0}), "noise=0"),
        (lambda: DeblurGAN(**DeblurGAN.tiny_config).for_kernel(DISC), "blind=False.*Received: blind=True"),
        (lambda: DeblurGAN(**INFORMED).predict(noise(1, 16, 16, 3)), r"for_kernel\(kernel\)"),
    ],
)
def test_what_cannot_be_blurred_or_restored_is_said_with_its_numbers(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_blur_is_scipys_convolution_with_mirrored_borders():
    ndimage = pytest.importorskip("scipy.ndimage")
    images = noise(2, 9, 11, 3)
    weights = blur.kernel(np.arange(15.0).reshape(3, 5))  # of no symmetry
    expected = ndimage.convolve(images.astype("float64"), weights[None, :, :, None], mode="mirror")
    np.testing.assert_allclose(blur.blurred(images, weights), expected, atol=1e-6)


def test_estimates_are_those_of_scikit_images_wiener_filter_in_brightness_and_colors():
    restoration = pytest.importorskip("skimage.restoration")
    side, level = 160, 0.02
    weights = blur.gaussian(1.2)
    given = blur.blurred(smooth(side, side), weights) + 2 * level * noise(1, side, side, 3)
    slopes = [2 - 2 * np.cos(2 * np.pi * frequencies(side)) for frequencies in (np.fft.fftfreq, np.fft.rfftfreq)]
    prior = np.sqrt(np.add.outer(*slopes) / 4).astype("complex128")  # a transfer function
    red, green, blue = np.moveaxis(given[0].astype("float64"), -1, 0)
    planes = (red + green + blue) / 3**0.5, (red - blue) / 2**0.5, (red - 2 * green + blue) / 6**0.5
    bright, first, second = (
        restoration.wiener(plane, weights, (level / contrast) ** 2, reg=prior, clip=False)
        for plane, contrast in zip(planes, (0.07, 0.015, 0.015))
    )
    red = bright / 3**0.5 + first / 2**0.5 + second / 6**0.5
    inside = np.s_[40:-40, 40:-40]  # there images go round, here they are mirrored
    estimate = blur.wiener(given, weights, level)[0, ..., 0]
    np.testing.assert_allclose(estimate[inside], np.clip(red, -1, 1)[inside], atol=5e-3)
    alone = restoration.wiener(planes[0], weights, 3 * (level / 0.07) ** 2, reg=prior, clip=False)
    estimate = blur.wiener(planes[0][np.newaxis, ..., np.newaxis], weights, level)[0, ..., 0]
    np.testing.assert_allclose(estimate[inside], np.clip(alone, -1, 1)[inside], atol=5e-3)


def test_the_derivation_draws_kernels_and_noise_from_its_seed_and_the_pixels():
    gray = np.zeros((2, 64, 64, 3), "float32")
    gray[1] += 0.1
    kernels = [{"name": "gaussian", "sigma": [1.0, 2.0]}, DISC]
    derive = derivations.derivation({"name": "blurred", "kernels": kernels, "noise": 0.03, "estimate": True})
    given = derive(gray)
    assert given.shape == (2, 64, 64, 9)
    assert np.std(given[0, ..., :3]) == pytest.approx(0.06, rel=0.03)  # of images in [-1, 1]
    assert np.std(given[0, ..., 6:]) < 0.03 < np.std(given[0, ..., 3:6])  # noise that an estimate holds for noise
    assert np.abs(np.corrcoef(given[0].ravel(), given[1].ravel())[0, 1]) < 0.05
    np.testing.assert_array_equal(derive(gray[1:])[0], given[1])
    other = derivations.blurred(gray, kernels=kernels, noise=0.03, seed=1)
    assert not np.array_equal(other, given[..., :3])


def test_the_networks_have_the_parameter_counts_of_the_paper_and_begin_at_the_image():
    assert parameters(deblurgan.generator(3, blind=True, halvings=2, blocks=9, width=64)) == 11_378_179
    for blind in (True, False):
        gan = DeblurGAN(**{**INFORMED, "blind": blind})
        gan.generator.get_layer("image").kernel.assign(np.zeros((7, 7, 4, 3)))
        images = noise(1, 12, 16, 3 if blind else 9)
        np.testing.assert_allclose(gan.predict(images), images[..., -3:], atol=1e-6)


def test_without_arguments_it_is_trained_as_in_the_paper():
    gan = DeblurGAN(**DeblurGAN.tiny_config)
    gan.compile()
    assert type(gan.objective).__name__ == "Wasserstein" and gan.discriminator_steps == 5
    assert [(penalty.name, penalty.weight) for penalty in gan.penalties] == [("gradient_penalty", 10.0)]
    batch = gan.prepare_batch((noise(2, 16, 16, 3), noise(2, 16, 16, 3, seed=1)))
    batch = batch._replace(fake=ops.convert_to_tensor(noise(2, 16, 16, 3, seed=2)))
    squared = np.mean((noise(2, 16, 16, 3, seed=2) - noise(2, 16, 16, 3, seed=1)) ** 2)
    critic = float(value(ops.mean(gan.discriminator(batch.fake))))
    assert float(value(gan.generator_loss(batch))) == pytest.approx(100 * squared - critic, rel=1e-5)


def test_a_model_for_one_kernel_gives_what_the_estimates_give_and_is_kept(tmp_path):
    gan = DeblurGAN(**INFORMED)
    weights = blur.kernel(np.arange(15.0).reshape(3, 5))  # of no symmetry
    given = blur.blurred(smooth(40, 52), weights).astype("float32")
    known = gan.for_kernel(weights)
    informed = np.concatenate([given, *(blur.wiener(given, weights, level) for level in (0.005, 0.02))], axis=-1)
    np.testing.assert_allclose(known.predict(given), gan.predict(informed), atol=1e-4)
    known.save(tmp_path / "known.keras")
    again = keras.saving.load_model(tmp_path / "known.keras")
    np.testing.assert_allclose(again.predict(given), known.predict(given), atol=1e-6)


def test_sheets_and_cards_show_the_blurred_image_of_those_with_estimates():
    sharp = np.concatenate([smooth(16, 16), -smooth(16, 16)])
    pairs = kerasgan.data.derive_pairs(
        sharp, {"name": "blurred", "kernels": [DISC], "noise": 0.02, "estimate": True}, batch_size=2
    )
    gan = DeblurGAN(**INFORMED)
    gan.compile(run_eagerly=True)
    history = gan.fit(pairs, verbose=0).history
    assert np.isfinite(history["pixel_loss"]).all()
    images, columns = gan.sample_grid(2)
    assert columns == 5 and len(images) == 10
    given = derivations.blurred(sharp, kernels=[DISC], noise=0.02)
    np.testing.assert_array_equal(images[0], given[0])
    card = kerasgan.evaluation.pair_card(gan, {"test": pairs}).content["scores"]["mean_absolute_error"]
    assert card["real"] == pytest.approx(np.abs(given - sharp).mean(), rel=1e-3)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="exports from others: test_export_programs")
@pytest.mark.parametrize("form", ["onnx", "saved_model"])
def test_exported_files_restore_images_of_other_sizes_for_their_kernel(form, tmp_path):
    from test_export import fact, opened

    known = DeblurGAN(**INFORMED).for_kernel(DISC)
    for name, gan in {"known": known, "blind": DeblurGAN(**DeblurGAN.tiny_config)}.items():
        run, facts = opened(getattr(kerasgan.export, form)(gan, tmp_path / name), output="outputs")
        images = noise(2, 38, 46, 3)
        np.testing.assert_allclose(run(images=images), gan.predict(images), atol=5e-5)
        assert fact(facts, "multiple") == 2 and fact(facts, "smallest") == gan.smallest


def test_exports_say_of_which_family_and_for_which_kernel_they_are():
    gan = DeblurGAN(**INFORMED)
    facts = describe(gan.for_kernel({"name": "defocus", "radius": 2}, noise=0.01), Options())
    assert facts["family"] == "DeblurGAN" and facts["kernel"] == {"name": "defocus", "radius": 2, "noise": 0.01}
    assert describe(gan.for_kernel(np.full((3, 5), 1 / 15)), Options())["kernel"]["shape"] == [3, 5]
    assert "kernel" not in describe(DeblurGAN(**DeblurGAN.tiny_config), Options())


def test_the_command_line_passes_the_kernel_to_models_that_take_one():
    gan, blind = DeblurGAN(**INFORMED), DeblurGAN(**DeblurGAN.tiny_config)
    assert with_kernel(blind, None) is blind
    layer = with_kernel(gan, "motion,length=5,angle=0").generator.get_layer("estimates")
    np.testing.assert_allclose(np.array(layer.kernel)[2], np.full(5, 0.2))
    for model, kernel, message in (
        (gan, None, "Expected --kernel, the blur to remove"),
        (blind, "defocus,radius=2", "Expected no --kernel for this DeblurGAN"),
        (gan, "defocus,2", "Expected --kernel as a name and numbers"),
        (gan, "disc,radius=2", "Expected a kernel such as"),
    ):
        with pytest.raises(ValueError, match=message):
            with_kernel(model, kernel)
