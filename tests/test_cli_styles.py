"""`kerasgan mix`, `edit` and `project`, `--styles`, and several truncations."""

import keras
import numpy as np
import pytest
from command_line import run, size
from PIL import Image

from kerasgan import exploration, zoo
from kerasgan.files import pictures

RECIPE = """\
# kerasgan train style
# A second; nothing to see.
family = "StyleGAN2"

[model]
image_size = 8
channels = 1
latent_dim = 4
style_dim = 6
mapping_layers = 2
channel_base = 32
channel_limit = 8

[data]
source = "digits"
image_size = 8

[train]
batch_size = 4
steps = 1
"""
CELL = 66  # an image, eight times as large, and a gap


@pytest.fixture(scope="module")
def style(tmp_path_factory):
    """A recipe and its untrained model, whose images are pale so that none of their pixels are clipped, as a run."""
    folder = tmp_path_factory.mktemp("style")
    (folder / "recipe.toml").write_text(RECIPE)
    gan = zoo.load(folder / "recipe.toml", weights=None)
    for name in ("image1", "image2"):
        layer = gan.generator.get_layer(name)
        layer.kernel.assign(layer.kernel * 0.1)
    gan.save(folder / "gan.keras")
    return folder


@pytest.fixture(scope="module")
def gan(style):
    return zoo.load(style / "recipe.toml", weights=style / "gan.keras")


def cells(path, columns, rows=None):
    """The images in a grid (rows, columns, 8, 8), as float in [-1, 1]; with `rows`, of one that has labels."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture)
        if rows:
            assert pixels.shape != (rows * CELL + 2, columns * CELL + 2)
            pixels = pixels[-rows * CELL - 2 :, -columns * CELL - 2 :]
        pixels = pixels[2:, 2:].reshape(-1, CELL, columns, CELL)[:, :64:8, :, :64:8]
    return pixels.swapaxes(1, 2) / 127.5 - 1


def drawn(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_mixture_takes_the_chosen_styles_from_the_columns(style, gan, tmp_path):
    path = tmp_path / "mix.png"
    drawn("mix", style, "--count", 4, "--layers", "1-2", "--seed", 3, "--border", 0, "--scale", 1, "-o", path)
    with Image.open(path) as picture:
        grid = np.asarray(picture).reshape(3, 8, 3, 8).swapaxes(1, 2) / 127.5 - 1
    draws = gan.styles(12, seed=3)
    styles = draws[exploration.distinct(pictures.to_uint8(gan.render(draws)), 4)]
    np.testing.assert_allclose(grid[1:, 0], gan.render(styles[:2])[..., 0], atol=0.01)
    np.testing.assert_allclose(grid[0, 1:], gan.render(styles[2:])[..., 0], atol=0.01)
    styles[1, 1:3] = styles[2, 1:3]
    np.testing.assert_allclose(grid[2, 1], gan.render(styles[1:2])[0, ..., 0], atol=0.01)


def test_several_truncations_are_columns_of_the_same_images(style, gan, trained, tmp_path):
    drawn("generate", style, "--truncation", "1,0.5,-1,0", "--count", 2, "--seed", 3, "-o", tmp_path / "grid.png")
    grid = cells(tmp_path / "grid.png", columns=4, rows=2)
    np.testing.assert_allclose(grid[:, 0], gan.generate(2, seed=3)[..., 0], atol=0.01)
    np.testing.assert_allclose(grid[0, 3], grid[1, 3], atol=0.01)
    drawn("generate", trained / "digits-run", "--truncation", "1,0", "--labels", "7", "-o", tmp_path / "digits.png")
    width, height = size(tmp_path / "digits.png")
    assert width > 2 * CELL + 2 and height > 4 * CELL + 2  # labels


def test_an_edit_shows_directions_of_one_image_or_one_direction_of_several_or_a_film_of_it(style, gan, tmp_path):
    path = tmp_path / "edit.png"
    for method, rows in (("pca", 6), ("sefa", 6), ("pca:1", 6)):
        assert drawn("edit", style, "--direction", method, "-o", path) == f"{rows} rows: {path}\n"
        assert cells(path, columns=5, rows=rows).shape == (rows, 5, 8, 8)
    np.save(tmp_path / "mine.npy", np.arange(6))
    options = "--direction", tmp_path / "mine.npy", "--amounts=-0.5,0,1", "--layers", "3", "--count", 2
    drawn("edit", style, *options, "-o", path)
    styles = gan.styles(2, seed=0)
    grid = cells(path, columns=3, rows=2)
    np.testing.assert_allclose(grid[:, 1], gan.render(styles)[..., 0], atol=0.01)
    styles[:, 3] += np.arange(6)
    np.testing.assert_allclose(grid[:, 2], gan.render(styles)[..., 0], atol=0.01)
    drawn("edit", style, *options, "--frames", 5, "-o", tmp_path / "edit.gif")
    with Image.open(tmp_path / "edit.gif") as film:
        assert film.n_frames == 8  # there and back


def test_a_picture_is_projected_and_its_styles_are_drawn_edited_and_moved_between(style, gan, tmp_path):
    folder, out = tmp_path / "pictures", tmp_path / "found.png"
    for index, image in enumerate(gan.generate(2, seed=8)):
        pictures.save(pictures.single(image), folder / f"{index}.png")
    text = drawn("project", style, folder, "--steps", 15, "-o", out)
    assert f"edit {style} --styles {tmp_path / 'found.npy'}" in text
    before, after = (float(line.split(",")[0].split()[-1]) for line in text.splitlines()[0].split("after"))
    assert after < before
    pairs = cells(out, columns=2)
    styles = np.load(tmp_path / "found.npy")
    assert styles.shape == (2, gan.num_styles, 6)
    np.testing.assert_allclose(pairs[:, 0], gan.generate(2, seed=8)[..., 0], atol=0.01)
    drawn("generate", style, "--styles", tmp_path / "found.npy", "-o", tmp_path / "again.png")
    np.testing.assert_array_equal(cells(tmp_path / "again.png", columns=2)[0], pairs[:, 1])
    drawn("interpolate", style, "--styles", tmp_path / "found.npy", "--frames", 3, "-o", out, "--scale", 8)
    ways = cells(out, columns=3)
    np.testing.assert_array_equal(ways[0, [0, 2]], pairs[:, 1])
    np.testing.assert_allclose(ways[0, 1], gan.render(styles.mean(axis=0)[None])[0, ..., 0], atol=0.01)
    drawn("walk", style, "--styles", tmp_path / "found.npy", "--frames", 4, "-o", tmp_path / "walk.gif")
    drawn("edit", style, "--styles", tmp_path / "found.npy", "--direction", "sefa:0", "-o", out)
    assert cells(out, columns=5, rows=2).shape == (2, 5, 8, 8)


def test_a_projection_can_be_one_of_a_networks_features_with_a_style_for_each_layer(style, gan, tmp_path):
    keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3)]).save(tmp_path / "features.keras")
    pictures.save(pictures.single(gan.generate(1, seed=8)[0]), tmp_path / "picture.png")
    options = "--features", tmp_path / "features.keras", "--each-layer", "--steps", 3
    drawn("project", style, tmp_path / "picture.png", *options, "-o", tmp_path / "found.png")
    styles = np.load(tmp_path / "found.npy")
    assert not np.allclose(styles[:, 0], styles[:, 1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["edit", "--direction", "ica"],
            "pca, sefa, one of them such as pca:0, or an .npy file. Received: ica",
        ),
        (["edit", "--direction", "pca:6"], "Expected pca:0 to pca:5. Received: pca:6"),
        (["mix", "--layers", "4"], "from 0 to 3. Received: layers=[4]"),
        (["mix", "--labels", "0,1"], "Expected one class, whose images share their styles. Received: --labels [0, 1]"),
        (["mix", "--layers", "a-b"], "Expected --layers such as 0-3 or 4,6. Received: a-b"),
        (["generate", "--truncation", "1,0", "--styles", "x.npy"], "Received: several of --truncation, --styles"),
        (["generate", "--truncation", "much"], "Expected --truncation as numbers with commas. Received: much"),
        (["generate", "--styles", "recipe.toml"], "pickle"),
    ],
)
def test_what_styles_do_not_allow_is_one_line_and_no_file(style, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(style)
    result = run(options[0], style, *options[1:], "-o", tmp_path / "x.png")
    assert result.exit_code == 1 and result.stderr.count("\n") == 1
    assert message in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_family_without_styles_is_refused_with_those_that_have_them(trained, tmp_path):
    pictures.save(pictures.single(np.zeros((8, 8, 1), "uint8")), tmp_path / "picture.png")
    for command in (["mix"], ["edit", "--direction", "pca"], ["project", tmp_path / "picture.png"]):
        result = run(command[0], trained / "tiny-run", *command[1:], "-o", tmp_path / "x.png")
        assert result.exit_code == 1
        assert "Expected a style-based model (StyleGAN, StyleGAN2, StyleGAN3)" in result.stderr
        assert "Received: DCGAN" in result.stderr


def test_without_layers_a_mixture_is_of_three_groups_with_a_like_share_in_what_is_seen(style, gan, tmp_path):
    path = tmp_path / "mix.png"
    assert drawn("mix", style, "--count", 9, "-o", path).startswith("28 images")  # 4 columns; 1 + 3 * 2 rows
    grid = cells(path, columns=4, rows=7)
    np.testing.assert_array_equal(grid[1::2, 0], np.repeat(grid[1:2, 0], 3, axis=0))  # the same rows in each block


@pytest.mark.parametrize(("shares", "groups"), [((0.9, 0.95, 0.99), [1, 1, 2]), ((0.1, 0.2, 0.5), [3, 1])])
def test_groups_of_styles_end_where_their_share_in_the_pixels_passes_equal_parts(shares, groups):
    """A network whose squared distance from the first image is known: style k adds its own pixel."""

    class Known:
        has_styles, num_styles = True, 4

        def render(self, styles):
            weights = np.sqrt(np.diff([0.0, *shares, 1.0]))
            return np.asarray(styles)[:, :, 0] * weights  # a / (a + b) is the share itself

    styles = np.ones((1, 4, 1))
    found = exploration.style_groups(Known(), 0 * styles, styles, groups=len(groups))
    assert [len(group) for group in found] == groups
    assert [index for group in found for index in group] == [0, 1, 2, 3]


def test_distinct_images_are_the_farthest_from_those_before():
    images = np.array([0.0, 1.0, 9.0, 9.5, 4.0])[:, None]
    assert exploration.distinct(images, 3).tolist() == [0, 3, 4]
    assert sorted(exploration.distinct(np.zeros((3, 2)), 3)) == [0, 1, 2]
    with pytest.raises(ValueError, match=r"from 1 to 3, the number of images\. Received: count=4"):
        exploration.distinct(np.zeros((3, 2)), 4)
