"""Folders of pictures: every format and mode, and files that are none."""

import os
import sys
import types
import warnings

import numpy as np
import pytest
from picture_files import flat, noise, only_image, two_classes
from PIL import Image, ImageFile

from kerasgan import data
from kerasgan.data import folders
from kerasgan.data.listing import found


@pytest.fixture
def classes(tmp_path):
    return two_classes(tmp_path)


def test_class_folders_become_sorted_labels(classes):
    source = data.folder(classes, image_size=8, batch_size=4)
    assert source.class_names == ["ant", "cat"] and source.num_classes == 2
    assert source.labels.tolist() == [0] * 6 + [1] * 6
    images = source.images()
    assert images.dtype == np.uint8 and images.shape == (12, 8, 8, 3)
    assert images[:6, ..., 0].max() == 0 and images[6:, ..., 1].max() == 0
    for batch, labels in source:
        assert batch.shape == (4, 8, 8, 3)
        assert ((batch[..., 0].max((1, 2)) > -1) <= (labels == 1)).all()


def test_a_flat_folder_has_no_labels(tmp_path):
    flat(tmp_path / "one.png", "red")
    source = data.folder(tmp_path, image_size=8)
    assert source.labels is None and source.class_names is None
    assert source[0].shape == (1, 8, 8, 3)


def test_labels_can_be_refused_or_demanded(classes):
    assert data.folder(classes, image_size=8, labels=False).labels is None
    loose = flat(classes / "loose.png", "red")
    with pytest.warns(UserWarning, match="No labels"):
        assert data.folder(classes, image_size=8).labels is None
    with pytest.raises(ValueError, match=str(loose)):
        data.folder(classes, image_size=8, labels=True)


@pytest.mark.parametrize(
    ("name", "mode", "color", "expected"),
    [
        ("a.png", "RGB", (10, 20, 30), (10, 20, 30)),
        ("a.jpg", "RGB", (200, 100, 50), (200, 100, 50)),
        ("a.JPEG", "L", 77, (77, 77, 77)),
        ("a.jpg", "CMYK", (0, 255, 255, 0), (255, 0, 0)),
        ("a.webp", "RGB", (200, 100, 50), (200, 100, 50)),
        ("a.bmp", "RGB", (10, 20, 30), (10, 20, 30)),
        ("a.gif", "P", 0, (0, 0, 0)),
        ("a.tiff", "RGB", (10, 20, 30), (10, 20, 30)),
        ("a.png", "1", 1, (255, 255, 255)),
        ("a.png", "I;16", 257 * 99, (99, 99, 99)),
        ("a.tif", "F", 0.2, (51, 51, 51)),
        ("a.png", "LA", (40, 255), (40, 40, 40)),
        ("a.png", "RGBA", (10, 20, 30, 0), (255, 255, 255)),
        ("a.png", "RGBA", (0, 0, 0, 51), (204, 204, 204)),
        ("a.ppm", "RGB", (10, 20, 30), (10, 20, 30)),
    ],
)
def test_every_common_format_and_mode_gives_its_color(tmp_path, name, mode, color, expected):
    flat(tmp_path / name, color, mode)
    assert np.abs(only_image(tmp_path).astype(int) - expected).max() <= 3


def test_a_palette_with_a_transparent_entry_is_laid_on_white(tmp_path):
    image = Image.new("P", (12, 12), 1)
    image.putpalette([0, 0, 0, 200, 0, 0])
    image.save(tmp_path / "a.png", transparency=1)
    assert (only_image(tmp_path) == 255).all()


def test_alpha_is_kept_with_four_channels(tmp_path):
    flat(tmp_path / "a.png", (10, 20, 30, 128), "RGBA")
    pixels = only_image(tmp_path, channels=4).astype(int)
    assert np.abs(pixels - (10, 20, 30, 128)).max() <= 1


def test_an_animation_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (12, 12), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert only_image(tmp_path)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("size", [(16, 16), (160, 160)])
def test_a_photograph_taken_sideways_stands_upright(tmp_path, size):
    image = Image.new("RGB", size, "black")
    image.paste("white", (0, 0, size[0], size[1] // 2))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it a quarter turn clockwise, so that its top is on the right
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    pixels = only_image(tmp_path, channels=1)[..., 0]
    assert pixels[:, :3].max() < 40 and pixels[:, -3:].min() > 215


def test_gray_is_the_luminance(tmp_path):
    flat(tmp_path / "a.png", (0, 255, 0))
    assert abs(int(only_image(tmp_path, channels=1)[0, 0, 0]) - 0.587 * 255) <= 1  # ITU-R BT.601


def stripes(path):
    """Three vertical bands, 24 wide and 8 high: black, white, black."""
    image = Image.new("L", (24, 8), 0)
    image.paste(255, (8, 0, 16, 8))
    image.save(path)


def test_another_aspect_is_cropped_in_the_middle_or_stretched(tmp_path):
    stripes(tmp_path / "a.png")
    assert (only_image(tmp_path) == 255).all()
    assert only_image(tmp_path, crop="stretch")[:, [0, -1]].max() < 20
    assert only_image(tmp_path, image_size=(4, 12)).shape == (4, 12, 3)


def test_a_crop_in_pixels_is_cut_before_the_resize(tmp_path):
    image = Image.new("L", (32, 32), 0)
    image.paste(255, (12, 12, 20, 20))
    image.save(tmp_path / "a.png")
    assert (only_image(tmp_path, crop=8, image_size=4) == 255).all()
    assert only_image(tmp_path, crop=(32, 8), image_size=(16, 4)).min() == 0
    with pytest.raises(ValueError, match="crop='middle'"):
        only_image(tmp_path, crop="middle")


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_fine_pattern_made_smaller_becomes_gray_not_moire(tmp_path, name):
    board = (np.indices((256, 256)).sum(0) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(tmp_path / name)
    assert np.abs(only_image(tmp_path)[2:-2, 2:-2].astype(int) - 127.5).max() < 6


def broken_folder(root):
    flat(root / "good.png", "red")
    (root / "empty.png").touch()
    (root / "text.jpg").write_text("not a picture")
    whole = root / "good.jpg"
    Image.fromarray(noise(1, 64, 64, 3)[0]).save(whole)
    (root / "torn.jpg").write_bytes(whole.read_bytes()[:2000])
    return root


@pytest.mark.parametrize("name", ["empty.png", "text.jpg", "torn.jpg"])
def test_a_file_that_cannot_be_read_names_itself(tmp_path, name):
    broken_folder(tmp_path / "all")
    (tmp_path / "all" / name).rename(flat(tmp_path / "one" / "good.png", "red").with_name(name))
    with pytest.raises(ValueError, match=name):
        data.folder(tmp_path / "one", image_size=8)


def test_unreadable_files_are_skipped_on_request_and_reported(tmp_path):
    with pytest.warns(UserWarning, match=r"Skipped 3 unreadable of 5 files: .*empty\.png"):
        source = data.folder(broken_folder(tmp_path), image_size=8, skip_corrupt=True)
    assert [path.name for path in source.skipped] == ["empty.png", "text.jpg", "torn.jpg"]
    assert [path.name for path in source.paths] == ["good.jpg", "good.png"]
    assert source.count == len(source.images()) == 2


def test_a_folder_of_nothing_but_broken_files_is_an_error(tmp_path):
    (tmp_path / "a.png").touch()
    with pytest.raises(ValueError, match=r"all 1 corrupt: .*a\.png \(the file is empty\)"):
        data.folder(tmp_path, skip_corrupt=True)


def test_a_packed_folder_is_to_be_unpacked(tmp_path):
    (tmp_path / "photos.zip").touch()
    with pytest.raises(NotADirectoryError, match=r"photos\.zip, which is a file: unpack it first"):
        data.folder(tmp_path / "photos.zip")


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"  # the first bytes of an iPhone's photograph


def test_a_format_of_a_plug_in_names_its_package_and_is_read_once_that_is_there(tmp_path, monkeypatch):
    for name in ("a.heic", "b.HEIC"):
        (tmp_path / name).write_bytes(HEIC)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # import raises
    with pytest.raises(ValueError, match=r"a\.heic \(OSError: HEIF, .*pip install pillow-heif\)"):
        data.folder(tmp_path)
    flat(tmp_path / "c.png", "red")
    with pytest.warns(UserWarning, match=r"Skipped 2 unreadable of 3 files: .*a\.heic \(.*pillow-heif\); \.\.\."):
        data.folder(tmp_path, skip_corrupt=True)

    class Opened(ImageFile.ImageFile):
        format = "HEIF"

        def _open(self):
            self._size, self._mode = (2, 2), "RGB"

        def load(self):
            self.im = Image.new("RGB", (2, 2), "blue").im
            return super().load()

    def register():
        Image.register_open("HEIF", Opened, lambda head: head[4:12] == b"ftypheic")

    for registry in (Image.OPEN, Image.ID):
        monkeypatch.setattr(Image, "OPEN" if registry is Image.OPEN else "ID", registry.copy())
    monkeypatch.setitem(sys.modules, "pillow_heif", types.SimpleNamespace(register_heif_opener=register))
    images = data.folder(tmp_path, image_size=2).images()
    assert images[:, 0, 0].tolist() == [[0, 0, 255], [0, 0, 255], [255, 0, 0]]


def test_other_and_hidden_files_are_passed_over(tmp_path):
    flat(tmp_path / "a.png", "red")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".DS_Store").touch()
    (tmp_path / "._a.png").touch()
    flat(tmp_path / ".thumbnails" / "a.png", "red")
    assert [path.name for path in data.folder(tmp_path, image_size=8).paths] == ["a.png"]


def test_a_missing_folder_a_file_and_an_empty_folder_say_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        data.folder(tmp_path / "nowhere")
    with pytest.raises(NotADirectoryError, match=r"a\.png"):
        data.folder(flat(tmp_path / "a.png", "red"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no files"):
        data.folder(tmp_path / "empty")
    (tmp_path / "empty" / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"1 x \.txt"):
        data.folder(tmp_path / "empty")


def test_a_link_to_a_folder_is_followed_and_a_loop_ends(classes, tmp_path_factory):
    root = tmp_path_factory.mktemp("linked")
    os.symlink(classes / "cat", root / "cat")
    os.symlink(root, root / "loop")
    assert data.folder(root, image_size=8).count == 6


def test_a_set_too_large_for_memory_gives_the_same_batches(classes, monkeypatch):
    kept = data.folder(classes, image_size=8, batch_size=4)
    monkeypatch.setattr(folders, "MEMORY_BUDGET", 0)
    read = data.folder(classes, image_size=8, batch_size=4)
    for (images, labels), (others, targets) in zip(kept, read, strict=True):
        np.testing.assert_array_equal(images, others)
        np.testing.assert_array_equal(labels, targets)
    np.testing.assert_array_equal(kept.images(5), read.images(5))


@pytest.mark.parametrize("name", ["empty.png", "text.jpg"])
def test_a_large_set_is_checked_before_training_too(tmp_path, monkeypatch, name):
    monkeypatch.setattr(folders, "MEMORY_BUDGET", 0)
    broken_folder(tmp_path / "all")
    (tmp_path / "all" / name).rename(flat(tmp_path / "one" / "good.png", "red").with_name(name))
    with pytest.raises(ValueError, match=name):
        data.folder(tmp_path / "one", image_size=8)
    with pytest.warns(UserWarning, match="Skipped"):
        source = data.folder(tmp_path / "one", image_size=8, skip_corrupt=True)
    assert source.count == 1 and source[0].shape == (1, 8, 8, 3)


def test_a_torn_file_of_a_large_set_names_itself_when_it_is_reached(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MEMORY_BUDGET", 0)
    broken_folder(tmp_path / "all")
    (tmp_path / "all" / "torn.jpg").rename(flat(tmp_path / "one" / "good.png", "red").with_name("torn.jpg"))
    source = data.folder(tmp_path / "one", image_size=8)
    with pytest.raises(ValueError, match=r"torn\.jpg"):
        source[0]


@pytest.mark.parametrize("wrong", [{"image_size": 0}, {"image_size": (8, 8, 3)}, {"channels": 2}, {"labels": "yes"}])
def test_a_wrong_option_is_named(classes, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        data.folder(classes, **wrong)


@pytest.mark.parametrize("suffix", ["jpg", "tif", "png", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_format_and_orientation_is_cropped_upright(tmp_path, suffix, orientation):
    upright = np.zeros((96, 64, 3), np.uint8)
    upright[:, :32], upright[:, 32:], upright[:24] = (255, 0, 0), (0, 0, 255), 255
    turn = Image.Transpose
    stored = [None, turn.FLIP_LEFT_RIGHT, turn.ROTATE_180, turn.FLIP_TOP_BOTTOM]
    stored += [turn.TRANSPOSE, turn.ROTATE_90, turn.TRANSVERSE, turn.ROTATE_270]  # the inverse of what EXIF asks for
    exif = Image.Exif()
    exif[0x0112] = orientation
    image, kept = Image.fromarray(upright), stored[orientation - 1]
    image = image if kept is None else image.transpose(kept)
    image.save(tmp_path / f"a.{suffix}", exif=exif, quality=95)
    expected = upright[16:80].astype(float).reshape(32, 2, 32, 2, 3).mean((1, 3))
    assert np.abs(only_image(tmp_path, image_size=32) - expected).mean() < 6


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
@pytest.mark.parametrize("budget", [0, 2**30])
def test_a_named_pipe_is_no_picture_to_wait_for(tmp_path, monkeypatch, budget):
    monkeypatch.setattr(folders, "MEMORY_BUDGET", budget)
    flat(tmp_path / "a.png", "red")
    os.mkfifo(tmp_path / "b.png")
    with pytest.raises(ValueError, match=r"b\.png .*a named pipe, device or folder"):
        data.folder(tmp_path, image_size=8)
    with pytest.warns(UserWarning, match=r"Skipped 1 unreadable of 2 files: .*b\.png"):
        assert data.folder(tmp_path, image_size=8, skip_corrupt=True).count == 1


def test_a_picture_beside_class_folders_costs_the_labels_with_a_word(classes):
    flat(classes / "cover.png", "red")
    with pytest.warns(UserWarning, match=r"No labels .* 1 of 13 pictures lie beside them, such as .*cover\.png"):
        source = data.folder(classes, image_size=8)
    assert source.labels is None and source.count == 13
    assert data.folder(classes, image_size=8, labels=False).count == 13  # pytest turns a warning into an error
    with pytest.raises(ValueError, match=r"every picture in a class folder.*cover\.png"):
        data.folder(classes, image_size=8, labels=True)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize(("highest", "told"), [(1023, "10 bits"), (4095, "12 bits"), (16383, "14 bits"), (65535, None)])
def test_few_bits_in_sixteen_are_warned_of(tmp_path, monkeypatch, suffix, highest, told):
    for index in range(20):
        levels = np.linspace(0, highest * (index + 1) // 20, 144).astype(np.uint16).reshape(12, 12)
        Image.fromarray(levels).save(tmp_path / f"{index:02}.{suffix}")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data.folder(tmp_path, image_size=8, channels=1)
    assert len(caught) == (told is not None)
    assert told is None or f"{told}, of 65535: they are read as nearly black" in str(caught[0].message)


def test_what_a_folder_holds_and_what_becomes_of_it_is_logged(tmp_path, caplog):
    for name, mode, size in (("a", "L", (20, 10)), ("b", "RGB", (40, 30)), ("c", "RGBA", (8, 8))):
        (tmp_path / name).mkdir()
        Image.new(mode, size).save(tmp_path / name / "picture.png")
    with caplog.at_level("INFO", logger="kerasgan.data"):
        data.folder(tmp_path, image_size=8, channels=1)
        data.folder(tmp_path, image_size=8, channels=3, crop="stretch", labels=False)
    place = f"3 images in {tmp_path}, 8x8 to 40x30 pixels"
    assert [record.getMessage() for record in caplog.records] == [
        f"{place}, center-cropped to 8x8 gray. Turned gray: 2 in color. Put on white: 1 with transparency.",
        "Labels from the sub-folders: a, b, c.",
        f"{place}, resized to 8x8 color. Turned into colors: 1 gray. Put on white: 1 with transparency.",
    ]


def test_a_set_that_is_read_again_each_epoch_is_described_by_its_headers(tmp_path, caplog, monkeypatch):
    for index in range(3):
        Image.new("L", (9, 9)).save(tmp_path / f"{index}.png")
    monkeypatch.setattr(folders, "MEMORY_BUDGET", 0)
    with caplog.at_level("INFO", logger="kerasgan.data"):
        data.folder(tmp_path, image_size=8, channels=1, batch_size=2)[0]
    assert [record.getMessage() for record in caplog.records] == [
        f"3 images in {tmp_path}, 9x9 pixels, center-cropped to 8x8 gray."
    ]


@pytest.fixture
def large(monkeypatch):
    """Folders of more than four pictures count as large ones, which are checked as they are reached."""
    monkeypatch.setattr(folders, "MOST_CHECKED", 4)


@pytest.mark.parametrize("budget", [0, 2**30])
def test_a_large_folder_is_listed_and_gives_the_same_batches(classes, monkeypatch, large, budget):
    monkeypatch.setattr(folders, "MOST_CHECKED", 100)
    kept = data.folder(classes, image_size=8, batch_size=4)
    monkeypatch.setattr(folders, "MOST_CHECKED", 4)
    monkeypatch.setattr(folders, "MEMORY_BUDGET", budget)
    decoded = []
    monkeypatch.setattr(folders.Pictures, "decode", lambda self, index: decoded.append(index) or usual(self, index))
    read = data.folder(classes, image_size=8, batch_size=4)
    assert not decoded and read.count == 12 and read.class_names == kept.class_names
    for _ in range(2):
        for (images, labels), (others, targets) in zip(kept, read, strict=True):
            np.testing.assert_array_equal(images, others)
            np.testing.assert_array_equal(labels, targets)
        kept.on_epoch_end(), read.on_epoch_end()
    assert len(decoded) == (24 if budget == 0 else 12)


usual = folders.Pictures.decode


@pytest.mark.parametrize("budget", [0, 2**30])
def test_an_unreadable_picture_of_a_large_folder_is_named_when_it_is_reached(tmp_path, monkeypatch, large, budget):
    monkeypatch.setattr(folders, "MEMORY_BUDGET", budget)
    for index in range(6):
        flat(tmp_path / ("ant" if index < 3 else "cat") / f"{index}.png", (40 * index, 0, 0))
    (tmp_path / "ant" / "2.png").write_bytes(b"no picture")
    source = data.folder(tmp_path, image_size=8, batch_size=3, shuffle=False)
    assert source.skipped == []
    with pytest.warns(UserWarning, match=r"Left out an unreadable picture, the next one takes its place: .*2\.png"):
        images, labels = source[0]
    reds = np.rint((images[:, 0, 0, 0] + 1) * 127.5).tolist()
    assert reds == [0, 40, 120] and labels.tolist() == [0, 0, 1]
    assert source[0][1].tolist() == [0, 0, 1]  # pytest turns another warning into an error
    assert [path.name for path in source.skipped] == ["2.png"] and len(source.paths) == 6


def test_a_large_folder_of_nothing_but_broken_files_is_an_error(tmp_path, large):
    for index in range(6):
        (tmp_path / f"{index}.png").touch()
    source = data.folder(tmp_path, image_size=8)
    with (
        pytest.warns(UserWarning, match="Left out"),
        pytest.raises(ValueError, match=r"\.png \(the file is empty\), and so are the 19 after it"),
    ):
        source[0]


def test_a_large_folder_is_described_by_a_few_headers(tmp_path, caplog, large):
    for index in range(5):
        Image.new("L", (9, 9)).save(tmp_path / f"{index}.png")
    with caplog.at_level("INFO", logger="kerasgan.data"):
        data.folder(tmp_path, image_size=8, channels=3)
    assert [record.getMessage() for record in caplog.records] == [
        f"5 images in {tmp_path}, checked as they are reached. Of 5 that were looked at: 9x9 pixels, center-cropped to "
        "8x8 color. Turned into colors: 5 gray."
    ]


def test_paths_are_sorted_by_their_parts_as_pathlib_sorts_them(tmp_path):
    names = ["a/b.png", "a-b/c.png", "a.png", "ä/ü.png", "b/a/c.png", "b/a.png", "B.PNG", "a/b/c.png"]
    for name in names:
        flat(tmp_path / name, "red")
    paths = found(tmp_path)
    assert [*paths] == sorted(tmp_path / name for name in names)
    assert paths[-1] == [*paths][-1] and paths[2:4] == [*paths][2:4] and tmp_path / "a.png" in paths
    parts = [path.relative_to(tmp_path).parts for path in paths]
    assert [*paths.folders()] == [each[0] if each[1:] else "" for each in parts]
    with pytest.raises(IndexError):
        paths[len(names)]


def test_a_log_gets_a_line_of_progress_now_and_then_and_no_bar(monkeypatch, caplog, capsys):
    seconds = iter(range(1000))
    monkeypatch.setattr(folders, "time", types.SimpleNamespace(monotonic=lambda: next(seconds)))
    with caplog.at_level("INFO", logger="kerasgan.data"):
        assert list(folders.shown(range(90), 90)) == list(range(90))
    told = [record.getMessage() for record in caplog.records]
    assert 3 <= len(told) <= 4 and told[0] == "4 of 90 read." and capsys.readouterr().out == ""
