"""Augmentation: the identity where nothing is drawn, NumPy's numbers where it is known what is, no leaks, gradients."""

import keras
import numpy as np
import pytest
from families import DRAWING, overriding
from keras import ops

from kerasgan import augment, gradients, objectives
from kerasgan.augment import color, diff_augment, geometry
from kerasgan.augment.scheme import Draws
from kerasgan.models import AAE, DCGAN, R3GAN
from kerasgan.schedules import Cosine

pytestmark = pytest.mark.backends("jax", "torch")

EVERYTHING = dict(filter=1.0, noise=1.0, cutout=1.0)


def array(tensor):
    return ops.convert_to_numpy(tensor.detach() if hasattr(tensor, "detach") else tensor)


def images(*shape, seed=0):
    return ops.convert_to_tensor(np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32"))


def changed(scheme, batch, seed=1):
    return array(augment.get(scheme)(batch, seed=keras.random.SeedGenerator(seed)))


def draws(count, probability=1.0, seed=1):
    return Draws(count, probability=probability, seed=keras.random.SeedGenerator(seed))


def matrices(*rows):
    return ops.convert_to_tensor(np.array(rows, "float32"))


# ADA


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_without_a_probability_every_operation_is_exactly_the_identity(channels):
    batch = images(5, 12, 8, channels)
    np.testing.assert_array_equal(changed({"name": "ada", "probability": 0.0, **EVERYTHING}, batch), array(batch))


def test_each_group_of_operations_changes_the_images_it_is_drawn_for():
    batch = images(48, 8, 8, 3)
    for group in ("blit", "geometry", "color", "filter", "noise", "cutout"):
        none = dict.fromkeys(["blit", "geometry", "color", "filter", "noise", "cutout"], 0.0)
        seen = changed({"name": "ada", "probability": 0.4, **none, group: 0.5}, batch)
        untouched = np.mean(np.all(seen == array(batch), axis=(1, 2, 3)))
        assert 0.2 < untouched < 0.95, (group, untouched)  # 0.8 and fewer: some groups have several operations
        assert np.isfinite(seen).all()


def test_the_wavelet_is_orthonormal_so_that_halving_undoes_doubling():
    for shift in range(6):
        product = 2 * np.sum(geometry.SYM6[2 * shift :] * geometry.SYM6[: len(geometry.SYM6) - 2 * shift])
        assert product == pytest.approx(float(shift == 0), abs=1e-7)


def test_mirroring_quarter_turns_and_whole_pixels_take_pixels_as_they_are():
    batch = images(1, 6, 6, 2)
    x = array(batch)
    moved = np.pad(x, [(0, 0), (1, 1), (2, 2), (0, 0)], mode="reflect")[:, 2:, :6]
    cases = [
        ([[-1, 0, 0], [0, 1, 0], [0, 0, 1]], x[:, :, ::-1]),
        ([[0, 1, 0], [-1, 0, 0], [0, 0, 1]], np.rot90(x, -1, axes=(1, 2))),
        ([[1, 0, -2], [0, 1, 1], [0, 0, 1]], moved),
    ]
    for inverse, expected in cases:
        np.testing.assert_array_equal(array(geometry.blit(batch, matrices(inverse))), expected)


def test_a_smooth_image_is_turned_and_stretched_as_its_formula_is():
    """sin(0.3 x + 0.2 y) of the places from the center; the source of (x, y) is the matrix times it."""
    y, x = np.mgrid[:16, :24] - np.array([7.5, 11.5])[:, None, None]
    inverse = np.array([[0.8, 0.4, 0.7], [-0.5, 1.1, -0.3], [0, 0, 1]])
    places = np.stack([x, y, np.ones_like(x)], axis=-1) @ inverse.T
    smooth = ops.convert_to_tensor(np.sin(0.3 * x + 0.2 * y)[None, :, :, None].astype("float32"))
    found = array(geometry.transform(smooth, matrices(inverse)))[0, 5:-5, 8:-8, 0]
    expected = np.sin(0.3 * places[..., 0] + 0.2 * places[..., 1])[5:-5, 8:-8]
    np.testing.assert_allclose(found, expected, atol=0.03)


def test_outside_the_image_is_its_mirror_image():
    ramp = np.tile(np.arange(16, dtype="float32")[None, None, :, None], (1, 16, 1, 1))
    found = array(geometry.transform(ops.convert_to_tensor(ramp), matrices([[1, 0, -5], [0, 1, 0], [0, 0, 1]])))
    np.testing.assert_allclose(found[0, 8, :, 0], [5, 4, 3, 2, 1, *range(11)], atol=0.25)


def test_colors_move_as_their_formulas_say():
    gray = ops.convert_to_tensor(np.full((2000, 2, 2, 3), 0.5, "float32"))
    found = array(color.change_colors(gray, draws(2000), 1.0))
    # On the gray axis hue and saturation change nothing: contrast (0.5 + brightness), inverted half of the time.
    np.testing.assert_allclose(found, found.mean(axis=-1, keepdims=True).repeat(3, axis=-1), atol=1e-5)
    contrast = np.exp((0.5 * np.log(2)) ** 2 / 2)
    assert found.mean() == pytest.approx(0.0, abs=0.06)
    assert np.abs(found[:, 0, 0, 0]).mean() == pytest.approx(0.5 * contrast, rel=0.05)
    single = array(color.change_colors(gray[..., :1], draws(2000), 1.0))
    assert np.abs(single).mean() == pytest.approx(0.5 * contrast, rel=0.05)


def test_alpha_stays_as_it_is():
    batch = images(8, 6, 6, 4)
    found = array(color.change_colors(batch, draws(8), 1.0))
    np.testing.assert_array_equal(found[..., 3], array(batch)[..., 3])
    assert not np.allclose(found[..., :3], array(batch)[..., :3], atol=0.01)


def test_the_filters_split_a_signal_into_four_bands_and_sum_to_one():
    filters = color.band_filters()
    impulse = np.zeros(filters.shape[1])
    impulse[len(impulse) // 2] = 1
    np.testing.assert_allclose(filters.sum(axis=0), impulse, atol=1e-12)
    responses = np.abs(np.fft.rfft(filters, 4096))  # from 0 to pi
    centers = [0, round(2048 * 3 / 16), round(2048 * 3 / 8), 2048]
    assert [int(np.argmax(responses[:, place])) for place in centers] == [0, 1, 2, 3]


def test_gains_of_frequency_bands_leave_a_constant_image_constant():
    flat = ops.convert_to_tensor(np.full((6, 8, 8, 1), 0.5, "float32"))
    found = array(color.filter_bands(flat, draws(6), 1.0))
    np.testing.assert_allclose(found, found[:, :1, :1].repeat(8, axis=1).repeat(8, axis=2), atol=1e-5)
    assert found.std() > 0.01


def test_a_cutout_is_a_rectangle_of_half_the_size_and_noise_has_its_deviation():
    ones = ops.convert_to_tensor(np.ones((2000, 8, 8, 1), "float32"))
    found = array(color.cut_out(ones, draws(2000), 1.0))
    # A pixel of an axis is covered where the center, uniform over 8 pixels, is within 2 of it.
    near = np.minimum(np.arange(8) + 0.5 + 2, 8) - np.maximum(np.arange(8) + 0.5 - 2, 0)
    expected = 1 - np.outer(near, near) / 64
    np.testing.assert_allclose(found.mean(axis=0)[..., 0], expected, atol=0.05)
    noise = array(color.add_noise(0.0 * ones, draws(2000), 1.0))
    assert noise.std() == pytest.approx(0.1, rel=0.05)


def orientations(batch):
    """Which of the four quarter turns a ramp is: bright below, left, above or right."""
    down = batch[:, 4:].mean(axis=(1, 2, 3)) - batch[:, :4].mean(axis=(1, 2, 3))
    right = batch[:, :, 4:].mean(axis=(1, 2, 3)) - batch[:, :, :4].mean(axis=(1, 2, 3))
    vertical = np.abs(down) > np.abs(right)
    return np.where(vertical, np.where(down > 0, 0, 2), np.where(right > 0, 3, 1))


@pytest.mark.backends("torch")
@pytest.mark.parametrize("probability", [0.5, 0.79])
def test_below_the_papers_probability_two_sets_stay_apart(probability):
    """An arrow up or down under quarter turns of probability p: the share that still points its way is 1 - 3/4 p.

    The others have p/4 each, so that the mixture of orientations can be read off the augmented images: no leak. At
    p = 1 all four are alike.
    """
    ramp = np.linspace(-1, 1, 8, dtype="float32")[None, :, None, None] * np.ones((6000, 1, 8, 1), "float32")
    scheme = {"name": "ada", "probability": probability, "geometry": 0.0, "color": 0.0}
    for share in (1.0, 0.7):  # of arrows that point down
        mixed = ramp * np.where(np.arange(6000) < share * 6000, 1, -1)[:, None, None, None].astype("float32")
        seen = orientations(changed(scheme, ops.convert_to_tensor(mixed), seed=7))
        frequencies = np.bincount(seen, minlength=4) / 6000
        kernel = (1 - probability) * np.eye(4) + probability / 4
        expected = kernel @ [share, 0, 1 - share, 0]
        np.testing.assert_allclose(frequencies, expected, atol=0.03)
        recovered = np.linalg.solve(kernel, frequencies)
        assert recovered[0] == pytest.approx(share, abs=0.12)


def test_the_probability_follows_the_signs_of_the_real_logits():
    ada = augment.ADA(target=0.6, interval=2, ramp=100)
    expected = 0.0
    for step, logits in enumerate([[1, 1, 2], [3, 1, 1], [-1, 1, 1], [-1, -1, 1], [1, 1, 1], [1, 1, 1]]):
        ada.observe(ops.convert_to_tensor(np.array(logits, "float32")[:, None]))
        ada.advance(step, 3)
        if step % 2:
            expected = max(0.0, expected + {1: 0.06, 3: -0.06, 5: 0.06}[step])
        assert float(array(ada.state()["augment_probability"])) == pytest.approx(expected)


def test_a_scheduled_probability_is_that_of_the_next_step():
    ada = augment.ADA(probability={"name": "Cosine", "start": 0.0, "end": 0.4, "steps": 2})
    found = []
    for step in range(3):
        found.append(float(array(ada.probability)))
        ada.advance(step, 1)
    np.testing.assert_allclose(found, [0.0, 0.2, 0.4], atol=1e-6)


# DiffAugment


def test_diff_augment_has_the_papers_ranges():
    batch = images(2000, 8, 8, 3)
    x, found = array(batch), array(diff_augment.color(batch, draws(2000)))
    shift = found.mean(axis=(1, 2, 3)) - x.mean(axis=(1, 2, 3))
    assert -0.5 <= shift.min() < -0.45 and 0.45 < shift.max() <= 0.5
    gray, others = x.mean(axis=-1, keepdims=True), found.mean(axis=-1, keepdims=True)
    strength = np.abs(found - others).mean(axis=(1, 2, 3)) / np.abs(x - gray).mean(axis=(1, 2, 3))
    assert strength.mean() == pytest.approx(1.0, abs=0.05) and strength.max() < 3.0
    ones = ops.convert_to_tensor(np.ones((2000, 8, 12, 1), "float32"))
    moved = array(diff_augment.translation(ones, draws(2000)))[..., 0]
    # By -1, 0 or 1 of 8 rows and by -2 to 2 of 12 columns.
    np.testing.assert_allclose(moved.mean(axis=(0, 2))[[0, 4]] / moved[:, 4].mean(), [2 / 3, 1], atol=0.05)
    np.testing.assert_allclose(moved[:, 4].mean(axis=0)[[0, 1, 6]], [3 / 5, 4 / 5, 1], atol=0.05)
    cut = array(diff_augment.cutout(ones, draws(2000)))[..., 0]
    assert set(np.unique(cut)) == {0.0, 1.0}
    sizes = (1 - cut).max(axis=2).sum(axis=1), (1 - cut).max(axis=1).sum(axis=1)
    assert sizes[0].max() == 4 and sizes[1].max() == 6


def test_translation_moves_each_image_by_whole_pixels():
    batch = images(6, 8, 8, 2)
    x, found = array(batch), array(diff_augment.translation(batch, draws(6)))
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    for image in range(6):
        cases = [padded[image, i : i + 8, j : j + 8] for i in range(3) for j in range(3)]
        assert min(np.abs(case - found[image]).max() for case in cases) == 0


# Both


@pytest.mark.parametrize("scheme", [{"name": "ada", "probability": 0.8, **EVERYTHING}, "diff_augment"])
def test_gradients_flow_through_it_twice_and_each_image_is_by_itself(scheme):
    scheme, batch = augment.get(scheme), images(3, 8, 8, 3)

    def energy(x):
        return ops.sum(ops.square(scheme(x, seed=keras.random.SeedGenerator(5))), axis=(1, 2, 3))

    slope = array(gradients.input_gradients(energy, batch))
    assert np.isfinite(slope).all() and (np.abs(slope).sum(axis=(1, 2, 3)) > 0).all()
    twice = gradients.input_gradients(lambda x: ops.sum(ops.square(gradients.input_gradients(energy, x))), batch)
    assert np.isfinite(array(twice)).all() and np.abs(array(twice)).sum() > 0
    first = array(scheme(batch, seed=keras.random.SeedGenerator(5)))
    other = ops.concatenate([batch[:1], 0.5 * batch[1:]])
    np.testing.assert_allclose(array(scheme(other, seed=keras.random.SeedGenerator(5)))[0], first[0], atol=1e-5)


@pytest.mark.parametrize("name", augment.names())
def test_augmentations_survive_serialization(name):
    chosen = augment.get(name)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(chosen))
    assert type(again) is type(chosen)
    assert again.get_config() == chosen.get_config()


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        ("adda", "such as ada"),
        ({"name": "ada", "probability": 1.5}, "probability=1.5"),
        ({"name": "ada", "color": -1.0}, "color=-1.0"),
        ({"name": "diff_augment", "operations": ["hue"]}, "some of color, translation, cutout"),
        ({"name": "diff_augment", "operations": []}, "some of color"),
    ],
)
def test_what_cannot_be_drawn_is_refused(scheme, message):
    with pytest.raises(ValueError, match=message):
        augment.get(scheme)


# In training


class Recorded(augment.Augmentation):
    """Turns images into their negatives, and remembers how often, and the logits that it observed."""

    adaptive = True

    def __init__(self):
        super().__init__()
        self.calls, self.logits = 0, []

    def call(self, batch, *, seed):
        self.calls += 1
        return -batch

    def observe(self, real_logits):
        self.logits.append(real_logits.shape[0])


def test_the_discriminator_sees_augmented_images_in_every_loss_and_penalty():
    model, scheme = R3GAN(**R3GAN.tiny_config), Recorded()
    model.compile(objective="non_saturating", augment=scheme, run_eagerly=True)
    model.fit(array(images(4, 8, 8, 1)), batch_size=4, verbose=0)
    assert scheme.calls == 5  # real and fake for the discriminator, R1, R2, fake for the generator
    assert scheme.logits == [4]
    given = images(2, 8, 8, 1)
    np.testing.assert_array_equal(array(model.discriminate(given)), array(model.discriminator(-given)))


@pytest.mark.backends("tensorflow")
@overriding(
    DRAWING, "discriminator_loss", "generator_loss", "discriminate", "fakes_for_discriminator", "penalize", "augmented"
)
def test_every_family_shows_its_discriminator_augmented_images(family):
    model, scheme = family(**family.tiny_config), Recorded()
    objective = objectives.get(model.default_compile_args()["objective"])
    signed = not isinstance(objective, objectives.Wasserstein) and type(objective) is not objectives.Relativistic
    bounded = {} if signed else {"objective": "hinge"}
    model.compile(augment=scheme, discriminator_steps=1, run_eagerly=True, **bounded)
    labels = np.arange(4) % model.label_classes if model.label_classes else None
    history = model.fit(array(images(4, *model.image_shape)), labels, batch_size=4, verbose=0).history
    fewest = 2 if family is AAE else 3  # its discriminator sees codes: images are augmented when they are encoded
    assert scheme.calls >= fewest and sum(scheme.logits) >= 4
    assert all(np.isfinite(column).all() for column in history.values())


@pytest.mark.backends("torch")
def test_the_probability_is_logged_and_kept_with_the_model(tmp_path):
    model = DCGAN(**DCGAN.tiny_config)
    model.compile(augment={"name": "ada", "ramp": 100, "target": -1.1, "geometry": 0.0})  # every sign is above it
    history = model.fit(array(images(24, 16, 16, 1)), batch_size=4, verbose=0).history
    # 0 before the fourth of six steps, then 4 * 4 / 100
    assert history["augment_probability"] == [pytest.approx(0.16 * 3 / 6)]
    model.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert float(array(again.augment.probability)) == pytest.approx(0.16)
    assert again.get_compile_config() == model.get_compile_config()
    again.compile(augment=False)
    assert again.augment is None


def test_confidence_cannot_be_adapted_to_where_only_differences_count():
    with pytest.raises(ValueError, match=r"train\.augment\.probability=0\.3.*Received: Relativistic"):
        R3GAN(**R3GAN.tiny_config).compile(augment="ada")
    model = R3GAN(**R3GAN.tiny_config)
    model.compile(augment={"name": "ada", "probability": Cosine(0.0, 0.3, steps=10)})
    assert model.augment.probability is not None


def test_instance_noise_has_its_deviation_and_follows_its_schedule():
    batch = images(64, 8, 8, 3)
    added = changed({"name": "instance_noise", "deviation": 0.3}, batch) - array(batch)
    assert np.std(added) == pytest.approx(0.3, rel=0.02) and abs(np.mean(added)) < 0.01
    gan = DCGAN(**DCGAN.tiny_config)
    gan.compile(augment={"name": "instance_noise", "deviation": Cosine(0.4, 0.0, steps=4)})
    real = np.random.default_rng(0).uniform(-1, 1, (8, 16, 16, 1)).astype("float32")
    history = gan.fit(real, batch_size=4, epochs=2, verbose=0).history
    assert history["noise_deviation"][-1] == pytest.approx((0.4 * 0.5 * (1 - 2**-0.5) + 0.0) / 2, rel=1e-4)
    with pytest.raises(ValueError, match=r"Received: deviation=-0\.1"):
        augment.get({"name": "instance_noise", "deviation": -0.1})
