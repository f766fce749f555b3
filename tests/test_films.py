"""Pictures that move: frames, speed, and a clear error if nothing can write an MP4."""

import subprocess
import weakref

import imageio.v2
import numpy as np
import pytest
from PIL import Image

from kerasgan.files import films


def frames(count=3, size=(7, 5), mode="RGB"):
    return (Image.new(mode, size, color=40 * index if mode == "L" else (40 * index, 0, 9)) for index in range(count))


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_gif_holds_every_frame_repeats_and_keeps_its_speed(tmp_path, mode):
    path = films.save(frames(mode=mode), tmp_path / "deep" / "x.gif", fps=25)
    with Image.open(path) as picture:
        assert (picture.n_frames, picture.size, picture.info["loop"]) == (3, (7, 5), 0)
        assert picture.info["duration"] == 40
        picture.seek(2)
        expected = next(frame for index, frame in enumerate(frames(mode=mode)) if index == 2)
        np.testing.assert_array_equal(np.asarray(picture.convert(mode)), np.asarray(expected))
    assert [file.name for file in path.parent.iterdir()] == ["x.gif"]


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.gif or \.mp4\. Received: .*x\.avi"):
        films.save(frames(), tmp_path / "x.avi")
    with pytest.raises(ValueError, match=r"at most 50 frames.*Received: fps=60"):
        films.save(frames(), tmp_path / "x.gif", fps=60)
    with pytest.raises(ValueError, match="at least one frame"):
        films.save([], tmp_path / "x.gif")


def test_an_mp4_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(films, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install \"kerasgan\[mp4\]\".*Received: .*x\.mp4"):
        films.check(tmp_path / "x.mp4")


def test_a_real_encoder_writes_an_mp4_that_it_reads_again(tmp_path):
    encoder = pytest.importorskip("imageio_ffmpeg")
    path = films.save(frames(count=7), tmp_path / "x.mp4", fps=20)
    command = [encoder.get_ffmpeg_exe(), "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    pixels = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, dtype="uint8")
    reds = pixels.reshape(7, 6, 8, 3)[..., 0].mean(axis=(1, 2))
    np.testing.assert_allclose(reds, np.arange(0, 280, 40), atol=12)  # lossy


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # imageio-ffmpeg leaves a pipe to ffmpeg open
def test_a_video_has_the_speed_and_size_that_it_was_written_with(tmp_path):
    pytest.importorskip("imageio_ffmpeg")
    path = films.save(frames(count=5), tmp_path / "x.mp4", fps=60)
    again = list(films.read(path))
    assert [frame.size for frame in again] == [(8, 6)] * 5
    np.testing.assert_allclose([np.asarray(frame)[..., 0].mean() for frame in again], np.arange(0, 200, 40), atol=12)
    with imageio.v2.get_reader(path) as reader:
        assert reader.get_meta_data()["fps"] == 60
    assert [file.name for file in tmp_path.iterdir()] == ["x.mp4"]


def test_a_gif_is_read_again_with_what_is_transparent_in_it(tmp_path):
    path = films.save(frames(), tmp_path / "x.gif")
    for frame, expected in zip(films.read(path), frames(), strict=True):
        np.testing.assert_array_equal(np.asarray(frame), np.asarray(expected))
    picture = Image.new("RGBA", (4, 4), (255, 0, 0, 255))
    picture.putpixel((1, 2), (0, 0, 0, 0))
    picture.save(tmp_path / "clear.gif")
    (frame,) = films.read(tmp_path / "clear.gif")
    assert (frame.mode, frame.getpixel((1, 2))[3], frame.getpixel((0, 0))) == ("RGBA", 0, (255, 0, 0, 255))


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # imageio-ffmpeg leaves pipes to ffmpeg open
def test_what_is_no_video_is_refused(tmp_path):
    pytest.importorskip("imageio_ffmpeg")
    for name in ("x.gif", "x.mp4"):
        (tmp_path / name).write_bytes(b"no video")
        with pytest.raises(ValueError, match=rf"Expected a readable video\. Received: .*{name}"):
            list(films.read(tmp_path / name))


def test_a_long_gif_is_written_frame_by_frame(tmp_path):
    alive, most = [], []

    def counted():
        for index in range(50):
            frame = Image.new("L", (8, 8), color=5 * index)
            alive.append(weakref.ref(frame))
            most.append(sum(each() is not None for each in alive))
            yield frame
            del frame

    films.save(counted(), tmp_path / "x.gif")
    assert max(most) < 10
