"""A training that goes on from a checkpoint ends as if it had never stopped, to the last bit, wherever that was."""

import contextlib
import csv
import os
import resource
import shutil
import signal
import subprocess
import sys
import warnings
import zipfile

import keras
import numpy as np
import pytest
import tiny_recipe
from keras import ops
from PIL import Image
from test_contracts import FAMILIES, training_set

from kerasgan import callbacks, doctor, gradients, models, zoo
from kerasgan.callbacks import checkpoint
from kerasgan.callbacks.base import StepCallback
from kerasgan.training import train

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), dtype="uint8")  # five batches of four


def tiny(**settings):
    gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4)
    gan.compile(ema_half_life=100, **settings)
    return gan


def everything(gan):
    """All that a training changes: weights, statistics, random states, optimizers, running means."""
    variables = [*gan.variables, *gan.optimizer.variables, *gan.metrics_variables]
    return [ops.convert_to_numpy(variable.value) for variable in variables]


def assert_same(one, other):
    for first, second in zip(everything(one), everything(other), strict=True):
        np.testing.assert_array_equal(first, second)


def log(path):
    with path.open(newline="") as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


class Killed(BaseException):
    """Ends a `fit` with nothing that follows, as SIGKILL does."""


class End(StepCallback):
    """Ends the training when a step is done: at once, or as Ctrl-C does."""

    def __init__(self, at, how="kill"):
        super().__init__(every=1)
        self.at, self.how = at, how

    def act(self, step):
        if step == self.at and self.how == "kill":
            raise Killed
        if step + 1 == self.at:
            self.gan.stop_training = self.how == "stop"


LONG = {models.R3GAN, models.StyleGAN}  # StyleGAN2 shares the latter's methods


@pytest.mark.parametrize(
    "family", [pytest.param(each, marks=[pytest.mark.slow] * (each in LONG), id=each.__name__) for each in FAMILIES]
)
def test_every_family_goes_on_to_the_bit_from_within_an_epoch_and_between_two(family, tmp_path):
    results, count = [], 4 + 4 * (FAMILIES.index(family) % 2)  # the first of two steps ends an epoch, or half of one
    for folder in ("whole", "resumed"):
        gan = family(**family.tiny_config)
        gan.compile(run_eagerly=True, discriminator_steps=1, ema_half_life=100)
        watching = [
            callbacks.StopAfter(steps=2),
            callbacks.LossLog(tmp_path / "log.csv", every=2),
            callbacks.Checkpoint(tmp_path / folder, every=1),
        ]
        gan.fit(*training_set(gan, count), batch_size=4, epochs=2, verbose=0, callbacks=watching)
        results.append((gan, log(tmp_path / "log.csv")))
        if folder == "whole":  # its log stays as it is: after a kill, too, it is ahead of the checkpoint
            (tmp_path / "resumed").mkdir()
            shutil.copy(tmp_path / "whole/step-000001.keras", tmp_path / "resumed")
    assert_same(results[0][0], results[1][0])
    assert results[0][1] == results[1][1]


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_plain_fit_called_again_goes_on_with_log_film_and_doctor(tmp_path, how):
    (tmp_path / "images").mkdir()
    for index, image in enumerate(IMAGES):
        Image.fromarray(image[..., 0]).save(tmp_path / f"images/{index}.png")

    def fit(run, *ends, seed=0):
        keras.utils.set_random_seed(seed)
        gan = tiny(penalties=[{"name": "r1", "interval": 2}], discriminator_optimizer="rmsprop")
        watching = [
            callbacks.Checkpoint(run / "checkpoints", every=6),  # it saves last, though it is first
            doctor.Doctor(every=3, on_trouble="stop", patience=100),
            callbacks.LossLog(run / "log.csv", every=3),
            callbacks.FilmStrip(run / "film.png", every=2, rows=4, count=2),
            *ends,
        ]
        gan.fit(tmp_path / "images", batch_size=4, epochs=3, verbose=0, callbacks=watching)
        return gan, watching[1].history

    whole, history = fit(tmp_path / "whole")
    with contextlib.suppress(Killed):
        fit(tmp_path / "run", End(8 if how == "kill" else 7, how))
    resumed, same_history = fit(tmp_path / "run", seed=1)  # that everything is kept shows where all else differs
    assert_same(whole, resumed)
    assert log(tmp_path / "run/log.csv") == log(tmp_path / "whole/log.csv")
    assert (tmp_path / "run/film.png").read_bytes() == (tmp_path / "whole/film.png").read_bytes()
    np.testing.assert_equal(same_history, history)


def test_a_finished_training_is_left_as_it_is_and_more_epochs_or_the_same_model_train_on(tmp_path):
    gan = tiny(run_eagerly=True)

    def fit(gan, epochs):
        gan.fit(IMAGES, batch_size=4, epochs=epochs, verbose=0, callbacks=callbacks.Checkpoint(tmp_path))
        return int(gan.optimizer.iterations)

    assert fit(gan, epochs=1) == 5
    assert fit(tiny(run_eagerly=True), epochs=1) == 5
    assert fit(tiny(run_eagerly=True), epochs=2) == 10
    assert fit(gan, epochs=2) == 10  # it was behind
    assert fit(gan, epochs=1) == 15  # all epochs are done: it is trained on, as by Keras


@pytest.mark.slow
def test_steps_that_loss_scaling_skipped_within_the_epoch_are_counted_as_before(tmp_path):
    def fit(run, *ends):
        keras.utils.set_random_seed(0)
        keras.config.set_dtype_policy("mixed_float16")
        try:
            gan = tiny(run_eagerly=True)
        finally:
            keras.config.set_dtype_policy("float32")
        gan.optimizer.discriminator.dynamic_scale.assign(2.0**18)  # the first steps overflow
        watching = [callbacks.LossLog(run / "log.csv", every=3), callbacks.Checkpoint(run, every=4), *ends]
        gan.fit(IMAGES, batch_size=2, epochs=1, verbose=0, callbacks=watching)
        return gan

    whole = fit(tmp_path / "whole")
    assert 0 < int(whole.optimizer.iterations) < 10
    with contextlib.suppress(Killed):
        fit(tmp_path / "run", End(6))
    assert_same(whole, fit(tmp_path / "run"))
    assert log(tmp_path / "run/log.csv") == log(tmp_path / "whole/log.csv")


def test_an_interrupted_epoch_goes_on_in_whole_executions_only():
    gan = tiny(steps_per_execution=2)
    with pytest.raises(ValueError, match="divide the 3 batches"), gradients.passing_over(gan, 3):
        pass


CHILD = """
import os, signal, sys
from kerasgan import callbacks, zoo
from kerasgan.callbacks import checkpoint
from kerasgan.training import train

recipe, run, how, at = *sys.argv[1:4], int(sys.argv[4])


def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)


class Kill(callbacks.StepCallback):
    def act(self, step):
        if step >= at and how == "while writing":  # the archive: its last member is missing
            checkpoint.zipfile.ZipFile.writestr = die
        elif step >= at and how == "before the name":  # the file is complete, but a partial one still
            checkpoint.Path.replace = die
        elif step == at:
            die()


train.train(zoo.recipe(recipe), output=run, every=3, resume=os.path.exists(run), callbacks=[Kill(1)])
"""


@pytest.mark.slow
def test_a_run_killed_again_and_again_also_while_it_saves_ends_as_if_it_had_never_been(tmp_path):
    recipe = tiny_recipe.write(tmp_path / "tiny", steps=12, extra='discriminator_optimizer = "RMSprop"\n')
    whole = train.train(zoo.recipe(recipe), output=tmp_path / "whole", every=3)
    random = np.random.default_rng(7)
    deaths = [("after a step", random.integers(1, 5)), ("while writing", 5), ("before the name", 7)]
    for how, at in [*deaths, ("after a step", random.integers(9, 12))]:
        command = [sys.executable, "-c", CHILD, recipe, tmp_path / "run", how, at]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        died = subprocess.run([*map(str, command)], env=environment, capture_output=True, text=True, timeout=300)
        assert died.returncode == -signal.SIGKILL, died.stderr
    resumed = train.train(zoo.recipe(recipe), output=tmp_path / "run", every=3, resume=True)
    assert_same(whole, resumed)
    assert log(tmp_path / "run/log.csv") == log(tmp_path / "whole/log.csv")
    assert (tmp_path / "run/film.png").read_bytes() == (tmp_path / "whole/film.png").read_bytes()
    names = [sorted(path.name for path in (tmp_path / run).rglob("*.*")) for run in ("whole", "run")]
    assert names[0] == names[1]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """A folder with the checkpoints of steps 0, 2 and 4, and one with the GAN that wrote them."""
    folder = tmp_path_factory.mktemp("checkpoints")
    gan = tiny(run_eagerly=True)
    gan.fit(IMAGES[:16], batch_size=4, verbose=0, callbacks=callbacks.Checkpoint(folder, every=2))
    return folder


def resume(folder):
    """The step from which a new GAN goes on with a folder."""
    gan, steps = tiny(run_eagerly=True), []
    see = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: steps.append(int(gan.optimizer.iterations)))
    gan.fit(IMAGES[:16], batch_size=4, verbose=0, callbacks=[callbacks.Checkpoint(folder), see])
    assert int(gan.optimizer.iterations) == 4
    return steps[0]


def cut(path):
    path.write_bytes(path.read_bytes()[:-1000])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


def another(path):
    tiny().save(path)


@pytest.mark.parametrize("damage", [cut, flip, empty, another], ids=lambda damage: damage.__name__)
def test_a_damaged_checkpoint_is_passed_over_with_a_warning_and_put_aside(checkpoints, tmp_path, damage):
    folder = shutil.copytree(checkpoints, tmp_path / "copy")
    damage(folder / "step-000004.keras")
    with pytest.warns(UserWarning, match=r"the one before it is used\. Received: .*step-000004\.keras"):
        assert resume(folder) == 2
    assert sorted(path.name for path in folder.iterdir()) == [
        "step-000000.keras",
        "step-000002.keras",
        "step-000004.damaged",
        "step-000004.keras",
    ]


def test_what_a_user_keeps_beside_the_checkpoints_is_none_and_stays(tmp_path):
    names = ["step-000002 (copy).keras", "step-000002.keras", "step-000010.keras", "step-best.keras"]
    for name in names:
        (tmp_path / name).touch()
    assert [path.name for path in callbacks.Checkpoint.found(tmp_path)] == names[1:3]


def test_where_every_checkpoint_is_damaged_nothing_is_begun_and_nothing_lost(checkpoints, tmp_path):
    folder = shutil.copytree(checkpoints, tmp_path / "copy")
    for path in folder.iterdir():
        empty(path)
    with pytest.warns(UserWarning), pytest.raises(ValueError, match=r"intact checkpoint in .*Received: 3 damaged ones"):
        resume(folder)
    assert len([*folder.iterdir()]) == 3


def test_a_bit_that_flips_anywhere_is_found_or_does_no_harm(checkpoints, tmp_path):
    good = (checkpoints / "step-000004.keras").read_bytes()
    with zipfile.ZipFile(checkpoints / "step-000004.keras") as archive:
        content = {name: archive.read(name) for name in checkpoint.MEMBERS}
    random, path = np.random.default_rng(0), tmp_path / "flipped.keras"
    places = [*random.integers(len(good), size=100), *range(len(good) - 400, len(good))]  # the directory is at the end
    for place in places:
        bad = bytearray(good)
        bad[place] ^= 1 << random.integers(8)
        path.write_bytes(bad)
        if checkpoint._damage(path) is None:
            with zipfile.ZipFile(path) as archive:
                assert {name: archive.read(name) for name in checkpoint.MEMBERS} == content


def test_a_checkpoint_of_another_model_is_refused(checkpoints, tmp_path):
    folder = shutil.copytree(checkpoints, tmp_path / "copy")
    gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=8)
    gan.compile()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras', too
        with pytest.raises(ValueError, match=r"checkpoints of the same model. Received: .*step-000004\.keras: "):
            gan.fit(IMAGES, verbose=0, callbacks=callbacks.Checkpoint(folder))


def test_a_folder_that_cannot_be_written_is_found_out_before_the_first_step():
    gan = tiny(run_eagerly=True)
    with pytest.raises(OSError, match=r"checkpoint of step 0 into /dev/null/x\. Received: .*Not a directory"):
        gan.fit(IMAGES, verbose=0, callbacks=callbacks.Checkpoint("/dev/null/x"))
    assert int(gan.optimizer.iterations) == 0


def test_a_disk_that_is_too_small_is_found_out_before_the_first_step(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))
    gan = tiny(run_eagerly=True)
    with pytest.raises(OSError, match=r"room for 3 more checkpoints of [\d,]+ bytes in .*Received: 1,000 bytes free"):
        gan.fit(IMAGES, verbose=0, callbacks=callbacks.Checkpoint(tmp_path, keep=3))
    assert int(gan.optimizer.iterations) == 0


def test_a_disk_that_fills_up_ends_the_training_and_leaves_the_last_checkpoint(tmp_path):
    class Fill(StepCallback):
        def act(self, step):
            size = (tmp_path / "step-000000.keras").stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, limits[1]))

    gan, limits = tiny(run_eagerly=True), resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(OSError, match=r"checkpoint of step 2 into .*Received: .*File too large"):
            gan.fit(IMAGES, batch_size=4, verbose=0, callbacks=[callbacks.Checkpoint(tmp_path, every=2), Fill(1)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000.keras"]
    assert callbacks.Checkpoint.newest(tmp_path) == tmp_path / "step-000000.keras"
