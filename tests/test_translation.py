"""Image-to-image families: layer tables, patches, the pool, tiles, exports and published checkpoints."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import kerasgan
from kerasgan import data, gradients
from kerasgan.export import formats
from kerasgan.gan import ImageToImage
from kerasgan.gan.tiling import Tiling, translate
from kerasgan.layers import FrozenDropout, ImagePool, InstanceNormalization, ReflectionPadding2D, patch_logits
from kerasgan.models import CycleGAN, Pix2Pix
from kerasgan.schedules import LinearDecay

SHARED = Path(__file__).parents[2] / "shared" / "checkpoints"
EXPORTS = {name: getattr(kerasgan.export, name) for name in formats.FORMATS if name != "web"}


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def lively(network):
    """Weights of a size at which outputs span their range."""
    rng = np.random.default_rng(3)
    for weight in network.weights:
        size = rng.uniform(0.5, 1.5, weight.shape) if "variance" in weight.path else rng.normal(0, 0.3, weight.shape)
        weight.assign(size)
    return network


def test_the_networks_have_the_parameter_counts_of_the_authors_pytorch_code():
    gan = Pix2Pix()
    assert parameters(gan.generator) == 54_413_955
    assert parameters(gan.discriminator) == 2_768_705
    assert gan.generator.get_layer("down7").compute_output_shape((1, 2, 2, 512)) == (1, 1, 1, 512)
    assert gan.discriminator.compute_output_shape([(1, 256, 256, 3)] * 2) == (1, 30, 30, 1)
    for blocks, count in ((9, 11_378_179), (6, 7_837_699)):
        gan = CycleGAN(blocks=blocks, image_size=16, pool_size=1)
        assert parameters(gan.generator_ab) == parameters(gan.generator_ba) == count
    assert parameters(gan.discriminator.get_layer("discriminator_a")) == 2_764_737


@pytest.mark.parametrize(("layers", "field"), [(0, 1), (1, 16), (2, 34), (3, 70), (4, 142), (5, 286)])
def test_one_logit_sees_a_patch_of_the_papers_size(layers, field):
    size = max(2 * field, 16)
    images = keras.Input((size, size, 1))
    network = keras.Model(images, patch_logits(images, width=1, patch_layers=layers, norm="none"))
    for weight in network.weights:
        weight.assign(ops.ones(weight.shape) * (0.1 if len(weight.shape) == 4 else 0.0))
    logits = network.compute_output_shape((1, size, size, 1))[1] // 2

    def one(inputs):
        return network(inputs)[:, logits, logits]

    seen = ops.convert_to_numpy(gradients.input_gradients(one, ops.ones((1, size, size, 1))))[0, ..., 0] != 0
    assert seen.any(axis=0).sum() == seen.any(axis=1).sum() == field


def test_pix2pix_adds_a_hundred_times_the_mean_absolute_error():
    gan = Pix2Pix(**Pix2Pix.tiny_config)
    gan.compile(run_eagerly=True)
    inputs, targets = noise(2, *gan.input_shape), noise(2, *gan.image_shape, seed=1)
    batch = gan.prepare_batch((inputs, targets))
    batch = batch._replace(fake=ops.convert_to_tensor(noise(2, *gan.image_shape, seed=2)))
    logits = ops.convert_to_numpy(gan.discriminate(batch.fake, batch.inputs))
    expected = np.log1p(np.exp(-logits)).mean() + 100 * np.abs(noise(2, *gan.image_shape, seed=2) - targets).mean()
    assert float(ops.convert_to_numpy(gan.generator_loss(batch))) == pytest.approx(expected, rel=1e-5)


def test_the_conditional_discriminator_scores_an_image_given_its_input():
    gan = Pix2Pix(**Pix2Pix.tiny_config)
    images, inputs = noise(2, *gan.image_shape), noise(2, *gan.input_shape)
    assert not np.allclose(gan.examine(images, inputs), gan.examine(images, -inputs))


def test_cyclegan_weighs_cycle_and_identity_as_the_paper():
    gan = CycleGAN(**{**CycleGAN.tiny_config, "input_channels": 3, "identity_weight": 0.5})
    gan.compile(run_eagerly=True)
    a, b = noise(2, *gan.input_shape), noise(2, *gan.image_shape, seed=1)

    def way(direction, images):
        return ops.convert_to_numpy(gan.translator(direction)(images, training=True))

    fake_b, fake_a = way("ab", a), way("ba", b)
    logits = [
        ops.convert_to_numpy(gan.discriminator.get_layer(f"discriminator_{d}")(fake))
        for d, fake in zip("ba", (fake_b, fake_a))
    ]
    cycle = np.abs(way("ba", fake_b) - a).mean() + np.abs(way("ab", fake_a) - b).mean()
    identity = np.abs(way("ab", b) - b).mean() + np.abs(way("ba", a) - a).mean()
    authors = sum(((each - 1) ** 2).mean() for each in logits) + 10 * cycle + 5 * identity
    batch = gan.prepare_batch((a, b))
    batch = batch._replace(fake=gan.synthesize(batch))
    assert float(ops.convert_to_numpy(gan.generator_loss(batch))) == pytest.approx(authors / 2, rel=1e-4)
    gan.compile({"name": "least_squares", "factor": 1.0}, run_eagerly=True)
    assert float(ops.convert_to_numpy(gan.generator_loss(batch))) == pytest.approx(authors, rel=1e-4)
    gan.compile("hinge", run_eagerly=True)
    expected = 10 * cycle + 5 * identity - sum(each.mean() for each in logits)
    assert float(ops.convert_to_numpy(gan.generator_loss(batch))) == pytest.approx(expected, rel=1e-4)


def test_the_pool_keeps_and_returns_the_first_images_and_then_half_of_the_time_older_ones():
    pool = ImagePool(6, seed=1)
    given = np.arange(400, dtype="float32").reshape(-1, 2, 1, 1, 1)
    back = np.stack([ops.convert_to_numpy(pool(ops.convert_to_tensor(batch))) for batch in given])
    np.testing.assert_array_equal(back[:3], given[:3])
    later, fresh = back[3:].ravel(), given[3:].ravel()
    older = later[later != fresh]
    assert 0.4 < len(older) / len(fresh) < 0.6
    assert len(set(older)) == len(older)  # what is taken out is replaced
    assert (older < fresh[later != fresh]).all()
    kept = ops.convert_to_numpy(pool.kept).ravel()
    assert len(set(kept)) == 6 and not set(kept) & set(older)


def test_a_pool_that_fills_within_a_batch_loses_and_doubles_nothing():
    pool = ImagePool(5, seed=0)
    given = np.arange(12, dtype="float32").reshape(4, 3, 1, 1, 1)
    back = [ops.convert_to_numpy(pool(ops.convert_to_tensor(batch))).ravel() for batch in given]
    np.testing.assert_array_equal(back[0], [0, 1, 2])
    np.testing.assert_array_equal(back[1][:2], [3, 4])
    known = set(np.concatenate(back)) | set(ops.convert_to_numpy(pool.kept).ravel())
    assert known == set(range(12)) and int(pool.count) == 5


def test_no_pool_gives_back_what_it_is_given():
    images = ops.convert_to_tensor(noise(2, 4, 4, 1))
    np.testing.assert_array_equal(*(ops.convert_to_numpy(x) for x in (ImagePool(0)(images), images)))
    with pytest.raises(ValueError, match="Received: size=-1"):
        ImagePool(-1)


def test_the_rate_is_constant_and_then_falls_to_zero():
    rate = LinearDecay(2e-4, constant_steps=100, decay_steps=50)
    np.testing.assert_allclose([float(rate(step)) for step in (0, 100, 125, 150, 999)], [2e-4, 2e-4, 1e-4, 0, 0])
    assert LinearDecay(**rate.get_config()).get_config() == rate.get_config()


def test_instance_normalization_and_reflection_are_those_of_numpy():
    images = noise(2, 5, 6, 3)
    normed = ops.convert_to_numpy(InstanceNormalization()(images))
    mean, variance = images.mean((1, 2), keepdims=True), images.var((1, 2), keepdims=True)
    np.testing.assert_allclose(normed, (images - mean) / np.sqrt(variance + 1e-5), atol=1e-5)
    padded = ops.convert_to_numpy(ReflectionPadding2D(2)(images))
    np.testing.assert_array_equal(padded, np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect"))


def test_frozen_dropout_is_one_mask_for_all_images_that_repeats_over_large_maps():
    layer, maps = FrozenDropout(0.5, mask_seed=3), ops.ones((2, 20, 5, 4))
    masked = ops.convert_to_numpy(layer(maps))
    assert set(np.unique(masked)) == {0, 2} and 0.4 < masked.mean() / 2 < 0.6
    np.testing.assert_array_equal(masked[0], masked[1])
    np.testing.assert_array_equal(masked[:, 16:], masked[:, :4])
    assert not np.array_equal(masked, ops.convert_to_numpy(layer(maps, training=True)))
    calm, noisy = Pix2Pix(**Pix2Pix.tiny_config), Pix2Pix(**Pix2Pix.tiny_config, noise_seed=1)
    noisy.set_weights(calm.get_weights())
    images = noise(1, *calm.input_shape)
    assert not np.allclose(noisy.predict(images), calm.predict(images))


def local(images):
    """A network that sees two pixels around, and halves and doubles in between."""
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    height, width = images.shape[1:3]
    assert height % 2 == width % 2 == 0
    return sum(padded[:, dy : dy + height, dx : dx + width] for dy in range(5) for dx in range(5)) / 25


@pytest.mark.parametrize("size", [(50, 70), (33, 20), (100, 12), (64, 64)])
def test_tiles_of_a_local_network_give_what_it_gives_of_the_whole(size):
    images = noise(2, *size, 3)
    whole = translate(local, images, Tiling(size=128, overlap=8), multiple=2)
    tiles = translate(local, images, Tiling(size=32, overlap=8, batch_size=3), multiple=2)
    assert whole.shape == images.shape
    np.testing.assert_allclose(tiles, whole, atol=2e-6)


@pytest.mark.parametrize("size", [(50, 70), (20, 12)])
def test_rows_are_written_into_an_array_of_bytes_or_floats_as_they_are_done(size):
    images, options = noise(2, *size, 3), (Tiling(size=32, overlap=8), {"multiple": 2})
    floats = translate(local, images, options[0], **options[1])
    given = np.empty_like(floats)
    assert translate(local, images, options[0], **options[1], out=given) is given
    np.testing.assert_array_equal(given, floats)
    bytes_ = translate(local, images, options[0], **options[1], out=np.empty(floats.shape, np.uint8))
    np.testing.assert_array_equal(bytes_, np.rint(np.clip(floats, -1, 1) * 127.5 + 127.5))
    for wrong in (np.empty(floats.shape), np.empty((2, 8, 8, 3), np.uint8)):
        with pytest.raises(ValueError, match=r"out to be float32 or uint8 \(2, .*Received: shape="):
            translate(local, images, options[0], **options[1], out=wrong)


def test_any_scale_has_a_usual_tile():
    def enlarged(images):
        return images.repeat(32, axis=1).repeat(32, axis=2)

    assert translate(enlarged, noise(1, 3, 4, 1), Tiling(), scale=32).shape == (1, 96, 128, 1)


def test_tiles_of_a_network_that_shades_each_one_differently_pass_smoothly_into_each_other():
    shades = iter(np.linspace(-1, 1, 100))

    def shaded(tiles):
        return np.stack([np.full_like(tile, next(shades)) for tile in tiles])

    made = translate(shaded, np.zeros((1, 120, 120, 1), "float32"), Tiling(size=48, overlap=16))[0, ..., 0]
    spread = 2 * 15 / 99  # between neighbors in the order of tiles, which are rows of three or four
    assert np.abs(np.diff(made, axis=0)).max() < spread / 4 and np.abs(np.diff(made, axis=1)).max() < spread / 4


def test_scaled_tiles_lie_where_they_belong_and_small_images_are_reflected():
    def doubled(images):
        return images.repeat(2, axis=1).repeat(2, axis=2)

    images = noise(1, 40, 30, 2)
    made = translate(doubled, images, Tiling(size=16, overlap=4), scale=2)
    np.testing.assert_allclose(made, doubled(images), atol=1e-6)
    np.testing.assert_allclose(translate(doubled, images, Tiling(size=16), scale=2), doubled(images), atol=1e-6)
    assert translate(doubled, images[:, :3, :1], Tiling(), multiple=4, smallest=8, scale=2).shape == (1, 6, 2, 2)
    with pytest.raises(ValueError, match=r"below half of a tile of 16 pixels\. Received: overlap=8"):
        translate(doubled, images, Tiling(size=16, overlap=8))


def test_two_networks_of_ones_own_are_trained_to_undo_a_derivation():
    images = keras.Input((None, None, 1), name="images")
    generator = keras.Model(images, keras.layers.Conv2D(1, 1, activation="tanh")(images))
    discriminator = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    gan = ImageToImage(generator, discriminator, image_size=8)
    gan.compile(generator_optimizer=keras.optimizers.Adam(0.05))
    targets = noise(16, 8, 8, 1) - 0.3
    targets = np.clip(targets, -1, 1)
    history = gan.fit(data.derive_pairs(targets, lambda x: -x, batch_size=8), epochs=3, verbose=0).history
    assert np.isfinite(history["generator_loss"]).all()
    assert gan.examples[0].shape == (8, 8, 8, 1)
    np.testing.assert_array_equal(gan.examples[0], -gan.examples[1])
    with pytest.raises(ValueError, match=r"none, as it has one generator. Received: 'ab'"):
        gan.predict(targets, direction="ab")
    with pytest.raises(ValueError, match=r"multiples of 6.*Received: image_size=8"):
        ImageToImage(generator, discriminator, image_size=8, scale=2, multiple=3)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="exports from others: test_export_programs")
@pytest.mark.slow
@pytest.mark.parametrize("form", EXPORTS)
def test_exported_files_translate_sizes_and_batches_that_the_export_did_not_try(form, tmp_path):
    from test_export import fact, opened

    gan = CycleGAN(**CycleGAN.tiny_config)
    for direction, channels in (("ab", 1), ("ba", 3)):
        lively(gan.translator(direction))
        run, facts = opened(EXPORTS[form](gan, tmp_path / direction, direction=direction), output="outputs")
        images = noise(2, 20, 44, channels)
        outputs = run(images=images)
        assert np.ptp(outputs) > 0.1
        np.testing.assert_allclose(outputs, gan.predict(images, direction=direction), atol=5e-5)
        assert fact(facts, "multiple") == 4 and fact(facts, "scale") == 1
    gan = Pix2Pix(**Pix2Pix.tiny_config, norm="batch", noise_seed=1)
    lively(gan.generator)
    run, _ = opened(EXPORTS[form](gan, tmp_path / "unet"), output="outputs")
    images = noise(2, 16, 24, 1)
    np.testing.assert_allclose(run(images=images), gan.predict(images), atol=5e-5)


@pytest.mark.skipif(not SHARED.exists(), reason="the published checkpoints' references are not beside this copy")
@pytest.mark.filterwarnings("ignore:The file holds one generator")
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("pix2pix", lambda: Pix2Pix(image_size=32, depth=5, width=8, norm="batch")),
        ("cyclegan", lambda: CycleGAN(image_size=32, blocks=3, width=8, pool_size=1)),
    ],
)
def test_the_reference_checkpoint_makes_the_reference_images(name, make):
    gan, reference = make(), np.load(SHARED / f"{name}.npz")
    kerasgan.checkpoints.assign(gan, SHARED / f"{name}.pth")
    images = gan.predict(reference["input_0"].transpose(0, 2, 3, 1))
    assert np.ptp(reference["output"]) > 0.05
    assert np.abs(images.transpose(0, 3, 1, 2) - reference["output"]).max() <= 1e-4
    turned = make()
    kerasgan.checkpoints.assign(turned, SHARED / f"{name}.pth", channel_order="bgr")
    again = turned.predict(reference["input_0"].transpose(0, 2, 3, 1)[..., ::-1])
    np.testing.assert_allclose(again[..., ::-1], images, atol=1e-5)


@pytest.mark.skipif(not SHARED.exists(), reason="the published layouts are not beside this copy")
@pytest.mark.parametrize(
    ("layout", "prefix", "make"),
    [
        ("pix2pix_unet8", "generators.photo.", lambda: Pix2Pix(norm="batch").generator),
        ("cyclegan_resnet9", "generators.zebra.", lambda: CycleGAN(pool_size=1).generator_ab),
    ],
)
def test_the_published_layouts_have_a_place_for_every_tensor(layout, prefix, make):
    from kerasgan.checkpoints import openmmlab

    tensors = json.loads((SHARED / "layouts" / f"{layout}.json").read_text())["tensors"]
    family = {"pix2pix_unet8": "Pix2Pix", "cyclegan_resnet9": "CycleGAN"}[layout]
    places = openmmlab.FAMILIES[family].placements(make())
    found = {f"{prefix}{place.tensor}": list(place.expected_shape) for place in places}
    assert found == {name: shape for name, shape in tensors.items() if not name.endswith("num_batches_tracked")}


def test_both_generators_of_a_file_find_their_direction(tmp_path):
    from pth_writer import Writer

    whole = CycleGAN(image_size=16, blocks=1, width=4, pool_size=1)
    lively(whole.generator)
    from kerasgan.checkpoints.openmmlab import cyclegan

    state = {}
    for domain, way in (("horse", "ba"), ("zebra", "ab")):  # each named after what it makes, a before b
        for place in cyclegan.placements(whole.translator(way)):
            value = ops.convert_to_numpy(place.variable.value)
            order = np.argsort(place.axes) if place.axes else None
            state[f"generators.{domain}.{place.tensor}"] = np.ascontiguousarray(
                value.transpose(order) if place.axes else value
            )
    state["discriminators.horse.conv"] = np.zeros(3, "float32")
    path = Writer().zipped({"meta": {}, "state_dict": state}, tmp_path / "x.pth")
    gan = CycleGAN(image_size=16, blocks=1, width=4, pool_size=1)
    gan.compile(ema_half_life=100)
    report = kerasgan.checkpoints.assign(gan, path)
    images = noise(1, 16, 16, 3)
    for way in ("ab", "ba"):
        np.testing.assert_allclose(gan.predict(images, direction=way), whole.predict(images, direction=way), atol=1e-6)
    assert report.skipped == {"discriminators.horse.conv": "belongs to the discriminator"}


@pytest.mark.skipif(not SHARED.exists(), reason="the published checkpoints' references are not beside this copy")
def test_half_published_models_and_other_norms_are_named():
    gan = Pix2Pix(image_size=32, depth=5, width=8)
    with pytest.raises(kerasgan.checkpoints.CheckpointError, match=r"norm='batch'.*InstanceNormalization"):
        kerasgan.checkpoints.assign(gan, SHARED / "pix2pix.pth")
    with pytest.warns(UserWarning, match="into generator_ab only"):
        cycle = CycleGAN(image_size=32, blocks=3, width=8, pool_size=1)
        kerasgan.checkpoints.assign(cycle, SHARED / "cyclegan.pth")
    assert cycle.untrained == ("ba",) and cycle.predict(np.zeros((32, 32, 3), np.uint8)).shape == (32, 32, 3)
    with pytest.warns(UserWarning, match="no weights of the direction ba: its generator is untrained"):
        cycle.predict(np.zeros((32, 32, 3), np.uint8), direction="ba")
    cycle.on_fit_begin(None)
    assert cycle.untrained == ()


def test_what_needs_latents_or_would_part_images_from_their_inputs_is_refused():
    gan = Pix2Pix(**Pix2Pix.tiny_config)
    with pytest.raises(TypeError, match="Pix2Pix takes images as input"):
        kerasgan.exploration.walk(gan, [0, 1], frames=4)
    with pytest.raises(TypeError, match=r"Expected a model, such as .* Received: gan='dcgan-digits'"):
        kerasgan.exploration.walk("dcgan-digits", [0, 1])
    with pytest.raises(ValueError, match=r"no augmentation for Pix2Pix.*Received: augment='diff_augment'"):
        gan.compile(augment="diff_augment")


def test_predict_takes_the_arguments_of_keras_in_their_positions(capsys):
    gan = Pix2Pix(**Pix2Pix.tiny_config)
    images = noise(5, *gan.input_shape)
    made = gan.predict(images)
    np.testing.assert_allclose(gan.predict(images, 2, 0), made, atol=1e-6)
    np.testing.assert_allclose(gan.predict(images, batch_size=2, verbose=0, steps=2), made[:4], atol=1e-6)
    assert len(gan.predict(list(images), batch_size=1, steps=3)) == 3
    assert not capsys.readouterr().out
    gan.predict(images, batch_size=2, verbose=1)
    assert "5/Unknown" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"positive whole number.*Received: steps=0"):
        gan.predict(images, batch_size=2, steps=0)
    with pytest.raises(ValueError, match=r"with a batch_size. Received: steps=1, batch_size=None"):
        gan.predict(images, steps=1)
    for given, kind in (("photos", "str"), (data.unpaired, "function")):  # no shape of an array would say what it is
        with pytest.raises(ValueError, match=rf"Expected images \(count.*Received: a {kind}"):
            gan.predict(given)


def test_predict_asks_about_images_from_zero_to_one_and_takes_light_drawings():
    gan = Pix2Pix(**Pix2Pix.tiny_config)
    image = np.abs(noise(1, *gan.input_shape))
    image.flat[:2] = 0, 1
    for given in (image, [image[0]]):
        with pytest.warns(UserWarning, match=r"Images lie in \[0, 1\], but black is -1 here"):
            gan.predict(given)
    gan.predict(np.maximum(image, 0.5))  # pytest turns a warning into an error
