"""InfoGAN: the authors' layer tables, the bound on the information, codes chosen and predicted."""

import math

import keras
import numpy as np
import pytest
import scipy.stats
from keras import ops

from kerasgan import zoo
from kerasgan.latents import GaussianMixture, Normal, Part, Product, Tree, Uniform
from kerasgan.models import InfoGAN


def parameters(network, *names):
    layers = [layer for layer in network.layers if not names or layer.name in names]
    return sum(int(np.prod(variable.shape)) for layer in layers for variable in layer.trainable_variables)


def test_the_mnist_networks_have_the_parameters_of_the_authors_code():
    gan = InfoGAN()
    head, code_head = ("logit",), ("code_hidden", "code_hidden_norm", "codes")
    assert gan.latent_dim == 74
    assert parameters(gan.generator) == 6_652_481
    assert parameters(gan.discriminator, *head) == 1_025
    assert parameters(gan.discriminator, *code_head) == 133_262
    assert parameters(gan.discriminator) - parameters(gan.discriminator, *head, *code_head) == 6_558_144


def categories(number, of):
    return [{"name": "categorical", "num_categories": of, "code": f"category{index}"} for index in range(number)]


@pytest.mark.parametrize(
    ("noise", "codes", "size"),
    [
        (62, None, 74),
        (124, [*categories(4, of=10), ("uniform", 4, "continuous")], 168),
        (128, categories(10, of=10), 228),
        (128, [("uniform", 5, "continuous")], 133),
        (128, [*categories(3, of=20), ("uniform", 1, "continuous")], 189),
    ],
    ids=["mnist", "svhn", "celeba", "faces", "chairs"],
)
def test_the_papers_codes_have_the_papers_number_of_latents(noise, codes, size):
    gan = InfoGAN(latent_dim=noise, codes=codes, image_size=8, width=2, units=4, code_units=4)
    assert gan.latent_dim == size
    assert gan.generate(2, seed=0).shape == (2, 8, 8, 1)


def small(**options):
    gan = InfoGAN(**{**InfoGAN.tiny_config, **options})
    gan.compile(run_eagerly=True)
    return gan


def answered(gan, latents, answers):
    """The weighted and the reported information when Q answers so."""
    gan._means["information"].reset_state()
    weighted = gan._information(ops.convert_to_tensor(latents), ops.convert_to_tensor(answers))
    return float(weighted), float(gan._means["information"].result())


def test_the_bound_is_tight_for_a_known_category_and_zero_for_a_guess():
    gan = small(codes=[{"name": "categorical", "num_categories": 10, "code": "category"}])
    latents = gan.prior.draw(64, gan.latent_dim, seed=0)
    known, guess = 100 * latents[:, -10:], np.zeros((64, 10), "float32")
    assert answered(gan, latents, known)[0] == pytest.approx(2.302585, abs=1e-5)
    assert answered(gan, latents, guess)[0] == pytest.approx(0.0, abs=1e-5)


def test_a_continuous_code_that_is_known_costs_the_entropy_of_the_fixed_posterior():
    """Cross-entropy 1/2 log(2 pi) = 0.9189385 for each of the two numbers at mean = code."""
    gan = small(codes=[("uniform", 2, "continuous")])
    latents = gan.prior.draw(64, gan.latent_dim, seed=0)
    answers = np.concatenate([latents[:, -2:], np.full((64, 2), 7.0)], axis=1).astype("float32")  # variances unused
    assert answered(gan, latents, answers)[0] == pytest.approx(2 * (math.log(2) - 0.9189385), abs=1e-5)


def test_a_learned_deviation_gives_the_likelihood_of_scipys_normal():
    gan = small(codes=[Part(Normal(), 2, "continuous")], fixed_std=False)
    latents = gan.prior.draw(64, gan.latent_dim, seed=0)
    mean, log_variance = np.random.default_rng(1).normal(size=(2, 64, 2))
    expected = scipy.stats.norm(mean, np.exp(log_variance / 2)).logpdf(latents[:, -2:]).sum(axis=1).mean()
    expected += scipy.stats.multivariate_normal(np.zeros(2)).entropy()
    answers = np.concatenate([mean, log_variance], axis=1).astype("float32")
    assert answered(gan, latents, answers)[0] == pytest.approx(expected, rel=1e-4)


FAR_APART = [GaussianMixture([[-9.0], [9.0], [0.0]], 1.0), Tree((3, 2), latent_dim=3, scales=0.01)]


@pytest.mark.parametrize("mixture", FAR_APART, ids=["mixture", "tree"])
def test_the_component_of_a_mixture_can_be_a_code(mixture):
    """Components far apart are known from the latents: a head that knows them too has all of their entropy."""
    gan = small(codes=[Part(mixture, code="component")])
    latents = gan.prior.draw(64, gan.latent_dim, seed=0)
    share = ops.convert_to_numpy(mixture.responsibilities(latents[:, 8:]))
    found = answered(gan, latents, 100 * share.astype("float32"))[0]
    assert found == pytest.approx(math.log(mixture.num_components), abs=1e-3)


def test_codes_have_weights_of_their_own():
    gan = small(information_weight={"category": 2.0, "continuous": 0.0})
    latents = gan.prior.draw(64, gan.latent_dim, seed=0)
    answers = np.concatenate([100 * latents[:, 8:18], np.zeros((64, 4))], axis=1).astype("float32")
    assert answered(gan, latents, answers)[0] == pytest.approx(2 * math.log(10), abs=1e-4)


def test_the_losses_of_both_networks_subtract_the_information():
    images = np.random.default_rng(0).uniform(-1, 1, (8, 8, 8, 1)).astype("float32")
    losses = {}
    for weight in (0.0, 3.0):
        keras.utils.set_random_seed(0)
        gan = small(information_weight=weight)
        frozen = keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0)
        gan.compile(
            generator_optimizer=frozen[0], discriminator_optimizer=frozen[1], reuse_fakes=True, run_eagerly=True
        )
        gan.seed_generator.state.assign([0, 1])
        losses[weight] = {name: column[0] for name, column in gan.fit(images, batch_size=8, verbose=0).history.items()}
    for name in ("discriminator_loss", "generator_loss"):
        difference = losses[0.0][name] - losses[3.0][name]
        assert difference == pytest.approx(3.0 * losses[3.0]["information"], rel=1e-3)


def test_the_contrast_is_known_for_a_guess_and_for_answers_that_are_sure(monkeypatch):
    """A guess: one of 2n - 1 rows, less log 10. Sure and right on ten images of all categories: log(1 + 18 e^-2)."""
    gan = small(contrast_weight=1.0)
    images = np.zeros((10, 8, 8, 1), "float32")
    for answers, expected in ((np.zeros((10, 14)), math.log(19)), (100 * np.eye(10, 14), math.log(1 + 18 / math.e**2))):
        monkeypatch.setattr(
            gan, "_logits_and_codes", lambda images, answers=answers: (None, ops.cast(answers, "float32"))
        )
        assert float(gan._contrast(images)) == pytest.approx(expected - math.log(10), abs=1e-5)


def test_the_contrast_of_a_tree_is_the_mean_over_its_levels(monkeypatch):
    """Four images, one of each leaf, surely read: of the leaves log(1 + 6 e^-2), of the branches log(3 + 4 e^-2)."""
    gan = small(contrast_weight=1.0, codes=[Part(Tree((2, 2), latent_dim=3), code="leaf")])
    sure = ops.cast(100 * np.eye(4), "float32")
    monkeypatch.setattr(gan, "_logits_and_codes", lambda images: (None, sure))
    leaves, branches = math.log(1 + 6 / math.e**2) - math.log(4), math.log(3 + 4 / math.e**2) - math.log(2)
    found = float(gan._contrast(np.zeros((4, 8, 8, 1), "float32")))
    assert found == pytest.approx((leaves + branches) / 2, abs=1e-5)


def test_a_code_head_that_shares_nothing_has_a_trunk_of_its_own():
    apart, together = (small(shared=shared).discriminator for shared in (False, True))
    heads = "logit", "code_hidden", "code_hidden_norm", "codes"
    assert parameters(apart) == 2 * parameters(together) - parameters(together, *heads)


def test_the_discriminator_alone_pays_for_the_contrast():
    images = np.random.default_rng(0).uniform(-1, 1, (8, 8, 8, 1)).astype("float32")
    losses = {}
    for weight in (0.0, 3.0):
        keras.utils.set_random_seed(0)
        gan = small(contrast_weight=weight)
        frozen = keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0)
        gan.compile(
            generator_optimizer=frozen[0], discriminator_optimizer=frozen[1], reuse_fakes=True, run_eagerly=True
        )
        gan.seed_generator.state.assign([0, 1])
        losses[weight] = {name: column[0] for name, column in gan.fit(images, batch_size=8, verbose=0).history.items()}
    assert "contrast" not in losses[0.0]
    difference = losses[3.0]["discriminator_loss"] - losses[0.0]["discriminator_loss"]
    assert difference == pytest.approx(3.0 * losses[3.0]["contrast"], rel=1e-3)
    assert losses[3.0]["generator_loss"] == pytest.approx(losses[0.0]["generator_loss"], rel=1e-5)


def test_the_information_rises_in_training():
    keras.utils.set_random_seed(0)
    only = [{"name": "categorical", "num_categories": 3, "code": "category"}]
    gan = InfoGAN(**{**InfoGAN.tiny_config, "units": 32, "codes": only, "information_weight": 10.0})
    fast = [keras.optimizers.Adam(5e-3, beta_1=0.5) for _ in range(2)]
    gan.compile(generator_optimizer=fast[0], discriminator_optimizer=fast[1])
    images = np.random.default_rng(0).uniform(-1, 1, (32, 8, 8, 1)).astype("float32")
    information = gan.fit(images, batch_size=32, epochs=80, verbose=0).history["information"]
    assert information[0] < 0.1
    assert 0.7 < information[-1] <= math.log(3)


def test_codes_are_asked_for_and_the_noise_stays():
    gan = small()
    np.testing.assert_array_equal(gan.generate(3, codes={}, seed=2), gan.generate(3, seed=2))
    latents = gan.prior.draw_given({"category": 4, "continuous": [0.5, -0.5]}, 3, gan.latent_dim, seed=2)
    np.testing.assert_array_equal(latents[:, :8], gan.prior.draw(3, gan.latent_dim, seed=2)[:, :8])
    np.testing.assert_array_equal(latents[:, 8:], [[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0.5, -0.5]] * 3)
    images = gan.generate(3, codes={"category": 4, "continuous": [0.5, -0.5]}, seed=2)
    np.testing.assert_array_equal(images, gan.generate(latents=latents))
    with pytest.raises(ValueError, match="Expected ints from 0 to 9"):
        gan.generate(2, codes={"category": 10})
    with pytest.raises(ValueError, match=r"Expected codes of the prior: category, continuous. Received: digit"):
        gan.generate(2, codes={"digit": 1})
    with pytest.raises(ValueError, match="not class-conditional"):
        gan.generate(2, labels=3, codes={"category": 1})


def test_codes_are_read_off_images():
    gan = small()
    read = gan.codes(gan.generate(5, seed=0), batch_size=2)
    assert {name: values.shape for name, values in read.items()} == {"category": (5, 10), "continuous": (5, 2)}
    np.testing.assert_allclose(read["category"].sum(axis=1), 1, rtol=1e-5)


def test_the_sheet_has_a_column_per_category_and_moves_the_continuous_code():
    gan = small()
    images, columns = gan.sample_grid(seed=3)
    assert (len(images), columns) == (80, 10)
    latents = gan.prior.draw(8, gan.latent_dim, seed=3)
    wanted = np.concatenate([latents[1, :8], np.eye(10)[6], latents[1, 18:]]).astype("float32")
    np.testing.assert_allclose(images[16], gan.generate(latents=wanted[None])[0], atol=1e-6)  # row 1, column 6
    moved = np.concatenate([latents[0, :8], np.eye(10)[6], [1.0], latents[0, 19:]]).astype("float32")
    np.testing.assert_allclose(images[76], gan.generate(latents=moved[None])[0], atol=1e-6)  # the last row's column 6
    assert len(gan.sample_grid(7)[0]) == 7
    assert small(codes=[("normal", 1, "a")]).sample_grid()[1] == 4


def test_the_code_error_counts_each_category_as_its_commonest_label(monkeypatch):
    gan = small()
    categories, labels = np.array([0, 0, 0, 1, 1, 2]), np.array([7, 7, 3, 3, 3, 7])
    monkeypatch.setattr(gan, "codes", lambda images: {"category": np.eye(10)[categories]})
    assert gan.family_scores(np.zeros((6, 8, 8, 1)), labels) == {"code_error": pytest.approx(1 / 6)}
    assert gan.family_scores(np.zeros((6, 8, 8, 1)), None) == {}


def test_a_prior_that_names_codes_is_taken_whole():
    prior = Product([(Normal(), 5), Part(Uniform(), 1, "angle")])
    gan = small(latent_dim=None, prior=prior)
    assert gan.latent_dim == 6 and list(gan.prior.codes) == ["angle"]
    noise = Product([(Normal(), 5), (Uniform(), 1)])
    assert small(latent_dim=None, prior=noise).latent_dim == 18


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_size": 10}, "multiple of 4"),
        ({"image_size": 20, "stages": 3}, "multiple of 8"),
        ({"codes": []}, "at least one part with a code"),
        ({"codes": [("normal", 2)]}, "at least one part with a code"),
        ({"contrast_weight": -1.0}, "from 0 on"),
        ({"contrast_weight": 1.0, "codes": [("uniform", 2, "angle")]}, "0 without categories"),
        ({"information_weight": {"category": 1.0}}, "each code: category, continuous. Received: category"),
        ({"prior": {"name": "categorical", "num_categories": 3}}, r"latent_dim=3.*Received: latent_dim=8"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        small(**options)


def test_a_keras_file_loads_by_its_recipe_whose_latents_are_the_noise_alone(tmp_path):
    """The file records all latents, 8 of noise and 4 of the code; another width is refused as ever."""
    model = "image_size = 8\nlatent_dim = 8\nwidth = 4\nunits = 16\ncode_units = 8\n"
    code = 'codes = [{ name = "categorical", num_categories = 4, code = "category" }]\n'
    for name, text in (("same", model), ("wide", model.replace("width = 4", "width = 8"))):
        (tmp_path / name).mkdir()
        rest = '[data]\nsource = "digits"\nimage_size = 8\n[train]\nbatch_size = 4\nsteps = 1\nseed = 0\n'
        (tmp_path / name / "recipe.toml").write_text(f'family = "InfoGAN"\n[model]\n{text}{code}{rest}')
    gan = zoo.load(tmp_path / "same" / "recipe.toml", weights=None)
    gan.save(tmp_path / "gan.keras")
    again = zoo.load(tmp_path / "same" / "recipe.toml", weights=tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.generate(2, seed=0), gan.generate(2, seed=0))
    with pytest.raises(ValueError, match=r"width=8. Received: .*gan.keras with width=4"):
        zoo.load(tmp_path / "wide" / "recipe.toml", weights=tmp_path / "gan.keras")
