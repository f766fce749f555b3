"""Context encoders: holes, completed pictures, gated convolutions, and the authors' networks."""

from itertools import pairwise

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from kerasgan import data, layers
from kerasgan.cli import samples
from kerasgan.data import holes
from kerasgan.evaluation.pair_card import pair_card
from kerasgan.gan.train_step import Batch
from kerasgan.models import ContextEncoder

pytestmark = pytest.mark.backends("jax", "torch")
TINY = dict(ContextEncoder.tiny_config)


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def pictures(count=2, side=16):
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), "uint8")


def middle(side=16):
    hole = np.zeros((side, side), bool)
    hole[side // 4 : -side // 4, side // 4 : -side // 4] = True
    return hole


def test_the_networks_have_the_weights_of_the_authors_tables():
    """4x4 kernels from 4 channels, alpha included, to 64, 64, 128, 256, 512 and the code of 4,000, and back."""
    gan = ContextEncoder()
    down, up = [4, 64, 64, 128, 256, 512, 4000], [4000, 512, 256, 128, 64, 64, 3]
    kernels = sum(16 * one * other for sides in (down, up) for one, other in pairwise(sides))
    norms = 2 * (sum(down[2:]) + sum(up[1:-1]))
    assert parameters(gan.generator) == kernels + norms + 64 + 3  # biases where no norm follows
    sides = [3, 64, 64, 128, 256, 512, 1]
    kernels = sum(16 * one * other for one, other in pairwise(sides))
    assert parameters(gan.discriminator) == kernels + 2 * sum(sides[2:-1]) + 64 + 1
    assert gan.discriminator.output_shape == (None, 1)


def test_known_pixels_stay_and_colors_below_transparent_ones_say_nothing():
    for options in ({}, {"gated": True, "width": 2}):
        gan = ContextEncoder(**{**TINY, **options})
        given, hole = pictures(), middle()
        made = gan.predict(given, mask=hole)
        np.testing.assert_allclose(made[:, ~hole], given[:, ~hole] / 127.5 - 1, atol=1e-6)
        assert np.abs(made[:, hole] - (given[:, hole] / 127.5 - 1)).mean() > 0.1
        alpha = np.where(hole, 0, 255).astype("uint8") * np.ones((2, 1, 1), "uint8")
        again = gan.predict(np.concatenate([given, alpha[..., None]], axis=-1))
        np.testing.assert_allclose(again, made, atol=1e-6)
        other = np.where(hole[..., None], 255 - given, given)
        np.testing.assert_allclose(gan.predict(other, mask=hole), made, atol=1e-6)


def test_masks_belong_to_all_pictures_or_to_each_and_lists_have_lists_of_them():
    gan = ContextEncoder(**TINY)
    given, hole = pictures(), middle()
    made = gan.predict(given, mask=hole)
    np.testing.assert_allclose(gan.predict(given, mask=np.stack([hole, hole])[..., None]), made, atol=1e-6)
    np.testing.assert_allclose(gan.predict([*given], mask=[hole, hole])[1], made[1], atol=1e-5)
    np.testing.assert_allclose(gan.predict(given[0], mask=hole.astype("uint8") * 255), made[0], atol=1e-5)
    with pytest.raises(ValueError, match=r"Expected a mask \(height, width\) .* Received: shape=\(8, 8\)"):
        gan.predict(given, mask=np.ones((8, 8)))
    with pytest.raises(ValueError, match=r"a mask for each picture. Received: 1 for 2"):
        gan.predict([*given], mask=[hole])


@pytest.mark.parametrize(("gated", "expected"), [(False, 0.25 * 2.0), (True, 0.5 * 2.0)])
def test_the_distance_is_the_mean_over_the_hole_alone(gated, expected):
    gan = ContextEncoder(**TINY, gated=gated, pixel_weight=2.0, adversarial_weight=0.0)
    gan.compile()
    target = np.zeros((2, 16, 16, 3), "float32")
    inputs = holes.with_hole(target, middle())
    fake = np.where(middle()[..., None], 0.5, -1.0) * np.ones((2, 1, 1, 3))  # what is known does not count
    batch = Batch(
        *(ops.convert_to_tensor(each.astype("float32")) for each in (target,)), fake=ops.cast(fake, "float32")
    )
    loss = gan.generator_loss(batch._replace(inputs=ops.convert_to_tensor(inputs)))
    assert float(loss) == pytest.approx(expected, rel=1e-6)


def test_a_gated_convolution_is_the_features_times_the_sigmoid_of_the_gates():
    x = keras.Input((3, 3, 1))
    model = keras.Model(x, layers.gated_convolution(x, 2, 1, "gated"))
    kernel, bias = np.array([[[[2.0, -1.0, 0.5, 3.0]]]]), np.array([0.0, 0.5, 0.0, -1.0])
    model.get_layer("gated").set_weights([kernel, bias])
    value = 0.7
    features = np.array([1.4, np.exp(-0.2) - 1])  # elu of 1.4 and of -0.2
    gates = 1 / (1 + np.exp(-np.array([0.35, 1.1])))
    made = ops.convert_to_numpy(model(np.full((1, 3, 3, 1), value, "float32")))
    np.testing.assert_allclose(made, np.broadcast_to(features * gates, made.shape), rtol=1e-5)


def test_derived_holes_are_those_of_their_pictures_and_have_the_stated_area():
    images = pictures(6, 32) / np.float32(127.5) - 1
    for shape, share in (("center", 0.5), ("square", 0.25)):
        derive = data.derivations.derivation({"name": "hole", "shape": shape, "share": share})
        made = derive(images)
        assert made.shape == (6, 32, 32, 4) and made.dtype == np.float32
        np.testing.assert_array_equal((made[..., 3] < 0).mean(axis=(1, 2)), share**2)
        np.testing.assert_array_equal(made[..., :3][made[..., 3] < 0], 0)
        np.testing.assert_array_equal(made[..., :3][made[..., 3] > 0], images[made[..., 3] > 0])
        np.testing.assert_array_equal(derive(images[2:3]), made[2:3])
    assert (data.derivations.derivation("hole")(images)[:, 8:24, 8:24, 3] == -1).all()
    strokes = data.derivations.derivation({"name": "hole", "shape": "strokes"})(images)[..., 3] < 0
    assert (strokes.mean(axis=(1, 2)) > 0.01).all() and (strokes.mean(axis=(1, 2)) < 0.7).all()
    assert len({each.tobytes() for each in strokes}) == 6
    with pytest.raises(ValueError, match=r"center, square, strokes, mixed. Received: shape='round'"):
        data.derivations.derivation({"name": "hole", "shape": "round"})(images)
    with pytest.raises(ValueError, match=r"above 0, 1 at most. Received: share=1.5"):
        data.derivations.derivation({"name": "hole", "share": 1.5})(images)


def test_pairs_with_holes_train_and_the_grid_shows_pictures_in_colors():
    gan = ContextEncoder(**TINY, gated=True)
    gan.compile(run_eagerly=keras.backend.backend() == "tensorflow")
    pairs = data.derive_pairs(pictures(4), {"name": "hole", "shape": "mixed"}, batch_size=4)
    history = gan.fit(pairs, verbose=0).history
    assert {"hole_loss", "adversarial_loss"} <= history.keys()
    images, columns = gan.sample_grid(2)
    assert columns == 3 and images.shape == (6, 16, 16, 3)


def test_a_png_file_is_completed_where_it_is_transparent(tmp_path):
    hole = middle()
    pixels = np.concatenate([pictures(1)[0], np.where(hole, 0, 255).astype("uint8")[..., None]], axis=-1)
    Image.fromarray(pixels).save(tmp_path / "given.png")
    gan = ContextEncoder(**TINY)
    assert samples.translate(gan, tmp_path / "given.png", tmp_path / "made.png") == 1
    made = np.asarray(Image.open(tmp_path / "made.png"))
    np.testing.assert_array_equal(made[~hole], pixels[~hole][:, :3])
    assert (made[hole] != pixels[hole][:, :3]).any(axis=-1).mean() > 0.9


@pytest.mark.parametrize(
    ("options", "expected"),
    [({"image_size": 24}, "4 times a power of two"), ({"gated": True, "image_size": 18}, "multiple of 4")],
)
def test_other_sizes_are_refused(options, expected):
    with pytest.raises(ValueError, match=f"{expected}, from 16 on. Received: image_size={options['image_size']}"):
        ContextEncoder(**{**TINY, **options})


def test_a_card_leaves_infinite_ratios_of_equal_images_out_and_counts_them(monkeypatch):
    gan, images = ContextEncoder(**TINY), np.zeros((4, 16, 16, 3), "float32")
    off = images + np.array([0.0, 0.1, 0.1, -0.1], "float32").reshape(4, 1, 1, 1)
    monkeypatch.setattr(gan, "predict", lambda *arguments, **options: off)
    card = pair_card(gan, {"test": data.derive_pairs(images, {"name": "hole", "share": 0.5})})
    ratio = card.content["scores"]["peak_signal_to_noise"]
    assert ratio["mean"] == pytest.approx(20 * np.log10(2 / 0.1), rel=1e-4) and np.isfinite(ratio["interval"]).all()
    assert card.content["scores"]["mean_absolute_error"]["mean"] == pytest.approx(0.075, rel=1e-4)
    assert "- Of 1 of them outputs equal targets" in card.to_markdown()
