"""Semi-supervised GAN (1606.03498): the K+1 trick, feature matching, its layers, batches of few labels among many."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops
from picture_files import flat, noise
from scipy.special import log_softmax, logsumexp, softmax

from kerasgan import data, models
from kerasgan.gan import Batch
from kerasgan.layers import HistoricalAveraging, MinibatchDiscrimination, WeightNormalization

SHAPE = (8, 8, 1)


def tiny(**options):
    gan = models.SemiSupervisedGAN(
        **{**models.SemiSupervisedGAN.tiny_config, "noise": 0.0, "input_noise": 0.0, **options}
    )
    gan.compile()
    return gan


def images(count, seed=0, shape=SHAPE):
    return np.random.default_rng(seed).uniform(-1, 1, (count, *shape)).astype("float32")


def batch(real, labels, fake):
    return Batch(ops.convert_to_tensor(real), ops.convert_to_tensor(np.array(labels, "int32")), None, fake)


def looked(gan, pictures):
    """Class logits and features as NumPy arrays."""
    return [ops.convert_to_numpy(part) for part in gan.discriminator(pictures, training=False)]


def with_fake_class(class_logits):
    """log p over K + 1 classes, the last one the fakes', whose logit is 0."""
    return log_softmax(np.pad(class_logits.astype("float64"), ((0, 0), (0, 1))), axis=1)


# The loss


def test_the_discriminator_minimizes_the_cross_entropies_of_a_softmax_over_k_plus_1_classes():
    gan = tiny()
    real, fake, labels = images(6), images(6, seed=1), [2, -1, 0, -1, -1, 1]
    loss = float(gan.discriminator_loss(batch(real, labels, fake)))
    logits, fake_logits = (looked(gan, pictures)[0] for pictures in (real, fake))
    supervised = -log_softmax(logits, axis=1)[[0, 2, 5], [2, 0, 1]].mean()
    log_real = np.log1p(-np.exp(with_fake_class(logits)[[1, 3, 4], -1]))  # log D(x)
    log_fake = with_fake_class(fake_logits)[:, -1]  # log(1 - D(G(z)))
    assert loss == pytest.approx(supervised - 0.5 * log_real.mean() - 0.5 * log_fake.mean(), abs=1e-5)
    assert float(gan.get_metrics_result()["supervised_loss"]) == pytest.approx(supervised, abs=1e-5)
    wrong = np.mean(logits[[0, 2, 5]].argmax(axis=1) != [2, 0, 1])
    assert float(gan.get_metrics_result()["labeled_error"]) == pytest.approx(wrong)


def test_the_logit_of_an_image_being_real_is_that_of_z_over_z_plus_1():
    gan = tiny()
    logits = looked(gan, images(4))[0]
    total = np.exp(logits.astype("float64")).sum(axis=1)
    found = ops.convert_to_numpy(ops.sigmoid(gan.discriminate(images(4))))
    np.testing.assert_allclose(found[:, 0], total / (total + 1), rtol=1e-5)


def test_one_sided_smoothing_makes_the_target_of_real_images_nine_tenths_and_leaves_the_fakes_at_zero():
    gan = tiny()
    gan.compile({"name": "non_saturating", "label_smoothing": 0.1})
    real, fake = images(4), images(4, seed=1)
    loss = float(gan.discriminator_loss(batch(real, [-1] * 4, fake)))
    a, b = (logsumexp(looked(gan, pictures)[0], axis=1) for pictures in (real, fake))
    expected = -0.9 * np.log(1 / (1 + np.exp(-a))) - 0.1 * np.log(1 / (1 + np.exp(a)))
    assert loss == pytest.approx(0.5 * expected.mean() + 0.5 * np.logaddexp(0, b).mean(), abs=1e-5)


@pytest.mark.parametrize("labels", [[0, 1, 2, 0, 1, 2], [-1] * 6])
def test_batches_with_labels_only_and_without_any_train_too(labels):
    gan = tiny()
    real, fake = images(6), images(6, seed=1)
    loss = float(gan.discriminator_loss(batch(real, labels, fake)))
    logits, fake_logits = (looked(gan, pictures)[0] for pictures in (real, fake))
    known = [index for index, label in enumerate(labels) if label >= 0]
    supervised = -log_softmax(logits, axis=1)[known, labels[: len(known)]].mean() if known else 0.0
    real_part = np.logaddexp(0, -logsumexp(logits, axis=1)).mean()
    expected = supervised + 0.5 * real_part + 0.5 * np.logaddexp(0, logsumexp(fake_logits, axis=1)).mean()
    assert loss == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("matching, distance", [("squared", np.square), ("absolute", np.abs)])
def test_the_generator_matches_mean_features_of_the_unlabeled_images(matching, distance):
    gan = tiny(matching=matching, matching_weight=3.0)
    real, fake, labels = images(6), images(6, seed=1), [1, -1, -1, 0, -1, 2]
    features, fake_features = looked(gan, real)[1], looked(gan, fake)[1]
    expected = 3.0 * distance(features[[1, 2, 4]].mean(axis=0) - fake_features.mean(axis=0)).mean()
    assert float(gan.generator_loss(batch(real, labels, fake))) == pytest.approx(expected, rel=1e-4)


def test_an_adversarial_term_is_added_where_it_has_a_weight():
    without, with_it = tiny(), tiny(adversarial_weight=2.0)
    with_it.discriminator.set_weights(without.discriminator.get_weights())
    real, fake, labels = images(4), images(4, seed=1), [1, -1, -1, -1]
    difference = float(
        with_it.generator_loss(batch(real, labels, fake)) - without.generator_loss(batch(real, labels, fake))
    )
    logits = logsumexp(looked(with_it, fake)[0], axis=1)
    assert difference == pytest.approx(2.0 * np.logaddexp(0, -logits).mean(), rel=1e-4)


# Layers


def test_minibatch_discrimination_sums_closeness_over_the_other_vectors():
    rng = np.random.default_rng(0)
    vectors, layer = rng.normal(size=(5, 7)).astype("float32"), MinibatchDiscrimination(4, 3)
    outputs = ops.convert_to_numpy(layer(vectors))
    directions = ops.convert_to_numpy(layer.directions)
    tensor = directions / np.linalg.norm(directions, axis=0)
    expected = np.full((5, 4), -1.0)
    for i in range(5):
        for j in range(5):
            for b in range(4):
                if i != j:
                    expected[i, b] += np.exp(-np.abs((vectors[i] - vectors[j]) @ tensor[:, b]).sum())
    np.testing.assert_allclose(outputs, np.concatenate([vectors, expected], axis=1), atol=1e-5)
    assert layer.count_params() == 7 * 4 * 3 + 4 * 3 + 4
    layer.fit_to(ops.convert_to_tensor(vectors))
    np.testing.assert_allclose(ops.convert_to_numpy(layer(vectors))[:, 7:].mean(axis=0), 0.0, atol=1e-6)


def test_minibatch_discrimination_lets_the_loss_see_the_whole_batch():
    gan = tiny(minibatch_kernels=5)
    assert gan.discriminator.get_layer("minibatch").kernels == 5
    alone, together = looked(gan, images(1))[0], looked(gan, images(4))[0]
    assert np.abs(alone[0] - together[0]).max() > 1e-4


@pytest.mark.parametrize(
    "layer, shape, axis",
    [
        (keras.layers.Dense(3, use_bias=False), (6, 5), 1),
        (keras.layers.Conv2D(3, 2, use_bias=False), (6, 4, 4, 2), 3),
        (keras.layers.Conv2DTranspose(3, 2, 2, use_bias=False), (6, 4, 4, 2), 2),
    ],
)
def test_weight_normalization_is_a_layer_with_a_kernel_of_unit_length(layer, shape, axis):
    inputs = np.random.default_rng(0).normal(size=shape).astype("float32")
    normalized = WeightNormalization(layer)
    outputs = ops.convert_to_numpy(normalized(inputs))
    kernel = ops.convert_to_numpy(layer.kernel)
    others = tuple(index for index in range(kernel.ndim) if index != axis)
    layer.kernel.assign(kernel / np.sqrt(np.square(kernel).sum(axis=others, keepdims=True)))
    np.testing.assert_allclose(outputs, ops.convert_to_numpy(layer(inputs)), rtol=1e-4, atol=1e-6)
    normalized.fit_to(ops.convert_to_tensor(inputs))
    outputs = ops.convert_to_numpy(normalized(inputs)).reshape(-1, 3)
    np.testing.assert_allclose(outputs.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(outputs.std(axis=0), 1.0, rtol=1e-4)


def test_weight_normalization_refuses_a_layer_with_a_bias():
    with pytest.raises(ValueError, match=r"use_bias=False. Received: layer=<Dense"):
        WeightNormalization(keras.layers.Dense(3))


def test_the_first_fit_gives_hidden_units_mean_0_and_deviation_1_on_the_data():
    gan = tiny()
    gan.adapt(data.arrays(images(64), np.zeros(64, int), batch_size=16))
    x = images(64)
    hidden = [gan.discriminator.get_layer(f"hidden{index}").output for index in (1, 3)]
    for output in keras.Model(gan.discriminator.input, hidden)(x):
        output = ops.convert_to_numpy(output)
        np.testing.assert_allclose(output.mean(axis=0), 0.0, atol=1e-4)
        np.testing.assert_allclose(output.std(axis=0)[output.std(axis=0) > 1e-3], 1.0, rtol=1e-3)


def test_historical_averaging_is_the_squared_distance_to_the_mean_of_all_weights_so_far():
    variable, history = keras.Variable([1.0, 2.0]), None
    history, seen = HistoricalAveraging([variable]), []
    for value in ([1.0, 2.0], [3.0, 0.0], [2.0, 5.0]):
        variable.assign(value)
        seen.append(value)
        expected = np.square(np.array(value) - np.mean(seen, axis=0)).sum()
        assert float(history([variable])) == pytest.approx(expected, abs=1e-5)


def test_historical_averaging_pulls_both_networks_and_is_kept_in_the_file(tmp_path):
    gan = tiny(history_weight=1.0)
    gan.fit(images(12), np.arange(12) % 4 - 1, batch_size=4, verbose=0)
    assert [int(history.calls) for history in gan.histories] == [int(gan.optimizer.iterations)] * 2
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    for first, second in zip(gan.histories, again.histories):
        np.testing.assert_array_equal(first.means[0], second.means[0])
        assert int(second.calls) == int(first.calls) > 0


# Networks


def test_the_dense_networks_are_those_of_the_papers_mnist_model():
    gan = models.SemiSupervisedGAN()
    units = (784, 1000, 500, 250, 250, 250, 10)
    kernels = sum(a * b for a, b in itertools.pairwise(units))
    assert gan.discriminator.count_params() == kernels + 2 * sum(units[1:])  # a gain and a bias each
    gains = [layer for layer in gan.discriminator.layers if isinstance(layer, WeightNormalization) and layer.learn_gain]
    assert [layer.name for layer in gains] == ["logits"]
    assert gan.generator.count_params() == 100 * 500 + 500 * 500 + 500 * 784 + 2 * 3 * 500 + 2 * 784
    noises = [layer.stddev for layer in gan.discriminator.layers if isinstance(layer, keras.layers.GaussianNoise)]
    assert noises == [0.3, 0.5, 0.5, 0.5, 0.5, 0.5]


def test_the_convolutional_networks_are_those_of_the_papers_cifar_10_model():
    gan = models.SemiSupervisedGAN(variant="convolutional", image_size=32, channels=3)
    filters = [(3, 96, 9), (96, 96, 9), (96, 96, 9), (96, 192, 9), (192, 192, 9), (192, 192, 9), (192, 192, 9)]
    filters += [(192, 192, 1), (192, 192, 1), (192, 10, 1)]
    assert gan.discriminator.count_params() == sum(a * b * k + 2 * b for a, b, k in filters)
    assert gan.discriminator.get_layer("down7").output.shape[1:] == (6, 6, 192)
    assert [tuple(output.shape[1:]) for output in gan.discriminator.outputs] == [(10,), (192,)]
    expected = 100 * 8192 + 3 * 8192 + 25 * (512 * 256 + 256 * 128 + 128 * 3) + 3 * (256 + 128) + 2 * 3
    assert gan.generator.count_params() == expected
    svhn = models.SemiSupervisedGAN(variant="convolutional", image_size=32, channels=3, width=2 / 3, generator_width=1)
    assert [svhn.discriminator.get_layer(f"down{index}").output.shape[-1] for index in (1, 4)] == [64, 128]
    assert svhn.generator.count_params() == expected


def test_a_small_convolutional_model_trains_on_few_labels():
    gan = tiny(variant="convolutional", image_size=16, width=0.05, noise=0.5)
    labels = np.full(12, -1)
    labels[:3] = [0, 1, 2]
    history = gan.fit(images(12, shape=(16, 16, 1)), labels, batch_size=4, verbose=0).history
    assert all(np.isfinite(column).all() for column in history.values())


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(variant="deep"), "dense, convolutional. Received: variant='deep'"),
        (dict(matching="cubic"), "squared, absolute. Received: matching='cubic'"),
        (dict(num_classes=1), "Received: num_classes=1"),
        (dict(variant="convolutional", image_size=12), "from 16 to 1024 to be 4, .*Received: image_size=12"),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        models.SemiSupervisedGAN(**options)


# What it gives


def test_classify_gives_the_probabilities_of_the_classes_of_arrays_of_either_kind():
    gan = tiny()
    pixels = noise(5, *SHAPE)
    found = gan.classify(pixels, batch_size=2)
    scaled = pixels.astype("float32") / 127.5 - 1
    np.testing.assert_allclose(found, softmax(looked(gan, scaled)[0], axis=1), atol=1e-5)
    np.testing.assert_allclose(gan.classify(scaled), found, atol=1e-5)
    with pytest.raises(ValueError, match=r"Expected images of"):
        gan.classify(noise(2, 4, 4, 1))


def test_its_score_is_the_error_on_the_labeled_images():
    gan = tiny()
    pictures = images(4)
    found = gan.classify(pictures).argmax(axis=1)
    labels = np.array([found[0], (found[1] + 1) % 3, -1, found[3]])
    assert gan.family_scores(pictures, labels) == {"classification_error": pytest.approx(1 / 3)}
    assert gan.family_scores(pictures, None) == {}


def test_it_learns_two_shapes_from_one_label_each():
    rng = np.random.default_rng(0)
    kinds = rng.integers(2, size=200)
    pictures = np.where(kinds[:, None, None, None] == 1, np.eye(8)[..., None], np.eye(8)[::-1, :, None]) * 2.0 - 1
    pictures = np.clip(pictures + rng.normal(0, 0.3, pictures.shape), -1, 1).astype("float32")
    labels = np.full(200, -1)
    for kind in (0, 1):
        labels[np.flatnonzero(kinds == kind)[0]] = kind
    gan = tiny(num_classes=2)
    gan.fit(pictures, labels, batch_size=40, epochs=4, verbose=0)
    assert gan.family_scores(pictures, kinds)["classification_error"] < 0.05


# Data


def test_every_batch_holds_its_share_of_labeled_images_and_an_epoch_shows_every_image_unlabeled():
    labeled, unlabeled = noise(6, *SHAPE), noise(42, *SHAPE, seed=1)
    source = data.semi_supervised(labeled, [0, 1, 2, 0, 1, 2], unlabeled, batch_size=16, labeled_share=0.25)
    assert len(source) == 48 // 12 and source.num_classes == 3
    everything = np.concatenate([labeled, unlabeled]).reshape(48, -1)
    shown, counts = [], np.zeros(6, int)
    for index in range(4):
        pictures, labels = source[index]
        flat = np.round((pictures.reshape(16, -1) + 1) * 127.5)
        places = [int(np.flatnonzero((everything == row).all(axis=1))[0]) for row in flat]
        assert (labels >= 0).sum() == 4 and (labels >= 0).reshape(4, 4).any(axis=1).all()  # spread over the batch
        for place, label in zip(places, labels):
            if label >= 0:
                assert label == place % 3 and place < 6
                counts[place] += 1
            else:
                shown.append(place)
    assert sorted(shown) == list(range(48))
    assert counts.sum() == 16 and counts.max() - counts.min() <= 1
    first = source[0][1]
    source.epoch = 1
    assert not np.array_equal(
        source[0][0], data.semi_supervised(labeled, first[first >= 0][:1].repeat(6), unlabeled, batch_size=16)[0][0]
    )


def test_the_order_depends_on_seed_and_epoch_alone():
    def source(seed):
        return data.semi_supervised(noise(4, *SHAPE), [0, 1, 0, 1], noise(20, *SHAPE, seed=1), batch_size=8, seed=seed)

    for first, second in zip(source(3)[1], source(3)[1]):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(source(3)[1][0], source(4)[1][0])


def test_arrays_with_minus_one_are_arranged_by_fit_for_models_that_take_them_only():
    pictures, labels = noise(20, *SHAPE), np.full(20, -1)
    labels[:3] = [0, 1, 2]
    options = dict(image_shape=SHAPE, num_classes=3, batch_size=4)
    source = data.batches(pictures, labels, unlabeled=True, **options)
    assert isinstance(source, data.SemiSupervised) and all((targets >= 0).sum() == 2 for _, targets in source)
    with pytest.raises(ValueError, match=r"label from 0 on for each of 20 images. Received: a label -1"):
        data.batches(pictures, labels, **options)
    with pytest.raises(ValueError, match=r"such as SemiSupervisedGAN. Received: a label -1 from array"):
        data.batches(source, image_shape=SHAPE, num_classes=3)
    with pytest.raises(ValueError, match=r"or -1 for none, for each of 20 images. Received: a label -2"):
        data.batches(pictures, labels - 1, unlabeled=True, **options)
    with pytest.raises(ValueError, match=r"at least one labeled image"):
        data.batches(pictures, np.full(20, -1), unlabeled=True, **options)
    with pytest.raises(ValueError, match=r"a label -1"):
        models.ConditionalGAN(image_size=8, latent_dim=8, width=0.05, num_classes=3).fit(pictures, labels)


def test_a_model_without_labels_sees_every_image_of_such_a_source_once():
    source = data.digits(image_size=8, split="train", labels_per_class=2, batch_size=100)
    plain = data.batches(source, image_shape=SHAPE)
    assert len(plain) == 11 and len(source) == 1198 // 50
    assert len(np.unique(np.concatenate([plain[i].reshape(100, -1) for i in range(11)]), axis=0)) > 1000


def test_in_file_order_all_images_come_with_the_labels_that_are_known():
    labels = np.array([0, -1, 1, -1, -1, 2, 0, -1, 1, -1, 2])
    source = data.batches(images(11), labels, image_shape=SHAPE, num_classes=3, unlabeled=True, batch_size=4)
    pixels, found = map(np.concatenate, zip(*source.in_order()))
    np.testing.assert_array_equal(pixels, images(11))
    np.testing.assert_array_equal(found, labels)


def test_digits_keep_so_many_labels_of_each_class_and_the_test_split_is_never_among_them():
    source = data.digits(image_size=8, split="train", labels_per_class=10, seed=0)
    assert np.bincount(source.labels[source.labels >= 0]).tolist() == [10] * 10 and (source.labels < 0).sum() == 1098
    every, test = data.digits(image_size=8), data.digits(image_size=8, split="test")
    assert source.count + test.count == every.count == 1797
    np.testing.assert_array_equal(np.concatenate([source.images(), test.images()]), every.images())
    kept = source.labels >= 0
    np.testing.assert_array_equal(source.labels[kept], every.labels[:1198][kept])
    assert not np.array_equal(
        source.labels, data.digits(image_size=8, split="train", labels_per_class=10, seed=1).labels
    )
    with pytest.raises(ValueError, match=r"Received: labels_per_class=200"):
        data.digits(labels_per_class=200)
    with pytest.raises(ValueError, match=r"one of all, train, test. Received: split='half'"):
        data.digits(split="half")


def test_pictures_in_a_folder_named_unlabeled_have_no_label(tmp_path):
    for index in range(3):
        flat(tmp_path / "cat" / f"{index}.png", (0, 0, 0))
        flat(tmp_path / "dog" / f"{index}.png", (255, 255, 255))
        flat(tmp_path / "unlabeled" / f"{index}.png", (128, 128, 128))
    source = data.folder(tmp_path, image_size=8, channels=1)
    assert source.class_names == ["cat", "dog"] and source.num_classes == 2
    assert source.labels.tolist() == [0, 0, 0, 1, 1, 1, -1, -1, -1]
    batches = data.batches(tmp_path, image_shape=SHAPE, num_classes=2, unlabeled=True, batch_size=4)
    pictures, labels = batches[0]
    assert (pictures[labels == 0] == -1).all() and (pictures[labels == 1] == 1).all() and (labels < 0).sum() == 2


def test_both_sets_must_be_of_one_size():
    with pytest.raises(ValueError, match=r"one size and dtype. Received: \(8, 8, 1\) uint8 and \(4, 4, 1\) uint8"):
        data.semi_supervised(noise(2, *SHAPE), [0, 1], noise(2, 4, 4, 1))
    source = data.semi_supervised(noise(2, *SHAPE), [0, 1], noise(2, 4, 4, 1), image_size=8, batch_size=2)
    assert source.image_shape == SHAPE
