"""`kerasgan generate`, `walk` and `interpolate`: pictures, and what they cannot draw."""

import shutil

import numpy as np
import pytest
from command_line import run, size
from PIL import Image, ImageSequence

from kerasgan.cli import samples
from kerasgan.models import ConditionalGAN


def test_generate_writes_a_grid_that_a_seed_reproduces(trained, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        result = run("generate", trained / "tiny-run", "--count", 6, "--seed", seed, "-o", tmp_path / f"{name}.png")
        assert result.exit_code == 0, result.output
    first, same, other = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert first == same != other
    assert size(tmp_path / "a.png") == (3 * 66 + 2, 2 * 66 + 2)


def test_generate_takes_weights_from_a_file(trained, tmp_path):
    recipe, weights = trained / "tiny" / "recipe.toml", trained / "tiny-run" / "generator.weights.h5"
    models = [recipe, "--weights", weights], [trained / "tiny-run"], [trained / "tiny-run" / "gan.keras"]
    for name, options in zip("abc", models):
        assert run("generate", *options, "-o", tmp_path / f"{name}.png").exit_code == 0
    assert len({(tmp_path / f"{name}.png").read_bytes() for name in "abc"}) == 1


def test_generate_gives_each_class_a_column(trained, tmp_path):
    path = tmp_path / "classes.png"
    assert run("generate", trained / "digits-run", "-o", path).exit_code == 0
    assert size(path) == (10 * 66 + 2, 4 * 66 + 2)
    assert run("generate", trained / "digits-run", "-o", path, "--labels", "7,1", "--count", "6").exit_code == 0
    assert size(path) == (2 * 66 + 2, 3 * 66 + 2)


def test_without_a_number_of_images_no_class_that_was_asked_for_is_left_out(tmp_path):
    gan, path = ConditionalGAN(**ConditionalGAN.tiny_config), tmp_path / "x.png"
    several = samples.Choice(labels=[*range(10)] * 2)
    assert samples.samples(gan, several, path) == 20
    assert size(path) == (20 * 66 + 2, 66 + 2)
    assert samples.truncations(gan, several, (1.0, 0.5), path) == 2 * 20


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("3,12,13", "labels from 0 to 9. Received: labels=12, 13\n"),
        ("three", "the number of a class, for this model does not know their names. Received: labels='three'"),
        ("3,", "whole numbers or names with commas. Received: 3,"),
    ],
)
def test_labels_that_the_model_does_not_know_are_refused(trained, tmp_path, labels, expected):
    result = run("generate", trained / "digits-run", "-o", tmp_path / "x.png", "--labels", labels)
    assert result.exit_code == 1
    assert expected in result.stderr


def test_a_walk_is_a_gif_that_repeats_or_a_png_with_a_row_for_each_walk(trained, tmp_path):
    gif, png = tmp_path / "walk.gif", tmp_path / "walk.png"
    result = run("walk", trained / "tiny-run", "--frames", 8, "--count", 4, "--fps", 10, "-o", gif)
    assert (result.exit_code, result.output) == (0, f"8 frames: {gif}\n")
    with Image.open(gif) as picture:
        assert (picture.n_frames, picture.size) == (8, (2 * 66 + 2, 2 * 66 + 2))
        assert (picture.info["loop"], picture.info["duration"]) == (0, 100)
        shades = np.asarray(picture.convert("L"))
    assert run("walk", trained / "tiny-run", "--frames", 8, "--count", 4, "-o", png).exit_code == 0
    assert size(png) == (8 * 66 + 2, 4 * 66 + 2)
    with Image.open(png) as picture:  # the first frame of the second walk is the second image of the first frame
        np.testing.assert_array_equal(np.asarray(picture)[68:132, 2:66], shades[2:66, 68:132])


def test_an_interpolation_begins_with_the_seeds_samples_and_runs_there_and_back_where_it_moves(trained, tmp_path):
    for name, options in (("ways.png", ["interpolate"]), ("samples.png", ["generate"])):
        assert run(*options, trained / "tiny-run", "--count", 3, "-o", tmp_path / name, "--seed", 5).exit_code == 0
    with Image.open(tmp_path / "ways.png") as ways, Image.open(tmp_path / "samples.png") as samples:
        assert ways.size == (10 * 66 + 2, 3 * 66 + 2)
        for row, left, top in ((0, 0, 0), (1, 66, 0), (2, 0, 66)):
            first = np.asarray(ways)[row * 66 + 2 : row * 66 + 66, 2:66].astype(int)
            sample = np.asarray(samples)[top + 2 : top + 66, left + 2 : left + 66]
            assert np.abs(first - sample).max() <= 1
    assert run("interpolate", trained / "tiny-run", "-o", tmp_path / "i.gif", "--frames", 4).exit_code == 0
    with Image.open(tmp_path / "i.gif") as picture:
        assert picture.n_frames == 6


def test_a_conditional_model_walks_in_every_class_and_shows_the_same_latents_in_every_class(trained, tmp_path):
    path = tmp_path / "x.png"
    for options, shape in (
        (["walk", "--frames", 5], (5, 10)),
        (["walk", "--frames", 5, "--labels", "7,1,4"], (5, 3)),
        (["generate", "--grid", "--border", 0], (10, 4)),
        (["generate", "--grid", "--labels", "7,1", "--count", 6, "--truncation", 0.5, "--border", 0], (2, 3)),
    ):
        result = run(options[0], trained / "digits-run", *options[1:], "-o", path)
        assert result.exit_code == 0, result.output
        gap = 0 if "--border" in options else 2
        assert size(path) == (shape[0] * (64 + gap) + gap, shape[1] * (64 + gap) + gap)


def test_truncation_leaves_less_variety(trained, tmp_path):
    spreads = []
    for truncation in (1.0, 0.2, 0.0):
        result = run("generate", trained / "tiny-run", "--truncation", truncation, "-o", tmp_path / "x.png")
        assert result.exit_code == 0, result.output
        with Image.open(tmp_path / "x.png") as picture:
            cells = np.asarray(picture)[2:, 2:].reshape(4, 66, 4, 66)[:, :64, :, :64].swapaxes(1, 2).reshape(16, -1)
        spreads.append(cells.std(axis=0).mean())
    assert spreads[0] > spreads[1] > spreads[2] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["generate", "-o", "x.jpg"], r".png, .gif or .mp4. Received: x.jpg"),
        (["generate", "-o", "x.gif"], r"a moving picture from kerasgan walk, interpolate or edit. Received: x.gif"),
        (["walk", "-o", "x.gif", "--fps", "60"], r"at most 50 frames per second in a GIF. Received: fps=60"),
        (["generate", "--grid", "--truncation", "1,0"], r"Received: --grid, several of --truncation"),
        (["generate", "-o", "x.png", "--grid"], r"class-conditional model for a class grid. Received: DCGAN"),
        (["walk", "-o", "x.png", "--spherical"], r"Expected method='linear'"),
        (["walk", "-o", "x.png", "--labels", "3"], r"not class-conditional"),
        (["walk", "-o", "x.png", "--frames", "3"], r"from 4 on. Received: frames=3"),
    ],
)
def test_what_generate_cannot_do_is_one_line_and_no_file(trained, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    result = run(options[0], trained / "tiny-run", *options[1:])
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1 and message in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_run_that_was_killed_is_sampled_and_exported_from_its_newest_checkpoint(trained, tmp_path):
    killed = tmp_path / "killed"
    shutil.copytree(trained / "tiny-run", killed)
    for name in ("gan.keras", "generator.weights.h5"):
        (killed / name).unlink()
    newest = sorted((killed / "checkpoints").iterdir())[-1].name
    result = run("generate", killed, "-o", tmp_path / "a.png")
    assert result.exit_code == 0, result.output
    assert result.stderr == f"{killed} was not finished; its newest checkpoint is used: {newest}\n"
    assert run("generate", trained / "tiny-run", "-o", tmp_path / "b.png").exit_code == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert newest in run("export", killed, "-o", tmp_path / "out", "--format", "onnx").stderr
    assert (tmp_path / "out" / "killed.onnx").is_file()
    shutil.rmtree(killed / "checkpoints")
    result = run("generate", killed, "-o", tmp_path / "c.png")
    assert result.exit_code == 1
    assert "before its first checkpoint" in result.stderr and "--resume" in result.stderr


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["generate", "--count", 4, "--scale", 3], (2 * 26 + 2, 2 * 26 + 2)),
        (["generate", "--count", 4, "--scale", 1, "--border", 0], (16, 16)),
        (["generate", "--count", 4, "--border", 5], (2 * 69 + 5, 2 * 69 + 5)),
        (["generate", "--count", 1], (256, 256)),  # one image is one large picture
        (["walk", "--count", 1, "--frames", 4], (256, 256)),
        (["walk", "--count", 1, "--frames", 4, "--scale", 2], (16, 16)),
        (["interpolate", "--count", 1, "--frames", 3], (256, 256)),
    ],
)
def test_scale_and_border_are_chosen_and_a_single_image_fills_the_picture(trained, tmp_path, options, expected):
    path = tmp_path / ("x.png" if options[0] == "generate" else "x.gif")
    result = run(options[0], trained / "tiny-run", *options[1:], "-o", path)
    assert result.exit_code == 0, result.output
    assert size(path) == expected


def test_films_loop_without_a_jerk(trained, tmp_path):
    """The step from the last frame to the first is one of the smallest, as where a film turns back."""
    for command in ("walk", "interpolate"):
        path = tmp_path / f"{command}.gif"
        result = run(command, trained / "tiny-run", "--count", 1, "--frames", 24, "--scale", 1, "-o", path)
        assert result.exit_code == 0, result.output
        with Image.open(path) as film:
            frames = np.stack([np.asarray(frame.convert("L"), float) for frame in ImageSequence.Iterator(film)])
        steps = np.abs(np.roll(frames, -1, axis=0) - frames).mean(axis=(1, 2))
        assert steps[-1] < 0.5 * steps.max()
