"""Videos as clips: runs of frames from files, folders and arrays; flying digits; mistakes by file and number."""

import numpy as np
import pytest
from PIL import Image

from kerasgan import data
from kerasgan.files import films


def film(count, size=(6, 8), start=0):
    """uint8 frames of one value each: 10, 20, ..., with the left edge black, so that a flip shows."""
    frames = np.zeros((count, *size, 1), "uint8")
    frames += (10 * np.arange(1 + start, 1 + start + count, dtype="uint8"))[:, None, None, None]
    frames[:, :, 0] = 0
    return frames


def folder_of(path, frames):
    path.mkdir(parents=True)
    for index, frame in enumerate(frames):
        Image.fromarray(frame[..., 0]).save(path / f"frame{index}.png")  # frame10 comes after frame9
    return path


def values(images):
    return np.rint((images[:, 0, 5] + 1) * 127.5).astype(int).tolist()


def test_a_clip_is_every_run_of_frames_within_a_video_and_is_flipped_as_one():
    clips = data.clips([film(4), film(3, start=10)], frames=2, batch_size=3, shuffle=False, drop_remainder=False)
    assert (clips.count, clips.input_shape, clips.image_shape) == (3, (6, 8, 2), (6, 8, 1))
    inputs, targets = clips[0]
    assert inputs.dtype == np.float32
    assert values(inputs) == [[10, 20], [20, 30], [110, 120]] and values(targets) == [[30], [40], [130]]
    skipping = data.clips(film(7)[None], frames=2, future=2, stride=2, batch_size=1)
    assert values(skipping.examples(1)[0]) == [[10, 30]] and values(skipping.examples(1)[1]) == [[50, 70]]
    assert skipping.shortened(1).image_shape == (6, 8, 1)
    flipped = data.clips(film(9)[None], frames=2, batch_size=7, flip=True)[0]
    sides = np.concatenate(flipped, axis=-1)[:, 0, 0] < -0.99
    assert {tuple(side) for side in sides} == {(True,) * 3, (False,) * 3}


def test_folders_of_frames_and_files_give_the_clips_of_arrays(tmp_path):
    frames = film(12)
    expected = data.clips(frames[None], frames=3, batch_size=9, shuffle=False)[0]
    one = folder_of(tmp_path / "films" / "a", frames)
    films.save((Image.fromarray(frame[..., 0]) for frame in frames), tmp_path / "files" / "a.gif")
    for path in (one, tmp_path / "films", tmp_path / "files" / "a.gif", tmp_path / "files"):
        for first, second in zip(data.clips(path, frames=3, channels=1, batch_size=9, shuffle=False)[0], expected):
            np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(data.video(one, channels=1), frames)
    assert data.clips(one, image_size=4, batch_size=1).image_shape == (4, 4, 3)


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # imageio-ffmpeg leaves a pipe to ffmpeg open
def test_an_mp4_is_read_where_something_reads_it(tmp_path, monkeypatch):
    pytest.importorskip("imageio_ffmpeg")
    path = films.save((Image.fromarray(frame[..., 0]) for frame in film(6, (32, 32))), tmp_path / "a.mp4")
    np.testing.assert_allclose(data.video(path, channels=1)[:, 8, 16, 0], 10 * np.arange(1, 7), atol=6)  # lossy
    monkeypatch.setattr(films, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install \"kerasgan\[mp4\]\".*Received: .*a\.mp4"):
        data.clips(path)


def test_parts_are_where_something_moves():
    frames = np.zeros((5, 20, 20, 1), "uint8")
    for time in range(5):
        frames[time, 14:18, 10 + time : 14 + time] = 255
    clips = data.clips(frames[None], image_size=6, frame_size=20, motion=0.05, batch_size=1)
    seen = []
    for epoch in range(6):
        clips.epoch = epoch
        inputs, targets = clips[0]
        whole = np.concatenate([inputs, targets], axis=-1)
        assert whole.shape == (1, 6, 6, 5) and np.abs(np.diff(whole, axis=-1)).mean() >= 0.05
        seen.append(whole)
    assert not np.array_equal(seen[0], seen[1])
    with pytest.raises(ValueError, match=r"within frames of 20 x 20 pixels. Received: image_size=\(21, 21\)"):
        data.clips(frames[None], image_size=21, frame_size=20)


def test_mistakes_are_named_by_file_and_number(tmp_path):
    folder_of(tmp_path / "short" / "a", film(9))
    folder_of(tmp_path / "short" / "b", film(3))
    with pytest.raises(ValueError, match=r"videos of 5 frames or more. Received: .*short.b with 3"):
        data.clips(tmp_path / "short")
    folder_of(tmp_path / "empty" / "a", film(9))
    (tmp_path / "empty" / "b").mkdir()
    with pytest.raises(ValueError, match=r"Received: .*empty.b without frames"):
        data.clips(tmp_path / "empty")
    Image.new("L", (9, 6)).save(folder_of(tmp_path / "mixed", film(5)) / "frame5.png")
    with pytest.raises(ValueError, match=r"frame0\.png of 6 x 8 and .*frame5\.png of 6 x 9"):
        data.clips(tmp_path / "mixed")
    folder_of(tmp_path / "two" / "a", film(5))
    folder_of(tmp_path / "two" / "b", film(5, (6, 10)))
    with pytest.raises(ValueError, match=r"or an image_size. Received: .*two.a of 6 x 8 and .*two.b of 6 x 10"):
        data.clips(tmp_path / "two")
    (tmp_path / "b.gif").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"readable video. Received: .*b\.gif"):
        data.video(tmp_path / "b.gif")
    with pytest.raises(FileNotFoundError, match="nowhere, which does not exist"):
        data.clips(tmp_path / "nowhere")
    with pytest.raises(
        ValueError, match=r"one frame size and dtype. Received: \(5, 6, 8, 1\) uint8 and \(5, 6, 9, 1\)"
    ):
        data.clips([film(5), film(5, (6, 9))])
    with pytest.raises(ValueError, match=r"arrays \(time, height, width, channels\). Received: \(6, 8, 1\)"):
        data.clips(film(5))


def test_digits_fly_by_whole_pixels_and_stay_in_the_picture():
    clips = data.moving_digits(image_size=24, digit_size=10, digits=1, frames=10, future=10, count=6, batch_size=6)
    frames = np.concatenate(clips.examples(6), axis=-1)
    ground = frames.min()
    ink = (frames - ground).sum(axis=(1, 2))
    np.testing.assert_allclose(ink, np.repeat(ink[:, :1], 20, axis=1), rtol=1e-6)  # nothing is cut or blurred
    turns = 0
    for clip in frames:
        rows, columns = (np.argmax((clip > ground).any(axis=axis), axis=0) for axis in (1, 0))
        steps = np.diff(rows), np.diff(columns)
        assert max(np.abs(step).max() for step in steps) <= 3
        turns += sum(int(np.sum(step[1:] * step[:-1] < 0)) for step in steps)
    assert turns > 6


def test_a_clip_of_digits_depends_on_its_number_and_the_split_alone():
    first, again = (data.moving_digits(count=8, batch_size=4, seed=seed) for seed in (0, 1))
    for ours, theirs in zip(first.examples(8), again.examples(8)):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(first[0][0], again[0][0])  # another order
    assert not np.array_equal(first.examples(4)[0], data.moving_digits(count=4, split="test").examples(4)[0])
    with pytest.raises(ValueError, match=r"19 pixels or more for digits of 16. Received: image_size=18"):
        data.moving_digits(image_size=18)
    with pytest.raises(ValueError, match="Received: digits=0"):
        data.moving_digits(digits=0)
    with pytest.raises(ValueError, match="Received: split='some'"):
        data.moving_digits(split="some")
