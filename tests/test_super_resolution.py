"""Super-resolution families: layer tables, losses in two phases, published checkpoints, exports, scores."""

import keras
import numpy as np
import pytest
from keras import ops

import kerasgan
from kerasgan.layers import BilinearUpsampling2D, PixelShuffle, PixelUnshuffle
from kerasgan.metrics.pair_scores import pair_scores
from kerasgan.models import ESRGAN, SRGAN, DeePSiM, FramePrediction, esrgan, feature_networks, srgan
from kerasgan.models.feature_networks import vgg19

SMALL = {"image_size": 16, "blocks": 1, "width": 4}


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def value(tensor):
    return ops.convert_to_numpy(tensor)


def channels_first(array):
    return np.ascontiguousarray(array.transpose(0, 3, 1, 2))


def test_the_networks_have_the_parameter_counts_of_the_papers_tables():
    assert parameters(srgan.srresnet(3, scale=4, blocks=16, width=64)) == 1_550_659
    assert parameters(srgan.discriminator(96, 3, width=64)) == 23_565_505
    assert parameters(esrgan.discriminator(128, 3, width=64)) == 14_499_401
    assert parameters(esrgan.unet_discriminator(3, width=64)) == 4_376_897
    assert parameters(esrgan.compact_generator(3, scale=4, blocks=16, width=64)) == 621_424  # realesr-animevideov3
    sizes = {"width": 64, "growth": 32}
    small = parameters(esrgan.generator(3, scale=4, blocks=6, **sizes))
    first, doubling, second = (
        parameters(esrgan.generator(3, scale=scale, blocks=blocks, **sizes))
        for scale, blocks in ((4, 1), (2, 1), (4, 2))
    )
    assert small == 4_467_779
    assert small + 17 * (second - first) == 16_697_987  # 23 blocks
    assert doubling - first == 16_703_171 - 16_697_987


def test_pixels_are_shuffled_and_enlarged_as_by_pytorch():
    torch = pytest.importorskip("torch")
    maps = noise(2, 3, 5, 8)
    theirs = torch.tensor(channels_first(maps))
    ours = maps.reshape(2, 3, 5, 2, 4).swapaxes(3, 4).reshape(2, 3, 5, 8)  # (channel, cell) to (cell, channel)
    shuffled = torch.nn.functional.pixel_shuffle(theirs, 2).numpy()
    np.testing.assert_array_equal(channels_first(value(PixelShuffle(2)(ours))), shuffled)
    np.testing.assert_array_equal(value(PixelUnshuffle(2)(PixelShuffle(2)(ours))), ours)
    for factor in (2, 4):
        large = torch.nn.functional.interpolate(theirs, scale_factor=factor, mode="bilinear", align_corners=False)
        np.testing.assert_allclose(channels_first(value(BilinearUpsampling2D(factor)(maps))), large.numpy(), atol=1e-6)


def test_the_generators_loss_weighs_pixels_features_and_the_discriminator():
    images = keras.Input((None, None, 3), name="images")
    twice = keras.layers.Rescaling(2.0, name="twice")(images)
    network = keras.Model(images, keras.layers.Rescaling(3.0, name="more")(twice))
    options = {"features": network, "feature_layer": "twice", "feature_weight": 0.5, "pixel_weight": 0.25}
    gan = SRGAN(**SMALL, discriminator_norm="none", adversarial_weight=0.125, **options)
    gan.compile()
    batch = gan.prepare_batch((noise(2, 4, 4, 3), noise(2, 16, 16, 3)))
    batch = batch._replace(fake=ops.convert_to_tensor(noise(2, 16, 16, 3, seed=1)))
    squared = np.mean((noise(2, 16, 16, 3, seed=1) - noise(2, 16, 16, 3)) ** 2)
    adversarial = np.mean(np.log1p(np.exp(-value(gan.discriminator(batch.fake)))))
    expected = 0.25 * squared + 0.5 * 4 * squared + 0.125 * adversarial
    assert float(value(gan.generator_loss(batch))) == pytest.approx(expected, rel=1e-5)


def test_a_schedule_of_the_adversarial_weight_makes_two_phases():
    steps = {"name": "PiecewiseConstantDecay", "boundaries": [1], "values": [0.0, 0.5]}
    gan = ESRGAN(**ESRGAN.tiny_config, discriminator_norm="none", adversarial_weight=steps, pixel_weight=1.0)
    gan.compile()
    batch = gan.prepare_batch((noise(2, 8, 8, 3), noise(2, 16, 16, 3)))
    batch = batch._replace(fake=ops.convert_to_tensor(noise(2, 16, 16, 3, seed=1)))
    absolute = np.mean(np.abs(noise(2, 16, 16, 3, seed=1) - noise(2, 16, 16, 3)))
    real, fake = (value(gan.discriminator(images)) for images in (batch.real, batch.fake))
    kinds = real.mean() - fake, real - fake.mean()
    adversarial = sum(np.mean(np.log1p(np.exp(kind))) for kind in kinds)
    for step, weight in ((0, 0.0), (1, 0.0), (2, 0.5)):
        gan.optimizer.generator.iterations.assign(step)
        assert float(value(gan.generator_loss(batch))) == pytest.approx(absolute + weight * adversarial, rel=1e-5)


def test_without_a_weight_the_generator_is_trained_alone_and_a_file_keeps_the_features(tmp_path):
    images = keras.Input((None, None, 3), name="images")
    seen = keras.Model(images, keras.layers.Conv2D(2, 3, name="seen")(images))
    gan = SRGAN(**SMALL, scale=2, variant="modified", adversarial_weight=0, features=seen)
    gan.compile()
    history = gan.fit(noise(4, 8, 8, 3), noise(4, 16, 16, 3), batch_size=4, verbose=0).history
    assert {"pixel_loss", "feature_loss"} <= history.keys()
    expected = history["pixel_loss"][0] + history["feature_loss"][0]
    assert history["generator_loss"][0] == pytest.approx(expected, rel=1e-5)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    for first, second in zip(gan.features.weights, again.features.weights):
        np.testing.assert_array_equal(value(first), value(second))
    np.testing.assert_array_equal(again.predict(noise(1, 8, 8, 3)), gan.predict(noise(1, 8, 8, 3)))


@pytest.mark.parametrize("build", [SRGAN, DeePSiM, FramePrediction])
def test_without_a_weight_no_discriminator_is_trained_and_its_steps_are_counted(build, monkeypatch):
    gan = build(**{**build.tiny_config, "adversarial_weight": 0.0})
    gan.compile(run_eagerly=True)
    monkeypatch.setattr(build, "discriminator_loss", None)  # it must not be called
    before = [value(weight) for weight in gan.discriminator.weights], [value(w) for w in gan.generator.weights]
    history = gan.fit(noise(4, *gan.input_shape), noise(4, *gan.image_shape), batch_size=2, verbose=0).history
    after = [value(weight) for weight in gan.discriminator.weights], [value(w) for w in gan.generator.weights]
    assert all(np.array_equal(*pair) for pair in zip(before[0], after[0]))
    assert not all(np.array_equal(*pair) for pair in zip(before[1], after[1]))
    assert gan.optimizer.steps == int(gan.optimizer.generator.iterations) == 2
    assert history["generator_loss"][0] > 0


def test_a_schedule_that_begins_at_nothing_trains_the_discriminator_from_the_first_step():
    steps = {"name": "PiecewiseConstantDecay", "boundaries": [1], "values": [0.0, 0.5]}
    gan = SRGAN(**SMALL, adversarial_weight=steps)
    gan.compile(run_eagerly=True)
    before = value(gan.discriminator.trainable_variables[0])
    history = gan.fit(noise(2, 4, 4, 3), noise(2, 16, 16, 3), batch_size=2, verbose=0).history
    assert history["discriminator_loss"][0] > 0
    assert not np.array_equal(before, value(gan.discriminator.trainable_variables[0]))


def test_a_unet_classifies_each_pixel_and_the_generator_is_trained_on_all_of_them():
    gan = ESRGAN(**ESRGAN.tiny_config, judge="unet", pixel_weight=0.0, features={"name": "photos"}, feature_weight=0.0)
    gan.compile("non_saturating")
    batch = gan.prepare_batch((noise(2, 8, 8, 3), noise(2, 16, 16, 3)))
    logits = value(gan.discriminator(batch.real))
    assert logits.shape == (2, 16, 16, 1) and np.ptp(logits) > 0
    loss = float(value(gan.generator_loss(batch._replace(fake=batch.real))))
    assert loss == pytest.approx(5e-3 * np.mean(np.log1p(np.exp(-logits))), rel=1e-3)  # sigma is one step apart


def test_vgg19_sees_what_its_weights_were_trained_on():
    for activated in (True, False):
        network = vgg19(None, layer={"block1_conv1": 0.5, "block1_conv2": 1.0}, activated=activated)
        images = noise(1, 6, 5, 3)
        kernels = [value(network.get_layer(f"block1_conv{index}").kernel) for index in (1, 2)]
        centered = keras.applications.vgg19.preprocess_input(127.5 * (images + 1))
        first = value(ops.conv(centered, np.ascontiguousarray(kernels[0][:, :, ::-1]), padding="same"))
        expected = first, value(ops.conv(np.maximum(first, 0), kernels[1], padding="same"))
        least = 0 if activated else -np.inf
        for maps, theirs, weight in zip(network(images), expected, (0.5, 1.0)):
            np.testing.assert_allclose(value(maps), weight * np.maximum(theirs, least) / 12.75, atol=1e-3)


def test_a_network_of_a_table_is_made_when_training_begins_and_again_in_a_model_from_a_file(tmp_path):
    gan = SRGAN(**SMALL, variant="modified", adversarial_weight=0, pixel_weight=0, features={"name": "photos"})
    gan.compile(run_eagerly=True)
    pairs = noise(2, 4, 4, 3), noise(2, 16, 16, 3)
    for _ in range(2):
        assert gan.features is None
        reported = gan.fit(*pairs, batch_size=2, verbose=0).history
        assert reported["generator_loss"] == reported["feature_loss"] and reported["feature_loss"][0] > 0
        for given, theirs in zip(gan.features.weights, feature_networks.photos().weights):
            np.testing.assert_array_equal(value(given), value(theirs))
        gan.save(tmp_path / "gan.keras")
        gan = keras.saving.load_model(tmp_path / "gan.keras")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SRGAN(scale=3), r"one of 2, 4\..*scale=3"),
        (lambda: SRGAN(variant="papers"), "paper, modified.*variant='papers'"),
        (lambda: SRGAN(**SMALL, distance="l1"), "squared, absolute.*distance='l1'"),
        (lambda: SRGAN(**SMALL, pixel_weight=0), "features.*pixel_weight=0"),
        (lambda: SRGAN(**SMALL, features={"name": "vgg"}), "such as vgg19.*'name': 'vgg'"),
        (lambda: SRGAN(**SMALL, features={"name": "vgg19", "block": 5}), "weights, layer.*Received: block"),
        (lambda: vgg19(None, layer="block9"), "block1_conv1, .*layer='block9'"),
        (lambda: ESRGAN(judge="patch"), r"one of whole, unet\..*judge='patch'"),
        (lambda: SRGAN(**SMALL, feature_layer="x"), "network.*feature_layer='x'"),
        (lambda: ESRGAN(scale=3), r"one of 1, 2, 4, 8\..*scale=3"),
        (lambda: ESRGAN(scale=2, unshuffle=3), r"one of 1, 2, 4\..*unshuffle=3"),
        (lambda: ESRGAN(variant="compact", input_channels=1), "equal channels.*input_channels=1, channels=3"),
        (lambda: ESRGAN(image_size=18, scale=2, blocks=1, width=2), "multiples of 4.*image_size=18"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(make, message):
    with pytest.raises(ValueError, match=message):
        make()


PUBLISHED = {
    "srgan x4": (
        lambda: SRGAN(image_size=16, width=4, blocks=2, variant="modified"),
        lambda networks: networks.MSRResNet(width=4, blocks=2, scale=4),
    ),
    "srgan x2": (
        lambda: SRGAN(**SMALL, variant="modified", scale=2),
        lambda networks: networks.MSRResNet(width=4, blocks=1, scale=2),
    ),
    "esrgan x4": (
        lambda: ESRGAN(image_size=16, width=4, growth=3, blocks=2),
        lambda networks: networks.RRDBNet(width=4, growth=3, blocks=2, scale=4),
    ),
    "esrgan x2": (
        lambda: ESRGAN(**SMALL, growth=3, scale=2),
        lambda networks: networks.RRDBNet(width=4, growth=3, blocks=1, scale=2),
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_generator_makes_the_images_of_its_publisher(name, tmp_path):
    torch = pytest.importorskip("torch")
    import openmmlab_networks
    from pth_writer import Writer

    ours, theirs = PUBLISHED[name]
    torch.manual_seed(0)
    network = theirs(openmmlab_networks).eval()
    images = noise(2, 8, 6, 3)
    with torch.no_grad():
        network.conv_last.bias.add_(0.4)  # amid the range
        expected = 2 * network(torch.tensor(channels_first((images + 1) / 2))).clamp(0, 1).numpy() - 1
    assert np.ptp(expected) > 0.1 and np.abs(expected).mean() < 0.95
    state = {f"generator.{key}": tensor.numpy() for key, tensor in network.state_dict().items()}
    state["discriminator.conv0_0.weight"] = np.zeros((4, 3, 3, 3), "float32")
    path = Writer().zipped({"meta": {}, "state_dict": state}, tmp_path / "x.pth")
    gan = ours()
    report = kerasgan.checkpoints.assign(gan, path)
    np.testing.assert_allclose(channels_first(gan.predict(images)), expected, atol=1e-5)
    assert report.fits and list(report.skipped) == ["discriminator.conv0_0.weight"]
    kerasgan.checkpoints.assign(gan, path, channel_order="bgr")
    np.testing.assert_allclose(channels_first(gan.predict(images[..., ::-1]))[:, ::-1], expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("entry", ["srgan-div2k", "realesrgan-df2k-ost", "realesrgan-df2k-ost-x2", "realesrgan-anime"])
def test_the_full_size_generators_have_a_place_for_every_published_tensor(entry):
    torch = pytest.importorskip("torch")
    import openmmlab_networks as networks

    gan, recipe = kerasgan.zoo.load(entry, weights=None), kerasgan.zoo.recipe(entry)
    family, sizes = recipe.family, {key: recipe.model[key] for key in ("width", "blocks", "scale")}
    with torch.device("meta"):
        network = networks.MSRResNet(**sizes) if family == "SRGAN" else networks.RRDBNet(growth=32, **sizes)
    places = kerasgan.checkpoints.openmmlab.FAMILIES[family].placements(gan.generator)
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    assert {place.tensor: place.expected_shape for place in places} == expected


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="exports from others: test_export_programs")
@pytest.mark.parametrize("form", ["onnx", "saved_model"])
def test_exported_files_enlarge_images_of_other_sizes(form, tmp_path):
    from test_export import fact, opened

    for name, gan in {
        "srgan": SRGAN(**SRGAN.tiny_config),
        "modified": SRGAN(**SMALL, variant="modified"),
        "esrgan": ESRGAN(**ESRGAN.tiny_config),
    }.items():
        run, facts = opened(getattr(kerasgan.export, form)(gan, tmp_path / name), output="outputs")
        images = noise(2, 6, 10, 3)
        np.testing.assert_allclose(run(images=images), gan.predict(images), atol=5e-5)
        assert fact(facts, "scale") == gan.scale


def test_scores_are_those_of_scikit_image_on_the_luminance_without_the_border():
    pytest.importorskip("skimage")
    from skimage import color, metrics

    targets = np.tanh(noise(2, 24, 28, 3))
    made = np.clip(targets + 0.1 * noise(2, 24, 28, 3, seed=1), -1, 1)
    scores = pair_scores(made, targets, scale=4)
    for index in range(2):
        pair = [color.rgb2ycbcr((images[index] + 1.0) / 2)[4:-4, 4:-4, 0] for images in (targets, made)]
        expected = metrics.peak_signal_noise_ratio(*pair, data_range=255)
        assert scores["peak_signal_to_noise"][index] == pytest.approx(expected, abs=1e-4)
        options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
        expected = metrics.structural_similarity(*pair, **options)
        assert scores["structural_similarity"][index] == pytest.approx(expected, abs=1e-5)
