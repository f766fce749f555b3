"""Pictures that move: frames, speed, and a clear word where nothing can write an MP4."""

import subprocess
import sys
import types

import numpy as np
import pytest
from PIL import Image

from kerasgan import animations


def frames(count=3, size=(7, 5), mode="RGB"):
    return (Image.new(mode, size, color=40 * index if mode == "L" else (40 * index, 0, 9)) for index in range(count))


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_gif_holds_every_frame_repeats_and_keeps_its_speed(tmp_path, mode):
    path = animations.save(frames(mode=mode), tmp_path / "deep" / "x.gif", fps=25)
    with Image.open(path) as picture:
        assert (picture.n_frames, picture.size, picture.info["loop"]) == (3, (7, 5), 0)
        assert picture.info["duration"] == 40
        picture.seek(2)
        expected = next(frame for index, frame in enumerate(frames(mode=mode)) if index == 2)
        np.testing.assert_array_equal(np.asarray(picture.convert(mode)), np.asarray(expected))
    assert [file.name for file in path.parent.iterdir()] == ["x.gif"]


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.gif or \.mp4\. Received: .*x\.avi"):
        animations.save(frames(), tmp_path / "x.avi")
    with pytest.raises(ValueError, match=r"at most 50 frames.*Received: fps=60"):
        animations.save(frames(), tmp_path / "x.gif", fps=60)
    with pytest.raises(ValueError, match="at least one frame"):
        animations.save([], tmp_path / "x.gif")


def test_an_mp4_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(animations, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install imageio-ffmpeg.*Received: .*x\.mp4"):
        animations.check(tmp_path / "x.mp4")


def test_a_real_encoder_writes_an_mp4_that_it_reads_again(tmp_path):
    encoder = pytest.importorskip("imageio_ffmpeg")
    path = animations.save(frames(count=7), tmp_path / "x.mp4", fps=20)
    command = [encoder.get_ffmpeg_exe(), "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    pixels = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, dtype="uint8")
    reds = pixels.reshape(7, 6, 8, 3)[..., 0].mean(axis=(1, 2))
    np.testing.assert_allclose(reds, np.arange(0, 280, 40), atol=12)  # lossy


def installed(monkeypatch, name, **content):
    module = types.ModuleType(name)
    module.__dict__.update(content)
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(animations, "find_spec", lambda wanted: wanted == name or None)


def test_imageio_ffmpeg_is_given_frames_of_even_size(tmp_path, monkeypatch):
    received = []

    def write_frames(path, size, **options):
        received.append((path.endswith("x.mp4"), size, options["fps"]))
        with open(path, "wb") as file:
            try:
                while True:
                    received.append((yield).shape)
                    file.write(b"frame")
            except GeneratorExit:
                pass

    installed(monkeypatch, "imageio_ffmpeg", write_frames=write_frames)
    path = animations.save(frames(), tmp_path / "x.mp4", fps=60)
    assert path.read_bytes() == b"frame" * 3
    assert received == [(True, (8, 6), 60)] + [(6, 8, 3)] * 3


def test_opencv_is_given_blue_green_red(tmp_path, monkeypatch):
    received = []

    class VideoWriter:
        def __init__(self, path, fourcc, fps, size):
            received.append((fourcc, fps, size))
            self.path = path

        def isOpened(self):
            return True

        def write(self, frame):
            received.append(frame[0, 0].tolist())

        def release(self):
            open(self.path, "wb").close()

    installed(monkeypatch, "cv2", VideoWriter=VideoWriter, VideoWriter_fourcc=lambda *letters: "".join(letters))
    assert animations.save(frames(), tmp_path / "x.mp4").is_file()
    assert received == [("mp4v", 20.0, (8, 6)), [9, 0, 0], [9, 0, 40], [9, 0, 80]]
