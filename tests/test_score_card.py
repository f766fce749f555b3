"""Score cards: every number with its interval and protocol, and the same bytes for the same seeds."""

import json

import keras
import numpy as np
import pytest
from picture_files import flat, two_classes
from PIL import Image
from scipy import stats

from kerasgan import data, evaluation, metrics, models, zoo
from kerasgan.evaluation import evaluate, material, scores
from kerasgan.metrics.classifiers import classifier_features
from kerasgan.metrics.frechet import frechet_distance


@pytest.fixture(scope="module")
def gan():
    keras.utils.set_random_seed(0)
    return models.DCGAN(**models.DCGAN.tiny_config)


@pytest.fixture(scope="module")
def reals():
    rng = np.random.default_rng(1)
    return data.arrays(rng.integers(256, size=(40, 16, 16, 1), dtype="uint8"), rng.integers(3, size=40))


def mean_and_spread(images):
    return images.reshape(len(images), -1)[:, :3].astype("float64")


def test_a_card_holds_the_metrics_of_each_seed_with_their_mean_and_students_interval(gan, reals):
    card = evaluation.score_card(gan, reals, metrics=["frechet_distance"], features=["pixels"], seeds=(3, 4, 5))
    real = reals.images().reshape(40, -1) / 127.5 - 1
    values = [frechet_distance(gan.generate(40, seed=seed).reshape(40, -1), real) for seed in (3, 4, 5)]
    found = card.content["scores"]["frechet_distance"]
    assert found["values"] == pytest.approx(values, rel=1e-4)
    assert found["mean"] == pytest.approx(np.mean(values), rel=1e-4) == card.mean("frechet_distance")
    low, high = stats.t.interval(0.95, 2, loc=np.mean(values), scale=stats.sem(values))
    assert found["interval"] == pytest.approx([low, high], rel=1e-4)
    assert card.content["samples"] == 40 and card.content["seeds"] == [3, 4, 5]


def test_two_evaluations_give_the_same_bytes_and_another_seed_others(gan, reals):
    cards = [
        evaluation.score_card(gan, reals, metrics=list(METRICS), seeds=seeds) for seeds in [(0, 1, 2)] * 2 + [(1, 2, 3)]
    ]
    assert cards[0].to_json() == cards[1].to_json() != cards[2].to_json()
    assert cards[0].to_markdown() == cards[1].to_markdown()


METRICS = {
    "class_shares": {"rarest_class", "commonest_class"},
    "density_coverage": {"density", "coverage"},
    "frechet_distance": {"frechet_distance"},
    "kernel_distance": {"kernel_distance"},
    "memorization": {"nearer_than_reals", "near_copies"},
    "precision_recall": {"precision", "recall"},
    "self_similarity": {"self_similarity"},
    "sharpness": {"sharpness"},
    "sliced_wasserstein": {"sliced_wasserstein"},
}


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_gives_finite_numbers_and_their_value_for_halves_of_the_real_images(metric, gan, reals):
    found = evaluation.score_card(gan, reals, metrics=[metric]).content["scores"]
    assert found.keys() == METRICS[metric]
    assert all(np.isfinite([score["mean"], score["real"], *score["interval"]]).all() for score in found.values())


def test_the_rest_of_the_metrics_need_what_they_name(gan, reals):
    rest = set(scores.NAMES) - METRICS.keys()
    assert rest == {"inception_score", "label_accuracy", "mode_coverage", "parzen_log_likelihood"}
    for metric, message in [
        ("inception_score", "classifies"),
        ("mode_coverage", "classifies"),
        ("label_accuracy", "conditional"),
        ("parzen_log_likelihood", "held_out"),
    ]:
        with pytest.raises(ValueError, match=message):
            evaluation.score_card(gan, reals, metrics=[metric])
    with_held_out = evaluation.score_card(gan, reals, metrics=["parzen_log_likelihood"], held_out=reals.images()[:20])
    assert np.isfinite(with_held_out.mean("parzen_log_likelihood"))
    assert with_held_out.content["held_out"]["count"] == 20


def test_a_conditional_model_generates_the_classes_of_the_real_images_and_is_scored_by_label_accuracy(reals):
    class Obedient(models.ConditionalGAN):
        """Gives the real images of the requested classes."""

        def generate(self, *, latents, labels, seed, batch_size):
            assert sorted(labels) == sorted(reals.labels)
            rows = {label: np.flatnonzero(reals.labels == label) for label in range(3)}
            taken = [rows[label][index % len(rows[label])] for index, label in enumerate(labels)]
            return reals.images()[taken].astype("float32") / 127.5 - 1

    gan = Obedient(**{**models.ConditionalGAN.tiny_config, "num_classes": 3})
    card = evaluation.score_card(gan, reals, metrics=["label_accuracy", "class_shares"])
    classifier = scores.View(features=mean_and_spread(reals.images()), images=reals.images(), labels=reals.labels)
    assert classifier.classes == 3
    # each real image is one of its own three neighbors; the other two may outvote it
    assert card.mean("label_accuracy") > 0.5
    assert sum(card.content["class_shares"]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("count", "each"), [(6, [3, 2, 1]), (24, [12, 8, 4])])
def test_another_number_of_samples_has_the_classes_in_the_proportions_of_sorted_images(count, each):
    class Recorded(models.ConditionalGAN):
        def generate(self, *, latents, labels, seed, batch_size):
            asked.append(np.bincount(labels, minlength=3).tolist())
            return np.random.default_rng(seed).uniform(-1, 1, (len(labels), 16, 16, 1)).astype("float32")

    asked: list = []
    pixels = np.random.default_rng(1).integers(256, size=(12, 16, 16, 1), dtype="uint8")
    by_folder = data.arrays(pixels, np.repeat([0, 1, 2], [6, 4, 2]))  # as folders of classes are read
    gan = Recorded(**{**models.ConditionalGAN.tiny_config, "num_classes": 3})
    evaluation.score_card(gan, by_folder, metrics=["label_accuracy"], features=["pixels"], samples=count)
    assert asked == [each] * 3


def test_the_pixels_that_are_kept_are_of_all_classes_of_sorted_images_and_of_any_batches_the_same(monkeypatch):
    monkeypatch.setattr(material, "KEPT", 60)
    classes, pixels = np.repeat([0, 1, 2], 100), np.zeros((300, 2, 2, 1), "uint8")
    pixels[:, 0, 0, 0], pixels[:, 1, 1, 0] = np.arange(300) % 256, classes
    sorted_images = data.arrays(pixels, classes)
    networks, shape = [material.feature_network("pixels")], (2, 2, 1)
    views = [material.real_images(sorted_images, networks, batch_size=size, shape=shape).views[0] for size in (7, 300)]
    np.testing.assert_array_equal(views[0].images, views[1].images)
    counts = np.bincount(views[0].images[:, 1, 1, 0])
    assert counts.sum() == 60 and all(8 <= count <= 32 for count in counts)  # 20 expected, four deviations of 3.0
    np.testing.assert_array_equal(views[0].labels_of_images, views[0].images[:, 1, 1, 0])
    half = views[0].part(np.arange(0, 300, 2))
    assert 0 < len(half.images) < 60 and not np.any(half.images[:, 0, 0] % 2)
    np.testing.assert_array_equal(half.labels_of_images, half.images[:, 1, 1, 0])
    few = material.real_images(data.arrays(pixels[:50]), networks, batch_size=7, shape=shape).views[0]
    np.testing.assert_array_equal(few.images, pixels[:50])


def test_a_folder_of_other_classes_than_the_models_is_read_without_labels(tmp_path):
    gan = models.ConditionalGAN(**{**models.ConditionalGAN.tiny_config, "num_classes": 3})
    with pytest.warns(UserWarning, match=r"each of the model's 3 classes\. Received: 2 in"):
        found = evaluate._folder(two_classes(tmp_path / "two"), gan)
    assert found.num_classes is None and [labels for _, labels in found.in_order()] == [None]
    flat(two_classes(tmp_path / "three") / "bee" / "0.png", (9, 9, 9))
    assert evaluate._folder(tmp_path / "three", gan).labels.max() == 2


def test_samples_are_those_of_generate_but_drawn_a_batch_at_a_time(gan, monkeypatch):
    drawn, generate = gan.generate(7, seed=3), type(gan).generate
    sizes = []

    def noting(self, **options):
        sizes.append(len(options["latents"]))
        return generate(self, **options)

    monkeypatch.setattr(type(gan), "generate", noting)
    network = material.FeatureNetwork(name="pixels", features=lambda images: images.reshape(len(images), -1))
    (view,) = material.generated(gan, [network], count=7, labels=None, seed=3, batch_size=3)
    np.testing.assert_allclose(view.features, drawn.reshape(7, -1), atol=1e-5)
    assert sizes == [3, 3, 1]


def test_features_of_several_networks_are_listed_with_their_descriptions(gan, reals):
    own = material.FeatureNetwork(name="own", features=mean_and_spread)
    card = evaluation.score_card(gan, reals, metrics=["frechet_distance", "sharpness"], features=["thumbnails", own])
    assert card.content["scores"].keys() == {"frechet_distance", "frechet_distance_own", "sharpness"}
    assert card.content["features"]["own"] == {"network": "mean_and_spread"}
    assert "8x8" in card.content["features"]["thumbnails"]["network"]


def test_scores_that_only_a_family_has_are_on_its_card(gan, reals, monkeypatch):
    monkeypatch.setattr(type(gan), "family_scores", lambda self, images, labels, seed: {"own": seed + len(images)})
    assert evaluation.score_card(gan, reals, metrics=["sharpness"]).mean("own") == 41


def test_the_cache_keeps_features_of_networks_by_weights_and_images(gan, tmp_path):
    seen = []

    class Network:
        identity, weights, settings, name = "a network", "abc", "none", "network"

        def __call__(self, images):
            seen.append(len(images))
            return mean_and_spread(images)

    network = material.FeatureNetwork(name="own", features=Network())
    images = np.random.default_rng(0).integers(256, size=(8, 16, 16, 1), dtype="uint8")
    cards = [
        evaluation.score_card(gan, images, metrics=["frechet_distance"], features=[network], cache=tmp_path)
        for _ in range(2)
    ]
    assert seen == [8] * 7  # the real ones once, and three seeds twice
    assert cards[0].to_json() == cards[1].to_json()
    evaluation.score_card(gan, images[::-1] // 2, metrics=["frechet_distance"], features=[network], cache=tmp_path)
    assert seen == [8] * 11


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metrics": ["frechet"]}, "frechet_distance"),
        ({"features": ["thumbnial"]}, "thumbnails"),
        ({"features": []}, "features"),
        ({"seeds": (0, 1)}, "three"),
        ({"seeds": (0, 0, 0)}, "three"),
        ({"samples": 1}, "samples"),
        ({"real": np.zeros((4, 8, 8, 1), "uint8")}, r"\(16, 16, 1\).*\(8, 8, 1\)"),
        ({"real": np.zeros((1, 16, 16, 1), "uint8")}, "two"),
    ],
)
def test_unsuitable_arguments_are_refused_with_what_was_expected(arguments, message, gan, reals):
    arguments = {"real": reals, **arguments}
    with pytest.raises(ValueError, match=message):
        evaluation.score_card(gan, **arguments)


def test_the_digits_classifier_reads_the_digits_that_it_has_never_seen():
    unseen = data.digits(image_size=32, split="test")
    probabilities = classifier_features("digits", "probabilities")(unseen.images())
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert len(probabilities) == 599 and np.mean(probabilities.argmax(axis=1) == unseen.labels) >= 0.98


def test_thumbnails_agree_with_pillow():
    images = np.random.default_rng(0).integers(256, size=(2, 32, 32, 3), dtype="uint8")
    found = metrics.features.thumbnails(images).reshape(2, 8, 8, 3)
    expected = np.asarray(Image.fromarray(images[1]).resize((8, 8), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(found[1] * 127.5 + 127.5, expected, atol=1.01)  # Pillow rounds bytes after each axis


def test_evaluate_writes_the_card_of_an_entry_and_its_results(tmp_path):
    recipe_file = tmp_path / "recipe.toml"
    recipe_file.write_text(RECIPE)
    (tmp_path / "experiment.json").write_text(json.dumps(EXPERIMENT))
    recipe = zoo.recipe(recipe_file)
    keras.utils.set_random_seed(0)
    card = evaluate.evaluate(recipe, zoo.build(recipe), samples=60, output=tmp_path)
    assert json.loads((tmp_path / "card.json").read_text()) == card.content
    text = (tmp_path / "card.md").read_text()
    assert f"{card.mean('frechet_distance'):.4g}" in text and "kerasgan train tiny" in text
    assert "| l2 | 0.5 |" in text and "python benchmarks/own.py" in text
    with Image.open(tmp_path / "samples.png") as picture:
        assert picture.width > 100
    results = zoo.recipe(recipe_file).results
    assert results["frechet_distance"] == card.mean("frechet_distance") and results["samples"] == 60
    assert "# a comment that stays" in recipe_file.read_text()


def test_digits_that_a_recipe_leaves_out_are_held_out_and_requested_from_the_family(tmp_path, monkeypatch):
    (tmp_path / "recipe.toml").write_text(RECIPE.replace('"digits"', '"digits"\nsplit = "train"'))
    recipe = zoo.recipe(tmp_path / "recipe.toml")
    gan = zoo.build(recipe)
    monkeypatch.setattr(type(gan), "family_scores", lambda self, images, labels, seed: {"seen": len(labels)})
    card = evaluate.evaluate(recipe, gan, metrics=["memorization"], samples=50)
    assert card.content["held_out"]["count"] == 599 == card.mean("seen")
    assert card.content["data"]["count"] == 1797


RECIPE = """# kerasgan train tiny
# A second.
family = "DCGAN"

[model] # a comment that stays
image_size = 16
channels = 1
latent_dim = 8
width = 8

[data]
source = "digits"
image_size = 16

[train]
batch_size = 8
steps = 1

[results]
frechet_distance = 0.1
"""
EXPERIMENT = {
    "title": "Losses compared",
    "command": "python benchmarks/own.py",
    "columns": ["loss", "error"],
    "rows": [["l2", 0.5], ["l1", 0.25]],
    "text": "Lower is better.",
}
