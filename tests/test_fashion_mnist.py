import numpy as np
import pytest
from test_idx import fashion

from kerasgan import data, metrics, zoo
from kerasgan.data.packages import idx
from kerasgan.metrics.classifiers import classifier_features
from kerasgan.metrics.features import feature_network
from kerasgan.training import train
from kerasgan.zoo import data_sources

RECIPE = """# kerasgan train shirts
family = "DCGAN"
[model]
image_size = 8
channels = 1
latent_dim = 4
width = 4
discriminator_norm = "none"
[data]
source = "fashion_mnist"
image_size = 8
split = "train"
{place}
[train]
batch_size = 4
steps = 2
"""


def test_a_folder_gives_images_labels_and_names(tmp_path):
    source = data.fashion_mnist(fashion(tmp_path), image_size=4, batch_size=3, shuffle=False)
    images, labels = source[0]
    assert images.shape == (3, 4, 4, 1) and images.dtype == np.float32 and source.count == 6
    np.testing.assert_array_equal(labels, [0, 1, 2])
    assert source.num_classes == 10 and source.class_names[9] == "ankle boot"
    assert data.fashion_mnist(tmp_path, split="test").count == 2
    alpha = data.fashion_mnist(tmp_path, image_size=4, channels=4).images()
    assert (alpha[..., 3] == 255).all()
    np.testing.assert_array_equal(alpha[..., 0], source.images()[..., 0])


def test_debian_comes_before_keras(tmp_path, monkeypatch):
    debian, keras_home = tmp_path / "debian", tmp_path / "keras"
    cache = keras_home / "datasets" / "fashion-mnist"
    monkeypatch.setattr(idx, "DEBIAN", str(debian))
    monkeypatch.setenv("KERAS_HOME", str(keras_home))
    monkeypatch.setenv("KERASGAN_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"(?s)debian, .*apt install dataset-fashion-mnist.*load_data"):
        data.fashion_mnist()
    cache.mkdir(parents=True)
    fashion(cache)
    assert data.fashion_mnist(image_size=4).count == 6
    debian.mkdir()
    (debian / "train-images-idx3-ubyte").write_bytes(b"broken")
    with pytest.raises(ValueError, match=str(debian)):
        data.fashion_mnist()


def test_other_splits_and_channels_are_refused(tmp_path):
    with pytest.raises(ValueError, match="split='all'"):
        data.fashion_mnist(fashion(tmp_path), split="all")
    with pytest.raises(ValueError, match="channels=2"):
        data.fashion_mnist(tmp_path, channels=2)


def test_test_images_are_held_out():
    settings = {"source": "fashion_mnist", "path": "here", "split": "train"}
    assert data_sources.get("fashion_mnist").held_out_settings(settings) == {"test": {**settings, "split": "test"}}


@pytest.mark.parametrize("named", [True, False])
def test_a_recipe_trains_with_a_path_and_without(named, tmp_path, monkeypatch):
    monkeypatch.setattr(idx, "DEBIAN", str(fashion(tmp_path)))
    (tmp_path / "shirts").mkdir()
    path = tmp_path / "shirts" / "recipe.toml"
    path.write_text(RECIPE.format(place=f'path = "{tmp_path.as_posix()}"' if named else ""))
    assert train.train(zoo.recipe(path), output=tmp_path / "run").optimizer.steps == 2


def test_labels_are_hidden_but_for_some_of_each_class(tmp_path):
    settings = {"source": "fashion_mnist", "path": str(fashion(tmp_path)), "image_size": 8, "labels_per_class": 1}
    source = data_sources.get("fashion_mnist").load(settings, batch_size=2, seed=0)
    np.testing.assert_array_equal(np.sort(source.labels), np.arange(6))  # one image of each class here
    with pytest.raises(ValueError, match=r"from 1 to 1 labels of class 0.*labels_per_class=2"):
        data.fashion_mnist(tmp_path, labels_per_class=2)
    compared = data_sources.get("fashion_mnist").load_compared(settings, batch_size=2, seed=0)
    assert compared.count == 2 and compared.labels.min() == 0  # the test images, with all their labels


def test_the_features_of_clothes_are_of_the_bundled_classifier():
    images = np.random.default_rng(0).uniform(-1, 1, (3, 32, 32, 1)).astype("float32")
    network = feature_network("fashion")
    assert network.features(images).shape == (3, 128)
    np.testing.assert_allclose(network.probabilities(images).sum(axis=1), 1, atol=1e-5)
    with pytest.raises(ValueError, match=r"bundled classifier.*name='clothes'"):
        classifier_features("clothes")


def test_the_classifier_knows_clothes_that_it_has_never_seen():
    """Where Fashion-MNIST is installed."""
    try:
        unseen = data.fashion_mnist(split="test", shuffle=False)
    except FileNotFoundError:
        pytest.skip("Fashion-MNIST is not installed")
    images, labels = unseen.images()[:2000], unseen.labels[:2000]
    found = classifier_features("fashion", "probabilities")(images).argmax(axis=1)
    assert metrics.label_accuracy(found, labels) > 0.89
