"""Frame prediction: layer tables, the three losses on every scale, recursion, the paper's scores, and its commands."""

import json

import keras
import numpy as np
import pytest
from keras import ops
from scipy import ndimage
from typer.testing import CliRunner

import kerasgan
from kerasgan import data, gradients, metrics
from kerasgan.cli import app
from kerasgan.data.clips import stacked, unstacked
from kerasgan.files import films, pictures
from kerasgan.models import FramePrediction
from kerasgan.models.frame_prediction import gradient_difference


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def tiny(**arguments):
    keras.utils.set_random_seed(0)
    return FramePrediction(**{**FramePrediction.tiny_config, **arguments})


def game_of(gan, count=2):
    batch = gan.prepare_batch((noise(count, *gan.input_shape), noise(count, *gan.image_shape, seed=1)))
    return batch._replace(fake=gan.synthesize(batch))


def test_the_networks_are_those_of_the_papers_tables():
    gan = FramePrediction()
    counts = [parameters(gan.generator.get_layer(f"generator_{scale}")) for scale in range(4)]
    assert counts == [607_619, 647_939, 3_008_003, 8_306_179]
    assert parameters(gan.generator) == 12_569_740
    finest = gan.discriminator.get_layer("discriminator_3")
    maps = [finest.get_layer(f"conv{place}").output.shape[1:] for place in (1, 2, 3, 4)]
    assert maps == [(26, 26, 128), (20, 20, 256), (16, 16, 512), (12, 12, 128)]
    assert gan.discriminator.get_layer("discriminator_0").get_layer("conv1").output.shape[1:] == (2, 2, 64)
    dense = [layer.units for layer in finest.layers if isinstance(layer, keras.layers.Dense)]
    assert dense == [1024, 512, 1]
    assert gan.discriminator.output_shape == (None, 4)


def test_a_scale_corrects_the_enlarged_prediction_of_the_one_before():
    gan = tiny()
    for weight in gan.generator.get_layer("generator_1").trainable_variables:
        weight.assign(ops.zeros(weight.shape))
    images = noise(2, 8, 16, 4)
    coarse, fine = (ops.convert_to_numpy(each) for each in gan.synthesize(gan.prepare_batch((images, images[..., :1]))))
    assert coarse.shape == (2, 4, 8, 1)
    np.testing.assert_allclose(fine, np.tanh(coarse.repeat(2, axis=1).repeat(2, axis=2)), atol=1e-6)
    np.testing.assert_allclose(gan.predict(images), fine, atol=1e-6)


@pytest.mark.parametrize("power", [1, 2])
def test_the_gradient_difference_is_that_of_absolute_gradients(power):
    real, fake = noise(2, 5, 6, 3), noise(2, 5, 6, 3, seed=1)
    expected = sum(
        np.mean(np.abs(np.abs(np.diff(real, axis=axis)) - np.abs(np.diff(fake, axis=axis))) ** power) for axis in (1, 2)
    )
    tensors = [ops.convert_to_tensor(images) for images in (real, fake, fake + 0.3, -fake)]
    values = [float(gradient_difference(tensors[0], each, power=power)) for each in tensors[1:]]
    assert values == pytest.approx([expected] * 3, rel=1e-5)  # a constant or another sign changes no |gradient|
    assert float(gradient_difference(tensors[0], tensors[0], power=power)) == 0


def test_the_generator_minimizes_three_losses_summed_over_the_scales():
    gan = tiny(pixel_power=2, pixel_weight=2.0, gradient_weight=3.0, adversarial_weight=0.5)
    gan.compile(run_eagerly=True)
    batch = game_of(gan)
    real = ops.convert_to_numpy(batch.real)
    pooled = real.reshape(2, 4, 2, 4, 2, 1).mean(axis=(2, 4))
    expected = 0.0
    for index, (true, fake) in enumerate(zip((pooled, real), batch.fake)):
        level = gan.discriminator.get_layer(f"discriminator_{index}")
        logits = ops.convert_to_numpy(level([fake, batch.inputs]))
        fake = ops.convert_to_numpy(fake)
        slopes = [np.abs(np.abs(np.diff(true, axis=a)) - np.abs(np.diff(fake, axis=a))).mean() for a in (1, 2)]
        expected += 2 * np.mean((true - fake) ** 2) + 3 * sum(slopes) + 0.5 * np.log1p(np.exp(-logits)).mean()
    assert float(ops.convert_to_numpy(gan.generator_loss(batch))) == pytest.approx(expected, rel=1e-5)


def test_the_adversarial_loss_reaches_every_scale_of_the_generator():
    gan = tiny(pixel_weight=0.0, gradient_weight=0.0, adversarial_weight=1.0)
    gan.compile(run_eagerly=True)
    batch = game_of(gan)

    def loss():
        return gan.generator_loss(batch._replace(fake=gan.synthesize(batch)))

    grads = gradients.gradients(loss, gan.generator.trainable_variables)[1]
    assert all(np.abs(ops.convert_to_numpy(grad)).max() > 0 for grad in grads)


def test_further_frames_are_predicted_from_predicted_ones():
    gan = tiny(channels=3)
    clips = noise(2, 5, 9, 11, 3)
    made = gan.predict_frames(clips, count=2)
    assert made.shape == (2, 2, 9, 11, 3)
    first = gan.predict(np.concatenate([clips[:, time] for time in (1, 2, 3, 4)], axis=-1))
    second = gan.predict(np.concatenate([*(clips[:, time] for time in (2, 3, 4)), first], axis=-1))
    np.testing.assert_allclose(made, np.stack([first, second], axis=1), atol=1e-6)
    np.testing.assert_allclose(gan.predict_frames(clips[1], count=2), made[1], atol=1e-6)
    np.testing.assert_array_equal(unstacked(stacked(clips), 3), clips)
    with pytest.raises(ValueError, match=r"of 4 images or more. Received: shape=\(1, 3, 9, 11, 3\)"):
        gan.predict_frames(clips[0, :3])
    with pytest.raises(ValueError, match=r"Received: count=0"):
        gan.predict_frames(clips, count=0)


def test_a_horizon_trains_on_predictions_from_predictions_beside_the_true_frames():
    gan = tiny(channels=3, horizon=3)
    clips = noise(2, 7, 8, 8, 3)
    batch = gan.prepare_batch((stacked(clips[:, :4]), stacked(clips[:, 4:])))
    for place in range(3):  # the discriminators see each frame, true or predicted, after the true ones before it
        rows = slice(2 * place, 2 * place + 2)
        np.testing.assert_array_equal(batch.real[rows], clips[:, place + 4])
        np.testing.assert_array_equal(batch.inputs[rows], stacked(clips[:, place : place + 4]))
    made = gan.predict_frames(clips[:, :4], count=3)
    fine = ops.convert_to_numpy(gan.synthesize(batch)[-1])
    np.testing.assert_allclose(fine, np.concatenate([*made.swapaxes(0, 1)]), atol=1e-6)
    gan.compile(run_eagerly=True)
    gan.fit(clips, batch_size=2, verbose=0)
    gan.train_on_batch(stacked(clips[:, :4]), stacked(clips[:, 4:]))
    with pytest.raises(ValueError, match=r"3 following frames or more, the model's horizon. Received: future=2"):
        gan.fit(data.clips(clips, future=2), verbose=0)
    with pytest.raises(ValueError, match="Received: horizon=0"):
        tiny(horizon=0)


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match=r"1 to 4 scales. Received: frames=4, scales=5"):
        tiny(scales=5)
    with pytest.raises(ValueError, match=r"scale 2 exceeds 6 pixels. Received: image_size=\(6, 6\), 1 times"):
        tiny(image_size=6)
    with pytest.raises(ValueError, match=r"powers of 1 or 2. Received: pixel_power=3"):
        tiny(pixel_power=3)


def test_fit_takes_videos_and_learns_their_next_frame():
    gan = tiny()
    gan.compile(run_eagerly=True)
    videos = [noise(7, 8, 8, 1), noise(5, 8, 8, 1, seed=1)]
    assert len(gan.batches(videos, batch_size=2)) == 2  # 3 + 1 clips
    gan.fit(videos, batch_size=2, verbose=0)
    assert gan.examples[1].shape == (4, 8, 8, 1)
    clips = data.clips(videos[:1], future=2, batch_size=2, shuffle=False)
    np.testing.assert_array_equal(gan.batches(clips)[0][1], videos[0][4:6])  # of several that follow, the first


def luminance_similarity(first, second):
    """The authors' SSIM from its definition, with convolutions that reach over the border."""
    offsets = np.arange(11) - 5
    window = np.outer(*[np.exp(-0.5 * (offsets / 1.5) ** 2)] * 2)
    window /= window.sum()
    x, y = (np.pad((image + 1) * 127.5 @ [0.299, 0.587, 0.114], 10) for image in (first, second))

    def mean(values):
        return ndimage.correlate(values, window, mode="constant")[5:-5, 5:-5]

    mx, my = mean(x), mean(y)
    vx, vy, covariance = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    ratio = (2 * mx * my + c1) * (2 * covariance + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return ratio.mean()


def test_frames_are_scored_as_by_the_papers_code():
    made, true = noise(2, 12, 14, 3).astype("float64"), noise(2, 12, 14, 3, seed=1).astype("float64")
    scores = metrics.frame_scores(made, true)
    error = np.mean((made - true) ** 2, axis=(1, 2, 3))
    np.testing.assert_allclose(scores["peak_signal_to_noise"], 10 * np.log10(255**2 / (128**2 * error)), rtol=1e-9)
    expected = [luminance_similarity(*pair) for pair in zip(made, true)]
    np.testing.assert_allclose(scores["structural_similarity"], expected, rtol=1e-9)
    np.testing.assert_allclose(scores["sharpness_difference"], metrics.sharpness_difference(made, true))
    equal = metrics.frame_scores(true, true)
    assert equal["peak_signal_to_noise"] == pytest.approx([10 * np.log10(255**2 / 1e-4)] * 2)
    assert equal["structural_similarity"] == pytest.approx([1, 1])
    assert equal["sharpness_ratio"] == pytest.approx([1, 1])


def test_where_nothing_moves_counts_as_right_and_blur_as_less_detail():
    before, after = np.full((1, 12, 12, 1), -1.0), np.full((1, 12, 12, 1), -1.0)
    before[0, 3:6, 3:6], after[0, 3:6, 5:8] = 1.0, 1.0
    moving = metrics.moving_areas(before, after)
    assert moving[0, 3:6].sum(axis=1).tolist() == [4, 4, 4] and moving.sum() == 12  # left 2, entered 2 of 3 columns
    wrong = after.copy()
    wrong[0, 10, 10] = 1.0
    scores = metrics.frame_scores(wrong, after, moving=moving)
    assert scores["structural_similarity"] == pytest.approx([1])
    errors = 10 * np.log10(255**2 / (128**2 * 4 * 12 / 144))
    assert metrics.frame_scores(before, after, moving=moving)["peak_signal_to_noise"] == pytest.approx([errors])
    grain = noise(1, 12, 12, 1)
    blurred = (grain + np.roll(grain, 1, axis=1)) / 2
    assert metrics.frame_scores(blurred, grain)["sharpness_ratio"][0] < 0.9
    with pytest.raises(ValueError, match=r"truth values \(1, 12, 12\). Received: moving.shape=\(1, 12, 12\)"):
        metrics.frame_scores(wrong, after, moving=moving.astype(float))
    with pytest.raises(ValueError, match="Received: threshold=1"):
        metrics.moving_areas(before, after, threshold=1)


RECIPE = """\
# kerasgan train tiny
# A second; nothing to see.
family = "FramePrediction"

[model]
image_size = 16
channels = 1
scales = 2
width = 1

[data]
source = "moving_digits"
image_size = 16
digit_size = 8
digits = 1
future = 2
split = "train"

[train]
batch_size = 4
steps = 2
"""


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_the_commands_train_measure_continue_and_export(tmp_path):
    (tmp_path / "recipe.toml").write_text(RECIPE)
    trained = tmp_path / "run"
    run("train", tmp_path / "recipe.toml", "-o", trained)
    run("evaluate", trained, "--samples", 4)
    card = json.loads((trained / "card.json").read_text())
    assert card["pairs"]["test"]["name"] == "moving_digits/test"
    assert {"peak_signal_to_noise", "structural_similarity_moving_frame_2"} <= card["scores"].keys()
    assert card["scores"]["sharpness_ratio"]["real"] == pytest.approx(1)  # whole pixels: a digit keeps its sharpness
    assert "samples.gif" in (trained / "card.md").read_text()
    sheet = data.video(trained / "samples.gif", channels=1)
    assert sheet.shape == (6, 2 * 66 + 2, 8 * 66 + 2, 1)  # above the truth of eight clips, below predictions
    np.testing.assert_array_equal(sheet[:4, 2:66], sheet[:4, 68:132])
    film = films.save(map(pictures.single, sheet[:, :30, :40]), tmp_path / "in.gif")
    assert "3 images" in run("generate", trained, "--input", film, "-o", tmp_path / "out.gif", "--frames", 3)
    continued = data.video(tmp_path / "out.gif", channels=1)
    assert continued.shape == (9, 30, 40, 1)
    np.testing.assert_array_equal(continued[:6], sheet[:, :30, :40])
    assert "in .gif or .mp4" in run("generate", trained, "--input", film, "-o", tmp_path / "out.png", code=1)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends: test_export_programs")
@pytest.mark.parametrize("form", ["onnx", "saved_model"])
def test_exports_keep_height_and_width_open(form, tmp_path):
    write = getattr(kerasgan.export, form)
    assert write(tiny(), tmp_path / ("net.onnx" if form == "onnx" else "net")).exists()
