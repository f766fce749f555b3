"""StarGAN: the authors' networks, labels as maps, losses, translation by labels and names, and training on labels."""

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image
from test_idx import fashion

from kerasgan import data, zoo
from kerasgan.evaluation import evaluate
from kerasgan.evaluation.domains import Translations
from kerasgan.evaluation.score_card import score_card
from kerasgan.gan.policy import without_values
from kerasgan.gan.train_step import Batch
from kerasgan.models import StarGAN
from kerasgan.training import train

pytestmark = pytest.mark.backends("jax", "torch")
TINY = dict(StarGAN.tiny_config)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def number(value):
    return float(ops.convert_to_numpy(value))


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


@pytest.mark.backends("tensorflow")
def test_the_networks_have_the_weights_of_the_authors_tables():
    """By table 4, with scales and offsets of instance normalization, and table 5; of CelebA's five and RaFD's eight."""
    for domains, generator, discriminator in ((5, 8_430_528, 44_762_048), (8, 8_439_936, 44_786_624)):
        with without_values():
            gan = StarGAN(domains=[*"abcdefgh"][:domains])
        assert (parameters(gan.generator), parameters(gan.discriminator)) == (generator, discriminator)
    assert gan.discriminator.output_shape == [(None, 2, 2, 1), (None, 8)]
    assert gan.generator.get_layer("stem").input.shape[-1] == 3 + 8


def test_the_label_is_a_map_of_ones_beside_the_image():
    gan, images = StarGAN(**TINY), noise(2, 8, 12, 3)
    joined = keras.Model(gan.generator.inputs, gan.generator.get_layer("joined").output)
    made = ops.convert_to_numpy(joined([images, np.array([2, 0])]))
    np.testing.assert_array_equal(made[..., :3], images)
    np.testing.assert_array_equal(made[..., 3:], np.eye(3)[[2, 0]][:, None, None] * np.ones((1, 8, 12, 1)))


def test_images_are_translated_to_the_domains_of_their_labels_whole_or_in_tiles(monkeypatch):
    gan, images = StarGAN(**TINY), noise(3, 20, 28, 3)
    gan.compile(ema_half_life=10)
    alone = {name: gan.translator(name).predict(images, verbose=0) for name in gan.directions}
    assert np.abs(alone["a"] - alone["c"]).max() > 1e-4
    for name, expected in alone.items():
        np.testing.assert_allclose(gan.predict(images, direction=name), expected, atol=1e-5)
    np.testing.assert_array_equal(gan.predict(images), gan.predict(images, direction="a"))
    expected = [alone[name][place] for place, name in enumerate("cab")]
    tiles = {"tile_size": 16, "overlap": 4, "batch_size": 2}
    tiled = [gan.predict(image, direction=name, **tiles) for image, name in zip(images, "cab")]
    monkeypatch.setattr(keras, "Model", None)  # no network is built
    for labels in ("cab", [2, 0, 1], np.array([2, 0, 1])):
        np.testing.assert_allclose(gan.translate(images, [*labels]), expected, atol=1e-5)
    np.testing.assert_allclose(gan.translate([*images], "cab"[:1]), alone["c"], atol=1e-5)
    np.testing.assert_allclose(gan.translate(images[1], "c"), alone["c"][1], atol=1e-5)
    np.testing.assert_allclose(gan.translate(images, [2, 0, 1], **tiles), tiled, atol=1e-5)


def test_unknown_domains_and_other_numbers_of_labels_are_refused():
    gan, images = StarGAN(**TINY), noise(2, 8, 8, 3)
    with pytest.raises(ValueError, match=r"a direction of StarGAN: a, b, c\. Received: 'd'"):
        gan.predict(images, direction="d")
    with pytest.raises(ValueError, match=r"a direction of StarGAN: a, b, c\. Received: 'd'"):
        gan.translate(images, ["a", "d"])
    with pytest.raises(ValueError, match=r"labels from 0 to 2\. Received: labels=3"):
        gan.translate(images, 3)
    with pytest.raises(TypeError, match=r"translate\(\) got an unexpected keyword argument 'direction'"):
        gan.translate(images, "a", direction="b")
    for labels in ([0, 1, 2], [0.5, 1], "", None):
        with pytest.raises(ValueError, match="Expected"):
            gan.translate(images, labels)
    for domains in (["a"], ["a", "a"], ["a", "../b"], ["a", ""]):
        with pytest.raises(ValueError, match=r"two domains or more, with different names .*Received: domains="):
            StarGAN(**{**TINY, "domains": domains})
    with pytest.raises(ValueError, match=r"a multiple of 4, which the halvings need\. Received: image_size=10"):
        StarGAN(**{**TINY, "image_size": 10})
    for metric in ("frechet_distance", "structural_similarity"):
        with pytest.raises(ValueError, match=rf"evaluation\.evaluate for StarGAN, .*Received: metrics={metric}"):
            gan.compile(metrics=metric)


def test_losses_are_the_papers():
    gan = StarGAN(**TINY, class_weight=2.0, cycle_weight=5.0)
    gan.compile()
    scores = {1.0: (3.0, [0.0, 0.0, np.log(2)]), 0.0: (-1.0, [np.log(3), 0.0, 0.0])}  # of real images and of fakes
    gan.logits = lambda images: tuple(
        ops.convert_to_tensor(np.array(each, "float32").reshape(shape))
        for each, shape in zip(scores[number(ops.max(images))], ((1, 1, 1, 1), (1, 3)))
    )
    real, fake = ops.ones((1, 8, 8, 3)), ops.zeros((1, 8, 8, 3))
    labels, wanted = ops.convert_to_tensor([2], "int32"), ops.convert_to_tensor([1], "int32")
    batch = Batch(real, labels, wanted, fake, real)
    assert number(gan.discriminator_loss(batch)) == pytest.approx(-1 - 3 + 2 * np.log(4 / 2), rel=1e-5)
    back = ops.convert_to_numpy(gan.generator([fake, labels], training=True))
    expected = 1 + 2 * np.log(5) + 5 * np.abs(1 - back).mean()
    assert number(gan.generator_loss(batch)) == pytest.approx(expected, rel=1e-5)


def test_domains_are_drawn_evenly_and_anew():
    gan = StarGAN(**TINY)
    batch = gan.prepare_batch((noise(600, 8, 8, 3), np.arange(600) % 3))
    drawn = [ops.convert_to_numpy(each.latents) for each in (batch, gan.resample_latents(batch))]
    assert (drawn[0] != drawn[1]).mean() == pytest.approx(2 / 3, abs=0.08)
    for labels in drawn:
        assert np.bincount(labels, minlength=3) == pytest.approx(200, abs=50)  # four standard deviations and more


def test_it_learns_from_images_with_labels_and_shows_each_domain():
    gan = StarGAN(**TINY)
    gan.compile(run_eagerly=keras.backend.backend() == "tensorflow", discriminator_steps=1)
    images = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), "uint8")
    history = gan.fit(images, np.arange(9) % 3, batch_size=4, verbose=0).history
    assert {"real_class_loss", "fake_class_loss", "cycle", "gradient_penalty"} <= history.keys()
    grid, columns = gan.sample_grid(2)
    assert columns == 4 and grid.shape == (8, 8, 8, 3)
    np.testing.assert_allclose(grid[[0, 4]], images[:2] / 127.5 - 1, atol=1e-6)  # a, b
    np.testing.assert_allclose(grid[3], gan.translate(images[0], "c"), atol=1e-5)
    assert "cycle" in gan.train_on_batch(images[:3], np.arange(3), return_dict=True)
    with pytest.raises(ValueError, match="Expected labels"):
        gan.fit(images)


def test_class_folders_are_domains_in_the_order_of_the_alphabet(tmp_path):
    for place, name in enumerate("cab"):
        (tmp_path / name).mkdir()
        for index in range(2):
            Image.new("RGB", (8, 8), (place * 100, 0, index)).save(tmp_path / name / f"{index}.png")
    gan = StarGAN(**TINY)
    gan.compile(run_eagerly=True, discriminator_steps=1)
    gan.fit(str(tmp_path), batch_size=2, verbose=0)
    np.testing.assert_allclose(gan.examples[0][:3, 0, 0, 0], np.array([100, 200, 0]) / 127.5 - 1, atol=1e-6)
    other = StarGAN(**{**TINY, "domains": [*"cab"]})
    with pytest.raises(ValueError, match=r"order of the data's labels, a, b, c\. Received: domains=\('c', 'a', 'b'\)"):
        other.batches(str(tmp_path))


RECIPE = """# kerasgan train shirts
family = "StarGAN"
[model]
domains = ["pullover", "shirt"]
image_size = 8
channels = 1
blocks = 1
width = 3
halvings = 2
[data]
source = "fashion_mnist"
image_size = 8
split = "train"
only = ["Pullover", "T-shirt/top"]
path = '{place}'
[train]
batch_size = 2
steps = 2
discriminator_steps = 1
"""


@pytest.mark.backends("tensorflow")
def test_a_recipe_of_two_classes_is_trained_and_has_held_out_examples(tmp_path):
    """The training set has an image of each class; of the two that are held out one is a T-shirt."""
    (tmp_path / "data").mkdir()
    source = data.fashion_mnist(fashion(tmp_path / "data"), only=["pullover", "t-shirt/TOP"], shuffle=False)
    assert source.class_names == ["pullover", "T-shirt/top"] and source.labels.tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"such as pullover.*Received: only=\['pulover'\]"):
        data.fashion_mnist(tmp_path / "data", only=["pulover"])
    (tmp_path / "recipe.toml").write_text(RECIPE.format(place=tmp_path / "data"))
    gan = train.train(zoo.recipe(tmp_path / "recipe.toml"), output=tmp_path / "run")
    pictures, same = evaluate.examples(zoo.recipe(tmp_path / "run" / "recipe.toml"))
    assert pictures.shape == (1, 8, 8, 1)
    np.testing.assert_array_equal(same, pictures)
    assert gan.translate(pictures, "shirt").shape == (1, 8, 8, 1) and len(gan.examples[0]) == 2


@pytest.mark.backends("tensorflow")
def test_translations_are_scored_as_samples_of_the_classes_they_are_to_have():
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=60)
    images = (rng.normal(100 * labels[:, None, None, None], 9, (60, 8, 8, 3)).clip(0, 255)).astype("uint8")
    source = data.arrays(images, labels)

    class Obedient(StarGAN):
        """Moves the level of an image to that of its label."""

        def translate(self, pictures, labels, **options):
            level = np.rint((pictures.mean(axis=(1, 2, 3), keepdims=True) + 1) * 1.275)
            return (pictures + (labels[:, None, None, None] - level) * 100 / 127.5).clip(-1, 1)

    class Idle(StarGAN):
        """Leaves images as they are."""

        def translate(self, pictures, labels, **options):
            return pictures

    found = {
        kind: score_card(Translations(kind(**TINY), source), source, metrics=["label_accuracy", "frechet_distance"])
        for kind in (Obedient, Idle)
    }
    assert found[Obedient].mean("label_accuracy") == 1
    assert found[Idle].mean("label_accuracy") == pytest.approx(1 / 3, abs=0.12)
    assert found[Idle].content["family"] == "Idle" and found[Idle].mean("frechet_distance") < 1
