"""What `fit` is given: arrays, sources, tf.data, loaders, and where TensorFlow cannot be imported."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from picture_files import SHAPE, noise, two_classes

import kerasgan
from kerasgan import data

BACKEND = keras.backend.backend()


@pytest.fixture
def classes(tmp_path):
    return two_classes(tmp_path)


def test_a_model_without_classes_gets_images_only():
    source = data.digits(image_size=8)
    batches = data.batches(source, image_shape=(8, 8, 1))
    assert isinstance(batches[0], np.ndarray) and source.with_labels
    images = data.batches((noise(4, 8, 8, 3), [0, 1, 2, 3]), image_shape=SHAPE)[0]
    assert images.shape == (4, 8, 8, 3)


def test_a_conditional_model_gets_labels_or_an_error():
    images, labels = data.batches(noise(4, 8, 8, 3), [0, 1, 2, 0], image_shape=SHAPE, num_classes=3)[0]
    assert images.shape == (4, 8, 8, 3) and labels.dtype == np.int32
    with pytest.raises(ValueError, match="the model has 3 classes"):
        data.batches(noise(4, 8, 8, 3), image_shape=SHAPE, num_classes=3)
    with pytest.raises(ValueError, match=r"from 0 to 2.*a label 3"):
        data.batches(noise(4, 8, 8, 3), [0, 1, 2, 3], image_shape=SHAPE, num_classes=3)


def test_another_shape_names_both_shapes():
    with pytest.raises(ValueError, match=r"\(32, 32, 1\).*\(8, 8, 1\) from digits"):
        data.batches(data.digits(image_size=8), image_shape=(32, 32, 1))


def test_channels_first_are_recognized():
    with pytest.raises(ValueError, match="moveaxis"):
        data.batches(noise(4, 3, 8, 8), image_shape=SHAPE)


def test_a_path_is_read_at_the_size_of_the_model(classes):
    images, labels = data.batches(str(classes), image_shape=(16, 8, 1), num_classes=2, batch_size=5)[0]
    assert images.shape == (5, 16, 8, 1) and labels.shape == (5,)
    with pytest.raises(ValueError, match="the model has 2 classes"):
        data.batches(classes / "cat", image_shape=SHAPE, num_classes=2)


def test_a_folder_of_fewer_classes_than_the_model_has_is_warned_of(classes):
    with pytest.warns(UserWarning, match=r"the model's 3 classes\. Received: 2 in .*, ant, cat, which are taken"):
        batches = data.batches(classes, image_shape=SHAPE, num_classes=3)
    assert batches[0][1].max() == 1


@pytest.mark.parametrize("wrong", [3.5, {"image": 1}, (item for item in "ab")])
def test_anything_else_is_refused_with_what_could_be_passed(wrong):
    with pytest.raises(TypeError, match=r"DataLoader\. Received"):
        data.batches(wrong, image_shape=SHAPE)


def test_labels_beside_a_source_are_refused():
    with pytest.raises(ValueError, match="inside the data"):
        data.batches(data.digits(image_size=8), [1, 2], image_shape=(8, 8, 1))


def test_labels_given_apart_to_a_model_that_learns_from_none_are_refused():
    images = np.zeros((2, 8, 8, 1), "uint8")
    for feed in (data.batches, data.batch):
        with pytest.raises(ValueError, match=r"Expected images alone.*Received: labels of shape \(2,\)"):
            feed(images, [1, 2], image_shape=(8, 8, 1))


class Sequence(keras.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return noise(4, *SHAPE, seed=index), np.array([[0], [1], [2], [3]])


def test_another_pydataset_is_checked_and_scaled():
    images, labels = data.batches(Sequence(), image_shape=SHAPE, num_classes=4)[1]
    np.testing.assert_allclose(images, noise(4, *SHAPE, seed=1) / 127.5 - 1, atol=1e-6)
    assert labels.tolist() == [0, 1, 2, 3]
    assert isinstance(data.batches(Sequence(), image_shape=SHAPE)[0], np.ndarray)
    with pytest.raises(ValueError, match="a label 3 from Sequence"):
        data.batches(Sequence(), image_shape=SHAPE, num_classes=3)


def test_a_pytorch_loader_is_read_anew_each_epoch():
    torch = pytest.importorskip("torch")
    pixels = noise(10, *SHAPE)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.from_numpy(pixels), torch.arange(10)), batch_size=4
    )
    source = data.batches(loader, image_shape=SHAPE, num_classes=10)
    for _ in range(2):
        seen = list(source)
        assert [len(images) for images, _ in seen] == [4, 4, 2]
        np.testing.assert_allclose(seen[1][0], pixels[4:8] / 127.5 - 1, atol=1e-6)
        source.on_epoch_end()
    with pytest.raises(ValueError, match="moveaxis"):
        swapped = torch.utils.data.DataLoader(torch.from_numpy(np.moveaxis(pixels, -1, 1).copy()), batch_size=4)
        data.batches(swapped, image_shape=SHAPE)


@pytest.mark.parametrize("kind", ["PyDataset", "DataLoader", "tf.data"])
def test_a_label_that_the_model_has_not_is_refused_in_later_batches_too(kind, request):
    pixels, labels = noise(8, *SHAPE), np.array([0, 1, 2, 1, 0, 7, 2, 1])

    class Several(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return pixels[4 * index : 4 * index + 4], labels[4 * index : 4 * index + 4]

    def loader():
        torch = pytest.importorskip("torch")
        several = torch.utils.data.TensorDataset(*map(torch.from_numpy, (pixels, labels)))
        return torch.utils.data.DataLoader(several, batch_size=4)

    def tf_data():
        return request.getfixturevalue("tf").data.Dataset.from_tensor_slices((pixels, labels)).batch(4)

    given = {"PyDataset": Several, "DataLoader": loader, "tf.data": tf_data}[kind]()
    batches = data.batches(given, image_shape=SHAPE, num_classes=3)
    source = iter(batches) if kind == "tf.data" else (batches[index] for index in range(2))
    assert np.asarray(next(source)[1]).tolist() == [0, 1, 2, 1]
    with pytest.raises(Exception, match=r"(?s)Expected labels from 0 to 2.*7"):  # TensorFlow's own errors are no ours
        next(source)


@pytest.fixture
def tf():
    return pytest.importorskip("tensorflow")


@pytest.mark.parametrize("form", ["images", "pair", "dict"])
def test_tf_data_elements_are_scaled_and_unpacked(tf, form):
    pixels, labels = noise(8, *SHAPE), np.arange(8)
    element = {"images": pixels, "pair": (pixels, labels), "dict": {"image": pixels, "label": labels}}[form]
    dataset = tf.data.Dataset.from_tensor_slices(element).batch(4)
    images = next(iter(data.batches(dataset, image_shape=SHAPE)))
    np.testing.assert_allclose(images.numpy(), pixels[:4] / 127.5 - 1, atol=1e-6)
    if form == "images":
        with pytest.raises(ValueError, match="without labels"):
            data.batches(dataset, image_shape=SHAPE, num_classes=8)
    else:
        _, targets = next(iter(data.batches(dataset, image_shape=SHAPE, num_classes=8)))
        assert targets.dtype == tf.int32 and targets.numpy().tolist() == [0, 1, 2, 3]


def test_tf_data_that_does_not_fit_is_refused_before_training(tf):
    def dataset(images):
        return tf.data.Dataset.from_tensor_slices(images)

    with pytest.raises(ValueError, match=r"\(8, 8, 3\).*\(4, 4, 3\) from tf.data"):
        data.batches(dataset(noise(4, 4, 4, 3)).batch(2), image_shape=SHAPE)
    with pytest.raises(ValueError, match=r"call \.batch\(64\)"):
        data.batches(dataset(noise(4, *SHAPE)), image_shape=SHAPE)
    with pytest.raises(ValueError, match=r"range \[0, 255\]"):
        data.batches(dataset(np.linspace(0, 255, 192).reshape(1, *SHAPE)).batch(1), image_shape=SHAPE)
    with pytest.raises(ValueError, match="empty"):
        data.batches(dataset(noise(4, *SHAPE)).batch(2).take(0), image_shape=SHAPE)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_arrays_and_folders_train_where_tensorflow_cannot_be_imported(classes, backend):
    pytest.importorskip(backend)
    program = """
import sys
sys.modules["tensorflow"] = None
import keras
from kerasgan import data
model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(10)])
model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(data.digits(image_size=8, channels=3), shuffle=False, verbose=0)
model.fit(data.batches(sys.argv[1], image_shape=(8, 8, 3), num_classes=2), shuffle=False, verbose=0)
"""
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-c", program, str(classes)], env=environment, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr


def tiny_gan(**settings):
    generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(64), keras.layers.Reshape((8, 8, 1))])
    discriminator = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    gan = kerasgan.GAN(generator, discriminator)
    gan.compile(**settings)
    return gan


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # Keras says so of any data without a length
def test_the_end_of_tf_data_of_unknown_cardinality_is_no_step(tf):
    """Compiled, TensorFlow ran whatever needs no data, such as the count of steps, once more."""
    pixels = noise(20, 8, 8, 1)
    batches = [pixels[:8], pixels[8:16], pixels[16:]]
    spec = tf.TensorSpec((None, 8, 8, 1), tf.uint8)
    gan = tiny_gan()
    logs = gan.fit(tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=spec), epochs=2, verbose=0)
    assert gan.optimizer.steps == 6 and logs.epoch == [0, 1]


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_an_epoch_of_a_loader_without_a_length_ends_with_the_loader():
    torch = pytest.importorskip("torch")

    class Endless(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(torch.from_numpy(noise(20, 8, 8, 1)))

    gan = tiny_gan(run_eagerly=True)
    loader = torch.utils.data.DataLoader(Endless(), batch_size=8)
    watch = kerasgan.doctor.Doctor(every=2)
    logs = gan.fit(loader, epochs=2, verbose=0, callbacks=[kerasgan.callbacks.StopAfter(steps=60), watch])
    assert gan.optimizer.steps == 6 and logs.epoch == [0, 1]
    assert np.isfinite(watch.history["distance"]).all()
    images = data.batches(loader, image_shape=(8, 8, 1))
    np.testing.assert_allclose(data.first_images(images, 16), noise(20, 8, 8, 1)[:16] / 127.5 - 1, atol=1e-6)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="other backends iterate over no tf.data, but a user's own")
@pytest.mark.parametrize("kind", ["array", "loader", "tf.data", "tuned"])
def test_no_thread_tunes_what_fit_iterates_over_unless_the_user_has_asked(kind, tf, monkeypatch):
    pixels, options, found = noise(8, 8, 8, 1), tf.data.Options(), []
    options.autotune.enabled = True
    begin = tf.data.Dataset.__iter__

    def seen(dataset):
        found.append(dataset.options().autotune.enabled)
        return begin(dataset)

    monkeypatch.setattr(tf.data.Dataset, "__iter__", seen)
    batched = tf.data.Dataset.from_tensor_slices(pixels).batch(4)
    given = {"array": pixels, "tf.data": batched, "tuned": batched.with_options(options)}
    if kind == "loader":
        torch = pytest.importorskip("torch")
        given = {kind: torch.utils.data.DataLoader(torch.from_numpy(pixels), batch_size=4)}
    tiny_gan().fit(given[kind], verbose=0)
    assert found and set(found) == {kind == "tuned"}


@pytest.mark.parametrize("declared", [None, (None, 8, 8), (None, None, None)])
def test_gray_images_of_a_generator_are_trained_on_whatever_shape_it_declares(tf, declared):
    pixels = noise(8, 8, 8)
    spec = {"output_types": tf.uint8} if declared is None else {"output_signature": tf.TensorSpec(declared, tf.uint8)}
    dataset = tf.data.Dataset.from_generator(lambda: iter([pixels[:4], pixels[4:]]), **spec)
    images = next(iter(data.batches(dataset, image_shape=(8, 8, 1))))
    np.testing.assert_allclose(images.numpy(), pixels[:4, ..., np.newaxis] / 127.5 - 1, atol=1e-6)


def test_gray_pairs_of_a_generator_get_their_channel(tf):
    pixels = noise(4, 8, 8)
    dataset = tf.data.Dataset.from_generator(lambda: iter([(pixels, pixels)]), output_types=(tf.uint8, tf.uint8))
    shapes = {"input_shape": (8, 8, 1), "image_shape": (8, 8, 1)}
    for part in next(iter(data.image_pairs(dataset, paired=True, **shapes))):
        np.testing.assert_allclose(part.numpy(), pixels[..., np.newaxis] / 127.5 - 1, atol=1e-6)


def test_a_batch_that_devices_cannot_share_evenly_begins_anew_with_its_first_images(tf):
    from kerasgan.data.even import even

    images, labels = np.arange(5, dtype="float32"), np.arange(5, dtype="int32")
    batches = tf.data.Dataset.from_tensor_slices((images, labels)).batch(4)
    assert even(batches, 1) is batches
    found = [[part.tolist() for part in batch] for batch in even(batches, 3).as_numpy_iterator()]
    assert found == [[[0, 1, 2, 3, 0, 1]] * 2, [[4, 4, 4]] * 2]
    source = data.arrays(noise(9, 8, 8, 1), batch_size=8, drop_remainder=False, shuffle=False)
    filled = even(source, 2)
    assert filled.num_batches == 2 and [len(filled[index]) for index in (0, 1)] == [8, 2]
    np.testing.assert_array_equal(filled[1], np.repeat(source[1], 2, axis=0))


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # Keras says so of any data without a length
@pytest.mark.parametrize("kind", ["PyDataset", "loader", "loader without a length"])
def test_pairs_of_another_librarys_data_set_are_those_of_arrays(kind):
    inputs, targets = noise(6, 8, 8, 1), noise(6, 8, 8, 3)

    class Batches(keras.utils.PyDataset):
        num_batches = 2

        def __getitem__(self, index):
            rows = slice(4 * index, 4 * index + 4)
            return inputs[rows], targets[rows]

    given = Batches()
    if kind != "PyDataset":
        torch = pytest.importorskip("torch")
        rows = torch.utils.data.TensorDataset(torch.from_numpy(inputs), torch.from_numpy(targets))
        given = torch.utils.data.DataLoader(rows, batch_size=4)
    if kind == "loader without a length":

        class Endless(torch.utils.data.IterableDataset):
            def __iter__(self):
                return iter(rows)

        given = torch.utils.data.DataLoader(Endless(), batch_size=4)
    shapes = {"input_shape": (8, 8, 1), "image_shape": (8, 8, 3)}
    made = data.image_pairs(given, paired=True, **shapes)
    found = [made[index] for index in range(2)] if kind == "PyDataset" else [*made]
    for place, array in enumerate((inputs, targets)):
        joined = np.concatenate([np.asarray(batch[place]) for batch in found])
        np.testing.assert_allclose(joined, array / 127.5 - 1, atol=1e-6)
    gan = kerasgan.models.Pix2Pix(image_size=8, input_channels=1, channels=3, depth=3, width=2, patch_layers=1)
    gan.compile(run_eagerly=True)
    gan.fit(given, epochs=2, verbose=0)
    assert gan.optimizer.steps == 4
    with pytest.raises(ValueError, match=r"\(8, 8, 3\).*\(8, 8, 1\)"):
        data.image_pairs(given, paired=True, input_shape=(8, 8, 3), image_shape=(8, 8, 3))


def test_a_data_set_of_images_alone_is_no_data_set_of_pairs():
    class Images(keras.utils.PyDataset):
        num_batches = 1

        def __getitem__(self, index):
            return noise(4, 8, 8, 1)

    with pytest.raises(ValueError, match=r"batches \(inputs, targets\)\. Received: batches of ndarray"):
        data.image_pairs(Images(), paired=True, input_shape=(8, 8, 1), image_shape=(8, 8, 1))
