"""Exported generators draw what Keras draws; whatever does not is refused and leaves nothing behind."""

import json
import sys
import zipfile

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from ai_edge_litert.interpreter import Interpreter
from keras import ops

import kerasgan
from kerasgan.export import ExportError, formats, opsets, proof
from kerasgan.gan import ImageToImage
from kerasgan.models import DCGAN, ESRGAN, GAN2014, ConditionalGAN

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

EXPORTS = {name: getattr(kerasgan.export, name) for name in formats.FORMATS if name != "web"}  # which bundles have
FAMILIES = {
    "DCGAN": lambda: DCGAN(image_size=16, channels=3, latent_dim=5, width=4),
    "ConditionalGAN": lambda: ConditionalGAN(image_size=8, latent_dim=5, width=0.02),
    "GAN2014": lambda: GAN2014(image_size=8, latent_dim=5, generator_units=(7, 6), discriminator_units=(4, 4)),
}

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends: test_export_programs")


def lively(network):
    """Gives every weight a size at which the images span their range."""
    rng = np.random.default_rng(3)
    for weight in network.weights:
        size = rng.uniform(0.5, 1.5, weight.shape) if "variance" in weight.path else rng.normal(0, 0.4, weight.shape)
        weight.assign(size)
    return network


def made(family):
    keras.utils.set_random_seed(0)
    gan = FAMILIES[family]()
    lively(gan.generator)
    return gan


def opened(path, output="images"):
    """(run, metadata) of an exported file, read as its formats' users would, not as kerasgan does."""
    if zipfile.is_zipfile(path):
        interpreter = Interpreter(model_path=str(path))
        draw = interpreter.get_signature_runner()
        with zipfile.ZipFile(path) as archive:
            facts = json.loads(archive.read("kerasgan.json"))
        return lambda keep=interpreter, **inputs: draw(**inputs)[output], facts
    if path.is_file():
        session = onnxruntime.InferenceSession(path)
        facts = session.get_modelmeta().custom_metadata_map
        return lambda **inputs: session.run([output], inputs)[0], facts
    draw = tf.saved_model.load(str(path)).signatures["serving_default"]
    facts = json.loads((path / "assets.extra" / "kerasgan.json").read_text())
    return lambda **inputs: draw(**{key: tf.constant(value) for key, value in inputs.items()})[output].numpy(), facts


def fact(facts, name):
    return json.loads(facts[name]) if isinstance(facts[name], str) else facts[name]


@pytest.mark.parametrize("form", EXPORTS)
@pytest.mark.parametrize("family", FAMILIES)
class TestEveryFamily:
    def test_draws_the_images_of_generate_at_a_batch_size_that_the_export_did_not_try(self, family, form, tmp_path):
        gan = made(family)
        path = EXPORTS[form](gan, tmp_path / "made" / "generator")
        run, _ = opened(path)
        inputs = {"latents": gan.prior.draw(5, 5, seed=11)}
        if gan.num_classes:
            inputs["labels"] = np.full(5, 3, "int32")
        images = run(**inputs)
        assert images.dtype == np.float32
        assert np.ptp(images) > 0.1  # not all alike, or the next line would prove nothing
        np.testing.assert_allclose(images, gan.generate(5, seed=11, labels=3 if gan.num_classes else None), atol=1e-5)
        assert [each.name for each in path.parent.iterdir()] == ["generator"]

    def test_carries_what_a_program_must_know_to_use_it(self, family, form, tmp_path):
        path = EXPORTS[form](made(family), tmp_path / "generator", entry="tiny", license="CC0-1.0")
        facts = opened(path)[1]
        assert {key: facts[key] for key in ("entry", "family", "layout", "license", "kerasgan", "keras")} == {
            "entry": "tiny",
            "family": family,
            "layout": "NHWC",
            "license": "CC0-1.0",
            "kerasgan": kerasgan.__version__,
            "keras": keras.__version__,
        }
        assert fact(facts, "value_range") == [-1, 1]
        assert fact(facts, "latent_dim") == 5
        low, high = {"DCGAN": (-1, 1), "ConditionalGAN": (0, 1), "GAN2014": (-(3**0.5), 3**0.5)}[family]
        assert fact(facts, "latent_prior") == {"name": "uniform", "low": low, "high": high}
        if family == "ConditionalGAN":
            assert fact(facts, "num_classes") == 10
        else:
            assert "num_classes" not in facts


def test_onnx_names_its_tensors_and_its_batch_axis(tmp_path):
    graph = onnx.load(kerasgan.export.onnx(made("ConditionalGAN"), tmp_path / "generator.onnx")).graph
    shapes = {
        tensor.name: [axis.dim_param or axis.dim_value for axis in tensor.type.tensor_type.shape.dim]
        for tensor in (*graph.input, *graph.output)
    }
    assert shapes == {"latents": ["batch", 5], "labels": ["batch"], "images": ["batch", 8, 8, 1]}


def test_a_saved_model_names_its_tensors(tmp_path):
    path = kerasgan.export.saved_model(made("ConditionalGAN"), tmp_path / "generator")
    draw = tf.saved_model.load(str(path)).signatures["serving_default"]
    inputs = {name: (spec.shape.as_list(), spec.dtype) for name, spec in draw.structured_input_signature[1].items()}
    assert inputs == {"latents": ([None, 5], tf.float32), "labels": ([None], tf.int32)}
    assert {name: spec.shape.as_list() for name, spec in draw.structured_outputs.items()} == {"images": [None, 8, 8, 1]}


@pytest.mark.parametrize(
    ("opset", "precision"),
    [
        (13, "float32"),
        (18, "float32"),
        (opsets.newest(), "float32"),
        (21, "static_int8"),  # ONNX Runtime 1.32 has no DequantizeLinear of opset 28, and the export says so
    ],
)
def test_the_opset_is_the_requested_one(opset, precision, tmp_path):
    options = {"opset": opset, "precision": precision, "tolerance": 0.5}
    model = onnx.load(kerasgan.export.onnx(made("DCGAN"), tmp_path / "generator.onnx", **options))
    assert {each.version for each in model.opset_import if each.domain == ""} == {opset}


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_mixed_precision_model_is_exported_in_float32(policy, tmp_path):
    whole = made("ConditionalGAN")
    keras.config.set_dtype_policy(policy)
    try:
        mixed = FAMILIES["ConditionalGAN"]()
    finally:
        keras.config.set_dtype_policy("float32")
    mixed.generator.set_weights(whole.generator.get_weights())
    run, _ = opened(kerasgan.export.onnx(mixed, tmp_path / "generator.onnx"))
    images = run(latents=whole.prior.draw(4, 5, seed=2), labels=np.full(4, 1, "int32"))
    np.testing.assert_allclose(images, whole.generate(4, labels=1, seed=2), atol=1e-5)
    assert np.abs(images - mixed.generate(4, labels=1, seed=2)).max() > 1e-4  # half precision would show


def test_the_moving_average_is_exported_where_there_is_one(tmp_path):
    gan = made("DCGAN")
    gan.compile(ema_half_life=100)
    gan.generator.set_weights([weight * 0.5 for weight in gan.generator.get_weights()])
    run, _ = opened(kerasgan.export.onnx(gan, tmp_path / "generator.onnx"))
    latents = gan.prior.draw(2, 5, seed=0)
    np.testing.assert_allclose(run(latents=latents), gan.ema_generator(latents), atol=1e-5)


def test_inputs_that_were_given_no_name_are_named(tmp_path):
    latents = keras.Input((5,))
    images = keras.layers.Reshape((2, 2, 1))(keras.layers.Dense(4, activation="tanh")(latents))
    gan = kerasgan.GAN(keras.Model(latents, images), discriminator((2, 2, 1)))
    run, facts = opened(kerasgan.export.onnx(gan, tmp_path / "generator.onnx"))
    assert run(latents=np.zeros((7, 5), "float32")).shape == (7, 2, 2, 1)
    assert fact(facts, "latent_prior") == {"name": "normal"}


@pytest.mark.parametrize("form", EXPORTS)
@pytest.mark.parametrize("name", ["noise_vector", "noise", "images"])  # the last two are names of other inputs of ours
def test_inputs_with_names_of_ones_own_have_ours_in_the_file(form, name, tmp_path):
    gan = with_layer(keras.layers.Identity(), name)
    run = opened(EXPORTS[form](gan, tmp_path / "generator"))[0]
    latents = gan.prior.draw(2, 5, seed=0)
    np.testing.assert_allclose(run(latents=latents), gan.generate(2, seed=0), atol=1e-5)


@pytest.mark.parametrize("form", EXPORTS)
@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_labels_of_rank_2_and_any_type_are_integers_of_rank_1_in_the_file(form, dtype, tmp_path):
    layers = keras.layers
    latents, label = keras.Input((4,)), keras.Input((1,), dtype=dtype, name="class_id")
    joined = layers.Concatenate()([latents, layers.Flatten()(layers.Embedding(3, 4)(label))])
    generator = keras.Model([latents, label], layers.Reshape((4, 4, 1))(layers.Dense(16, activation="tanh")(joined)))
    image, label = keras.Input((4, 4, 1)), keras.Input((1,), dtype=dtype)
    logits = layers.Dense(1)(layers.Concatenate()([layers.Flatten()(image), layers.Flatten()(label)]))
    gan = kerasgan.GAN(generator, keras.Model([image, label], logits), num_classes=3)
    run = opened(EXPORTS[form](gan, tmp_path / "generator"))[0]
    labels = np.array([2, 0, 1], "int32")
    images = run(latents=gan.prior.draw(3, 4, seed=0), labels=labels)
    np.testing.assert_allclose(images, gan.generate(3, labels=labels, seed=0), atol=1e-5)


def test_a_network_of_ones_own_from_images_may_call_them_otherwise(tmp_path):
    photos = keras.Input((None, None, 1), name="photos")
    generator = keras.Model(photos, keras.layers.Conv2D(1, 3, padding="same", activation="tanh")(photos))
    discriminator = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    gan = ImageToImage(generator, discriminator, image_size=8)
    images = np.random.default_rng(0).uniform(-1, 1, (2, 8, 12, 1)).astype("float32")
    for _ in range(4):  # of one channel and any size, tf2onnx's files had an axis too many now and then
        run, _ = opened(kerasgan.export.onnx(gan, tmp_path / "generator.onnx"), "outputs")
        np.testing.assert_allclose(run(images=images), gan.predict(images, verbose=0), atol=1e-5)


def test_a_generator_in_one_sequence_is_exported_with_options(tmp_path):
    layers = keras.layers
    generator = [keras.Input((5,), name="z"), layers.Dense(16, activation="tanh"), layers.Reshape((4, 4, 1))]
    gan = kerasgan.GAN(keras.Sequential(generator), keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten()]))
    run, _ = opened(kerasgan.export.onnx(gan, tmp_path / "generator.onnx", output="uint8", truncation="input"))
    images = run(latents=gan.prior.draw(2, 5, seed=0), truncation=np.ones(2, "float32"))
    np.testing.assert_allclose(images, np.rint((gan.generate(2, seed=0) + 1) * 127.5), atol=1)


# What is refused


def test_a_generator_of_three_inputs_is_refused_before_it_could_be_exported():
    inputs = [keras.Input((5,), name=name) for name in ("latents", "style", "map")]
    images = keras.layers.Reshape((4, 4, 3))(keras.layers.Dense(48)(keras.layers.Concatenate()(inputs)))
    with pytest.raises(ValueError, match=r"a generator of latents\. Received: .*latents \(None, 5\), style .*, map "):
        kerasgan.GAN(keras.Model(inputs, images), discriminator((4, 4, 3)))


class AlwaysDropout(keras.layers.Dropout):
    def call(self, inputs, training=None):
        return super().call(inputs, training=True)


class FrozenNoise(keras.layers.Layer):
    def call(self, inputs):
        return inputs + 0.1 * keras.random.normal(ops.shape(inputs), seed=7)


class BatchStatistics(keras.layers.Layer):
    def call(self, inputs):
        return inputs - ops.mean(inputs, axis=0, keepdims=True)


class Forgetful(keras.layers.Layer):
    def __init__(self, factor=1.0, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        return {"name": self.name}


def with_layer(layer, name="latents"):
    keras.utils.set_random_seed(0)
    latents = keras.Input((5,), name=name)
    x = layer(keras.layers.Dense(48)(latents))
    generator = keras.Model(latents, keras.layers.Reshape((4, 4, 3))(keras.layers.Activation("tanh")(x)))
    return kerasgan.GAN(generator, discriminator((4, 4, 3)))


def discriminator(shape):
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(1)])


REFUSED = {
    "dropout when sampling": (lambda: AlwaysDropout(0.5), EXPORTS, "random numbers of its own"),
    "frozen noise": (FrozenNoise, ["onnx", "litert"], "StatelessRandomNormalV2"),
    "batch statistics": (BatchStatistics, EXPORTS, "do not depend on others in their batch"),
    "a config that forgets": (lambda: Forgetful(0.5), EXPORTS, "get_config"),
}


@pytest.mark.parametrize("case, form", [(case, form) for case, (_, forms, _) in REFUSED.items() for form in forms])
def test_a_generator_whose_file_would_differ_is_refused_and_leaves_nothing(case, form, tmp_path):
    layer, _, message = REFUSED[case]
    with pytest.raises(ExportError, match=message):
        EXPORTS[form](with_layer(layer()), tmp_path / "generator")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", EXPORTS)
def test_an_earlier_file_survives_an_export_that_writes_wrong_weights(form, tmp_path, monkeypatch):
    gan = made("DCGAN")
    path = EXPORTS[form](gan, tmp_path / "generator")
    right = formats.FORMATS[form]

    def wrong(job, path):
        job.network.set_weights([weight * 1.01 for weight in job.network.get_weights()])
        right.write(job, path)

    monkeypatch.setitem(formats.FORMATS, form, right._replace(write=wrong))
    with pytest.raises(ExportError, match=r"difference of .* at batch 1 \(allowed: 5e-05\)"):
        EXPORTS[form](gan, path)
    latents = gan.prior.draw(2, 5, seed=0)
    np.testing.assert_allclose(opened(path)[0](latents=latents), gan.generate(2, seed=0), atol=1e-5)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("form", EXPORTS)
def test_a_later_export_replaces_an_earlier_one(form, tmp_path):
    EXPORTS[form](with_layer(keras.layers.Identity()), tmp_path / "generator")
    path = EXPORTS[form](made("DCGAN"), tmp_path / "generator")
    assert opened(path)[0](latents=np.zeros((1, 5), "float32")).shape == (1, 16, 16, 3)
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_export_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(job, path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setitem(formats.FORMATS, "onnx", formats.FORMATS["onnx"]._replace(write=interrupted))
    with pytest.raises(KeyboardInterrupt):
        kerasgan.export.onnx(made("DCGAN"), tmp_path / "generator.onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_that_its_runtime_cannot_open_is_refused(tmp_path, monkeypatch):
    def broken(job, path):
        path.write_bytes(b"no model")

    monkeypatch.setitem(formats.FORMATS, "onnx", formats.FORMATS["onnx"]._replace(write=broken))
    with pytest.raises(ExportError, match="a file that ONNX Runtime opens"):
        kerasgan.export.onnx(made("DCGAN"), tmp_path / "generator.onnx")
    assert not list(tmp_path.iterdir())


def test_weights_that_are_not_finite_are_refused(tmp_path):
    gan = made("DCGAN")
    gan.generator.weights[0].assign(np.full(gan.generator.weights[0].shape, np.nan))
    with pytest.raises(ExportError, match="diverged"):
        kerasgan.export.onnx(gan, tmp_path / "generator.onnx")


def test_a_missing_package_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(ImportError, match="pip install tf2onnx"):
        kerasgan.export.onnx(made("DCGAN"), tmp_path / "generator.onnx")


def test_a_folder_that_is_no_saved_model_is_not_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="a SavedModel to replace"):
        kerasgan.export.saved_model(made("DCGAN"), tmp_path)
    with pytest.raises(ValueError, match="path of a file"):
        kerasgan.export.onnx(made("DCGAN"), tmp_path)
    with pytest.raises(ValueError, match="path of a folder"):
        kerasgan.export.saved_model(made("DCGAN"), tmp_path / "thesis.txt")
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_arguments_that_cannot_be_used_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"Expected a kerasgan\.GAN"):
        kerasgan.export.onnx(made("DCGAN").generator, tmp_path / "generator.onnx")
    newest = opsets.newest()
    assert newest >= 21  # of the oldest ONNX Runtime that is supported, 1.20, and of onnx 1.17
    for wrong in (5, newest + 1):
        with pytest.raises(ValueError, match=f"an opset from 13 to {newest}, the newest.* Received: opset={wrong}"):
            kerasgan.export.onnx(made("DCGAN"), tmp_path / "generator.onnx", opset=wrong)


def test_an_export_draws_no_more_than_its_proof_needs(tmp_path, monkeypatch):
    """What takes most of the time of an export (`benchmarks/speed`), beside the conversion."""
    own, drawn = proof.draw, []

    def counted(network, inputs):
        drawn.append(len(next(iter(inputs.values()))))
        return own(network, inputs)

    monkeypatch.setattr(proof, "draw", counted)
    kerasgan.export.onnx(DCGAN(**DCGAN.tiny_config), tmp_path / "generator.onnx")
    assert len(drawn) <= 4 and sum(drawn) <= 11, drawn


def test_images_that_are_enlarged_are_compared_where_they_are_as_large_as_others(tmp_path):
    report = kerasgan.export.bundle(ESRGAN(**ESRGAN.tiny_config | {"scale": 4}), tmp_path / "bundle", formats=["onnx"])
    shapes = [each["shape"] for each in report["formats"]["onnx"]["differences"]]
    assert shapes == [[1, 32, 36, 3], [1, 32, 32, 3], [3, 32, 32, 3]]
