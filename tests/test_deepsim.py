"""DeePSiM: layer tables, the three losses, paused updates, the frozen network, exports."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops
from PIL import Image

import kerasgan
from kerasgan import data
from kerasgan.evaluation.pair_card import pair_card
from kerasgan.gan import Balance
from kerasgan.metrics.classifiers import classifier
from kerasgan.models import DeePSiM, deepsim_networks
from kerasgan.models.feature_networks import frozen, vgg16

SMALL = {"units": 4, "width": 1, "discriminator_width": 1, "discriminator_stride": 1}


def noise(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def value(tensor):
    return ops.convert_to_numpy(tensor)


def values(variables):
    return [value(variable.value) for variable in variables]


def own_network(size=20):
    """A small network that nobody has frozen, with open sides where `size` is None."""
    keras.utils.set_random_seed(0)
    images = keras.Input((size, size, 2), name="pictures")
    maps = layers.Conv2D(3, 3, 2, "same", activation="tanh", name="maps")(images)
    deeper = layers.Conv2D(4, 3, 2, "same", activation="tanh", name="deeper")(layers.BatchNormalization()(maps))
    vectors = layers.GlobalAveragePooling2D(name="vectors")(deeper)
    return keras.Model(images, layers.Dense(5, activation="softmax", name="classes")(vectors), name="own")


def own_gan(layer="vectors", **options):
    gan = DeePSiM(network=own_network(), layer=layer, **{"comparator": "deeper", **SMALL, **options})
    gan.compile(run_eagerly=True)
    return gan


def test_the_networks_have_the_sizes_of_the_authors_tables(monkeypatch):
    monkeypatch.setattr(deepsim_networks, "_kernels", lambda decay: {"kernel_initializer": "zeros", "use_bias": False})
    network = deepsim_networks.generator((4096,), (256, 256, 3), units=4096, width=32)
    assert network.count_params() == 56_096_256
    assert network.output_shape == (None, 256, 256, 3)
    network = deepsim_networks.generator((6, 6, 256), (227, 227, 3), units=8, width=32)
    assert [network.get_layer(f"maps{index}").output.shape[1:] for index in (1, 2, 3)] == [(6, 6, 512)] * 2 + [
        (4, 4, 512)
    ]
    assert network.get_layer("conv5").output.shape[1:] == (8, 8, 512)
    assert network.output_shape == (None, 227, 227, 3)
    network = deepsim_networks.discriminator((227, 227, 3), (4096,), width=32, stride=4)
    maps = [network.get_layer(f"conv{level}").output.shape[1:] for level in range(1, 6)]
    assert maps == [(56, 56, 32), (52, 52, 64), (25, 25, 128), (23, 23, 256), (11, 11, 256)]
    assert network.get_layer("features1").units == 1024 and network.get_layer("features2").units == 512


@pytest.mark.parametrize(("maps", "size"), [((10, 10, 3), 20), ((5, 5, 4), 20), ((3, 3, 2), 20), ((20, 20, 3), 20)])
def test_maps_of_any_layer_lead_to_the_images_size(maps, size):
    network = deepsim_networks.generator(maps, (size, size, 2), units=4, width=1)
    assert network.output_shape == (None, size, size, 2)
    meets = size % maps[0] == 0
    assert network.get_layer("maps3").output.shape[1] == maps[0] - (0 if meets else 2)


def test_the_generators_loss_is_the_papers_in_units_of_its_pixels():
    gan = own_gan(image_weight=0.5, feature_weight=3.0, adversarial_weight=7.0)
    images, fakes = noise(2, 20, 20, 2), noise(2, 20, 20, 2, seed=1)
    batch = gan.prepare_batch((images, images))._replace(fake=ops.convert_to_tensor(fakes))
    part = keras.Model(gan.network.inputs[0], gan.network.get_layer("deeper").output)
    image = np.sum((127.5 * (fakes - images)) ** 2) / 2 / 2
    feature = np.sum((value(part(fakes)) - value(part(images))) ** 2) / 2 / 2
    gan.discriminate = lambda images, condition: gan.discriminator([images, condition], training=False)
    adversarial = np.mean(np.log1p(np.exp(-gan.examine(fakes, images))))
    expected = 0.5 * image + 3 * feature + 7 * adversarial
    assert float(value(gan.generator_loss(batch))) == pytest.approx(expected, rel=1e-5)


def test_the_discriminator_is_told_the_features():
    gan = own_gan()
    images = noise(3, 20, 20, 2)
    assert not np.allclose(gan.examine(images, images), gan.examine(images, -images), atol=1e-7)


def test_updates_pause_and_resume_by_the_ratio_of_the_losses():
    balance = Balance()
    seen = []
    for ratio in (1.0, 0.2, 0.09, 0.2, 0.49, 0.51, 11.0, 9.0, 0.05):
        balance.observe_discriminator(ops.convert_to_tensor(3.0 * ratio))
        balance.observe_generator(ops.convert_to_tensor(3.0))
        seen.append((int(value(balance.discriminator_updates)), int(value(balance.generator_updates))))
    assert seen == [(1, 1), (1, 1), (0, 1), (0, 1), (0, 1), (1, 1), (1, 0), (1, 1), (0, 1)]
    with pytest.raises(ValueError, match=r"lowest <= resume.*lowest=0\.6"):
        Balance(lowest=0.6)


@pytest.mark.parametrize("paused", ["generator", "discriminator"])
def test_a_paused_network_keeps_weights_and_moments_while_steps_are_counted(paused):
    gan = own_gan()
    images = noise(2, 20, 20, 2)
    gan.train_on_batch(images)
    gan.balance.discriminator_updates.assign(float(paused != "discriminator"))
    gan.balance.generator_updates.assign(float(paused != "generator"))
    optimizer = getattr(gan.optimizer, paused)
    slots = [slot for slot in optimizer.variables if slot is not optimizer.iterations]
    before = {name: values(getattr(gan, name).trainable_variables) for name in ("generator", "discriminator")}
    kept = values(slots)
    gan.train_on_batch(images)
    for name, old in before.items():
        same = [np.array_equal(*pair) for pair in zip(old, values(getattr(gan, name).trainable_variables))]
        assert all(same) if name == paused else not all(same)
    assert all(np.array_equal(*pair) for pair in zip(kept, values(slots)))
    assert int(optimizer.iterations) == 2


def test_training_lowers_the_distance_of_features_and_leaves_the_network_alone():
    gan = DeePSiM(**{**DeePSiM.tiny_config, "width": 4, "units": 16}, feature_weight=1.0, adversarial_weight=0)
    adam = keras.optimizers.Adam(3e-3)
    gan.compile(generator_optimizer=adam)
    source = data.digits(image_size=32, split="train", batch_size=16)
    before = values(gan.network.variables)
    history = gan.fit(source, epochs=2, steps_per_epoch=20, verbose=0).history
    assert history["feature_loss"][1] < 0.85 * history["feature_loss"][0]
    assert all(np.array_equal(*pair) for pair in zip(before, values(gan.network.variables)))
    theirs = classifier("digits")
    assert all(np.array_equal(*pair) for pair in zip(before, values(theirs.variables)))
    owned = {id(each) for each in (*gan.generator.variables, *gan.discriminator.variables)}
    assert {id(each) for each in gan.trainable_variables} <= owned


def test_a_network_of_ones_own_is_copied_and_travels_in_the_file(tmp_path):
    theirs = own_network()
    gan = DeePSiM(network=theirs, layer="deeper", comparator="maps", class_layer="classes", **SMALL)
    assert theirs.trainable and len(theirs.trainable_variables) == 8
    images = noise(3, 20, 20, 2)
    features = value(keras.Model(theirs.inputs[0], theirs.get_layer("deeper").output)(images))
    theirs.get_layer("maps").kernel.assign_add(ops.ones((3, 3, 2, 3)))
    np.testing.assert_allclose(gan.encode(images), features, atol=1e-6)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.encode(images), gan.encode(images))
    np.testing.assert_array_equal(again.invert(features), gan.invert(features))
    assert not again.network.trainable_variables


def test_predict_inverts_the_features_of_images_at_their_size():
    gan = own_gan("deeper", class_layer="classes")
    images = noise(2, 20, 20, 2)
    made = gan.invert(gan.encode(images))
    np.testing.assert_allclose(gan.predict(images), made, atol=1e-6)
    np.testing.assert_allclose(value(gan(images)), made, atol=1e-6)
    assert gan.predict(noise(40, 33, 2)).shape == (40, 33, 2)
    with pytest.raises(ValueError, match=r"features \(count, 5, 5, 4\). Received: \(2, 20, 20, 2\)"):
        gan.invert(images)


def test_the_card_tells_what_is_lost_in_features_and_classes_and_compares_with_no_inputs():
    gan = own_gan("deeper", class_layer="classes")
    images = noise(6, 20, 20, 2)
    scores = pair_card(gan, {"test": data.derive_pairs(images, "unchanged")}).content["scores"]
    found, wanted = (gan.encode(each).reshape(6, -1) for each in (gan.predict(images), images))
    errors = np.linalg.norm(found - wanted, axis=1) / np.linalg.norm(wanted, axis=1)
    assert scores["feature_error"]["mean"] == pytest.approx(errors.mean(), rel=1e-4)
    classes = [value(own_network()(each)).argmax(axis=1) for each in (gan.predict(images), images)]
    assert scores["agreement"]["mean"] == pytest.approx(np.mean(classes[0] == classes[1]), rel=1e-4)
    assert {score["real"] for score in scores.values()} == {None}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": {"name": "digit"}}, "such as digits. Received: .*'digit'"),
        ({"network": {"name": "digits"}, "layer": "pool4"}, "layer of digits_network, such as .*pool3.*layer='pool4'"),
        ({"network": {"name": "digits"}, "image_size": 16}, r"size, \(32, 32\). Received: image_size=16"),
        ({"network": {"name": "digits"}, "discriminator_stride": 2}, "smaller discriminator_stride. Received: 2"),
        ({"network": own_network(None)}, "height and width of the images. Received: image_size=None"),
        ({"network": keras.Model()}, "functional or sequential"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(options, message):
    with pytest.raises(ValueError, match=message):
        DeePSiM(**{"layer": "features", "comparator": "pool2", **SMALL, **options})


def test_a_network_of_any_size_takes_the_one_it_is_given():
    theirs = own_network(None)
    part = frozen(theirs, ["deeper"], image_size=(12, 8))
    images = noise(2, 12, 8, 2)
    expected = value(keras.Model(theirs.inputs[0], theirs.get_layer("deeper").output)(images))
    np.testing.assert_allclose(value(part(images)["deeper"]), expected, atol=1e-6)


@pytest.mark.slow
def test_vgg16_sees_what_its_weights_were_trained_on():
    network = vgg16(None)
    images = noise(1, 224, 224, 3)
    first = network.get_layer("block1_conv1")
    centered = keras.applications.vgg16.preprocess_input(127.5 * (images + 1))
    theirs = np.ascontiguousarray(value(first.kernel)[:, :, ::-1])
    maps = np.maximum(value(ops.conv(centered, theirs, padding="same")), 0)
    part = frozen(network, ["block1_conv1", "fc1"])
    np.testing.assert_allclose(value(part(images)["block1_conv1"]), maps, atol=1e-2)
    assert part.get_layer("fc1").output.shape == (None, 4096)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="exports from others: test_export_programs")
def test_exported_files_hold_the_network_and_take_images(tmp_path):
    from test_export import opened

    gan = own_gan("deeper")
    images = noise(5, 20, 20, 2)
    for form in ("onnx", "saved_model"):
        run, facts = opened(getattr(kerasgan.export, form)(gan, tmp_path / form), output="outputs")
        np.testing.assert_allclose(run(images=images), gan.predict(images), atol=5e-5)
        assert facts["family"] == "DeePSiM"


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="exports from others: test_export_programs")
def test_the_program_beside_an_export_resizes_pictures_to_the_networks_size(tmp_path):
    gan = DeePSiM(**DeePSiM.tiny_config)
    model = kerasgan.export.onnx(gan, tmp_path / "model.onnx")
    pixels = np.random.default_rng(0).integers(0, 256, (19, 30), "uint8")
    Image.fromarray(pixels).save(tmp_path / "in.png")
    program = Path(__file__).parents[1] / "export" / "onnx" / "translate.py"
    subprocess.run([sys.executable, program, model, tmp_path / "in.png", "-o", tmp_path / "out.png"], check=True)
    with Image.open(tmp_path / "out.png") as made:
        expected = np.rint((gan.predict(pixels[..., np.newaxis]) + 1) * 127.5)
        np.testing.assert_allclose(np.asarray(made, "float32"), expected[..., 0], atol=1)
