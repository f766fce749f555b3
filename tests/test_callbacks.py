"""Callbacks: they count steps over the model's life, act at their intervals, and lose nothing."""

import csv
import io
import itertools
import re
import time

import keras
import numpy as np
import pytest
from PIL import Image

from kerasgan import callbacks, models
from kerasgan.callbacks.base import Means, StepCallback
from kerasgan.files import pictures

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 1), dtype="uint8")  # five batches of two


def tiny(family="DCGAN", **settings):
    options = {"width": 4} if family == "DCGAN" else {"width": 0.02}
    gan = getattr(models, family)(image_size=8, channels=1, latent_dim=4, **options)
    gan.compile(**settings)
    return gan


def fit(gan, *watching, epochs=1, images=IMAGES, y=None):
    gan.fit(images, y, batch_size=2, epochs=epochs, verbose=0, callbacks=list(watching))


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class Steps(StepCallback):
    """Remembers when it was called, and how many steps the optimizer counted then."""

    def __init__(self, every):
        super().__init__(every)
        self.acted = []

    def act(self, step):
        self.acted.append((step, int(self.model.optimizer.iterations)))


def test_steps_are_counted_across_epochs_and_further_fits_and_the_end_is_never_missed():
    gan, seen = tiny(), Steps(every=3)
    fit(gan, seen, epochs=2)
    assert seen.acted == [(3, 3), (6, 6), (9, 9), (10, 10)]
    again = Steps(every=4)
    fit(gan, again)
    assert again.acted == [(12, 12), (15, 15)]


def test_several_steps_per_execution_act_at_the_first_step_that_passes_the_interval():
    gan, seen = tiny(steps_per_execution=2), Steps(every=3)
    fit(gan, seen, images=IMAGES[:8], epochs=2)
    assert seen.acted == [(4, 4), (6, 6), (8, 8)]


@pytest.mark.parametrize("every", [0, -1, 2.5])
def test_an_interval_that_is_no_number_of_steps_is_refused(every):
    with pytest.raises(ValueError, match=rf"Received: every={every}"):
        StepCallback(every)


class Scalar(keras.metrics.Mean):
    def see(self, *values):
        self.update_state(values)


def test_means_since_the_last_row_are_undone_from_running_means_that_restart_with_each_epoch():
    loss, lazy = Scalar("loss"), Scalar("lazy")
    means = Means()
    loss.see(1.0, 3.0)
    lazy.see(5.0)
    assert means.take([loss, lazy]) == {"loss": 2.0, "lazy": 5.0}
    loss.see(10.0)
    means.collect([loss, lazy])  # the epoch ends in the middle of a row
    loss.reset_state()
    lazy.reset_state()
    means.restart()
    loss.see(20.0, 60.0)
    assert means.take([loss, lazy]) == {"loss": 30.0, "lazy": None}


def test_the_log_holds_every_loss_once_whatever_the_interval(tmp_path):
    """The sums over all rows of mean times steps are the same for rows of one step and of three: nothing is lost."""
    gan = tiny(penalties=[{"name": "r1", "weight": 1.0, "interval": 2}])
    fit(
        gan,
        callbacks.LossLog(tmp_path / "one.csv", every=1),
        callbacks.LossLog(tmp_path / "three.csv", every=3),
        epochs=2,
    )
    one, three = rows(tmp_path / "one.csv"), rows(tmp_path / "three.csv")
    assert list(one[0]) == ["step", "discriminator_loss", "generator_loss", "seconds", "r1"]
    assert [int(row["step"]) for row in one] == list(range(1, 11))
    assert [int(row["step"]) for row in three] == [3, 6, 9, 10]
    for name in ("discriminator_loss", "generator_loss"):
        single = [float(row[name]) for row in one]
        expected = [np.mean(single[first:last]) for first, last in itertools.pairwise((0, 3, 6, 9, 10))]
        np.testing.assert_allclose([float(row[name]) for row in three], expected, rtol=1e-5)
    assert [bool(row["r1"]) for row in one] == [True, False] * 5
    seconds = [float(row["seconds"]) for row in one]
    assert seconds == sorted(seconds) and seconds[0] > 0


def test_the_log_leaves_what_keras_reports_alone(tmp_path):
    """The history's epoch mean is the mean over all steps, not over those since a row."""
    gan = tiny()
    history = gan.fit(IMAGES, batch_size=2, verbose=0, callbacks=[callbacks.LossLog(tmp_path / "log.csv", every=1)])
    mean = np.mean([float(row["generator_loss"]) for row in rows(tmp_path / "log.csv")])
    np.testing.assert_allclose(history.history["generator_loss"][0], mean, rtol=1e-5)


def test_a_log_is_continued_after_the_steps_of_the_model(tmp_path):
    path, gan = tmp_path / "log.csv", tiny()
    fit(gan, callbacks.LossLog(path, every=1))
    with path.open("a") as file:
        file.write("6,9.0,9.0,9.0\n7,9.")  # after the checkpoint that is resumed; the last row was cut off
    before = rows(path)[:5]
    fit(gan, callbacks.LossLog(path, every=1))
    after = rows(path)
    assert after[:5] == before
    assert [int(row["step"]) for row in after] == list(range(1, 11))
    assert float(after[5]["seconds"]) > float(after[4]["seconds"])


def test_a_log_of_ten_million_steps_has_every_digit_of_them(tmp_path):
    gan, log = tiny(), callbacks.LossLog(tmp_path / "log.csv", every=1)
    fit(gan, log)
    log.act(12_345_678)
    assert rows(tmp_path / "log.csv")[-1]["step"] == "12345678"


def test_a_log_with_other_columns_is_not_continued(tmp_path):
    path, gan = tmp_path / "log.csv", tiny()
    fit(gan, callbacks.LossLog(path))
    path.write_text("step,loss\n1,2\n")
    with pytest.raises(ValueError, match=r"columns step, discriminator_loss.*with step, loss"):
        fit(gan, callbacks.LossLog(path))
    assert path.read_text() == "step,loss\n1,2\n"


def test_sample_grids_are_of_the_same_latents_and_the_newest_has_a_name_of_its_own(tmp_path):
    gan = tiny()
    fit(gan, callbacks.SampleGrid(tmp_path / "samples", every=4, count=4, seed=7, latest=tmp_path / "samples.png"))
    names = sorted(path.name for path in (tmp_path / "samples").iterdir())
    assert names == ["step-000004.png", "step-000005.png"]
    expected = np.asarray(pictures.grid(gan.generate(4, seed=7)))
    for path in (tmp_path / "samples" / names[-1], tmp_path / "samples.png"):
        np.testing.assert_array_equal(pixels(path), expected)


def test_the_grid_of_a_conditional_model_shows_every_class_in_a_column(tmp_path):
    gan, labels = tiny("ConditionalGAN"), np.arange(10, dtype="int32")
    fit(gan, callbacks.SampleGrid(tmp_path, every=5), y=labels)
    assert pixels(tmp_path / "step-000005.png").shape == (4 * 66 + 2, 10 * 66 + 2)


def test_a_film_strip_thins_out_instead_of_growing_and_continues_after_a_resume(tmp_path):
    path, gan = tmp_path / "film.png", tiny()
    fit(gan, callbacks.FilmStrip(path, every=1, count=3, rows=4))
    assert pictures.read_film(path)[1] == [0, 2, 4, 5]
    fit(gan, callbacks.FilmStrip(path, every=1, count=3, rows=4))
    rows, steps = pictures.read_film(path)
    assert steps[0] == 0 and steps[-1] == 10 and len(steps) <= 4
    newest = pictures.grid(gan.generate(3, seed=0), columns=3)
    np.testing.assert_array_equal(np.asarray(rows[-1]), np.asarray(newest))


def test_checkpoints_hold_the_whole_state_and_only_the_last_few_are_kept(tmp_path):
    gan = tiny(ema_half_life=100)
    (tmp_path / "step-000001.txt").touch()  # not ours
    fit(gan, callbacks.Checkpoint(tmp_path, every=2, keep=2))
    found = callbacks.Checkpoint.found(tmp_path)
    assert [path.name for path in found] == ["step-000004.keras", "step-000005.keras"]
    assert sorted(path.name for path in tmp_path.iterdir())[:1] == ["step-000001.txt"]
    again = keras.saving.load_model(found[-1])
    assert int(again.optimizer.iterations) == 5
    for ours, theirs in zip(gan.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
    np.testing.assert_array_equal(gan.generate(2, seed=0), again.generate(2, seed=0))


def test_checkpoints_are_in_the_order_of_their_steps_also_past_a_million(tmp_path):
    for step in (999_999, 1_000_000, 20):
        (tmp_path / f"step-{step:06d}.keras").touch()
    assert [path.stem for path in callbacks.Checkpoint.found(tmp_path)] == [
        "step-000020",
        "step-999999",
        "step-1000000",
    ]


def test_a_checkpoint_that_fails_half_way_leaves_the_last_one_in_place(tmp_path, monkeypatch):
    gan, keeper = tiny(), callbacks.Checkpoint(tmp_path, every=100, keep=1)
    fit(gan, keeper)

    def full_disk(path):
        path.write_bytes(b"half a file")
        raise OSError("No space left on device")

    monkeypatch.setattr(gan, "save", full_disk)
    with pytest.raises(OSError, match="No space left"):
        fit(gan, keeper)
    assert [path.name for path in callbacks.Checkpoint.found(tmp_path)] == ["step-000005.keras"]


@pytest.mark.parametrize("count", [2, 4, 10])
@pytest.mark.parametrize("steps", range(1, 8))
def test_training_stops_at_exactly_the_given_steps_whatever_the_epochs_length(count, steps):
    gan = tiny(run_eagerly=True)
    fit(gan, callbacks.StopAfter(steps=steps), epochs=20, images=IMAGES[:count])
    assert int(gan.optimizer.iterations) == steps


def test_training_stops_at_a_step_of_the_models_life_and_not_of_the_fit():
    gan = tiny()
    fit(gan, callbacks.StopAfter(steps=3), epochs=10)
    assert int(gan.optimizer.iterations) == 3
    fit(gan, callbacks.StopAfter(steps=4), epochs=10)
    assert int(gan.optimizer.iterations) == 4


def test_training_stops_after_the_step_in_which_the_time_is_over():
    gan = tiny()
    fit(gan, callbacks.StopAfter(seconds=1e-9), epochs=10)
    assert int(gan.optimizer.iterations) == 1


@pytest.mark.parametrize("limits", [{}, {"steps": 0}, {"seconds": -1.0}])
def test_a_limit_that_is_none_is_refused(limits):
    with pytest.raises(ValueError, match=r"Expected (seconds or steps|a positive)"):
        callbacks.StopAfter(**limits)


@pytest.mark.parametrize("limit", ["seconds", "steps"])
def test_a_limit_that_is_nan_is_refused(limit):
    with pytest.raises(ValueError, match=f"Received: {limit}=nan"):
        callbacks.StopAfter(**{limit: float("nan")})


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_shows_step_losses_and_speed_on_a_terminal_and_in_a_file(terminal):
    from rich.console import Console

    written = io.StringIO()
    console = Console(file=written, force_terminal=terminal, width=100)
    fit(tiny(), callbacks.Progress(batch_size=2, console=console), epochs=2)
    text = written.getvalue()
    assert "step 10/10" in text
    assert "images/s" in text
    assert "D " in text and "G " in text
    assert ("\x1b[?25h" in text) == terminal  # the cursor is back


def test_a_slow_training_has_a_speed_that_is_not_zero():
    from kerasgan.callbacks.progress import readable

    assert [readable(speed) for speed in (0.0213, 0.2, 9.94, 10.4, 1234.5)] == ["0.021", "0.2", "9.9", "10", "1,234"]


def test_the_time_of_a_training_counts_from_the_start_of_the_program():
    from rich.console import Console

    written = io.StringIO()
    bar = callbacks.Progress(console=Console(file=written, width=100), started=time.monotonic() - 3600)
    fit(tiny(), bar, epochs=2)
    assert re.search(r"in 1:0\d:\d\d", written.getvalue())
    bar.steps = bar._total = 1000  # as if nine hundred steps were left
    left, total = re.search(r"(\d+:\d\d:\d\d) left of (\d+:\d\d:\d\d)", " ".join(bar._facts(time.monotonic()))).groups()
    assert int(total[0]) > int(left[0])
