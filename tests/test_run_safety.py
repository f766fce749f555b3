"""A run folder under attack: NaN, two writers, other recipes and data, torn and removed files, a full disk."""

import contextlib
import io
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import zipfile

import filelock
import h5py
import keras
import numpy as np
import pytest
import tiny_recipe
from PIL import Image

from kerasgan import callbacks, models, zoo
from kerasgan.callbacks.base import StepCallback
from kerasgan.files import paths, pictures
from kerasgan.training import load, ownership, record, run_folder
from kerasgan.training import train as training


def train(recipe, output, **options):
    return training.train(recipe, output=output, **{"every": 2, **options})


class At(StepCallback):
    """Calls a function after a step."""

    def __init__(self, at, function):
        super().__init__(every=1)
        self.at, self.function = at, function

    def act(self, step):
        if step == self.at:
            self.function()


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    return zoo.recipe(tiny_recipe.write(tmp_path_factory.mktemp("recipe") / "tiny"))


@pytest.fixture(scope="module")
def finished(recipe, tmp_path_factory):
    run = tmp_path_factory.mktemp("finished") / "run"
    train(recipe, run)
    return run


@pytest.fixture
def killed(finished, tmp_path):
    """A run that has its last checkpoint, and was killed before its final model."""
    run = shutil.copytree(finished, tmp_path / "run")
    for name in ("gan.keras", "generator.weights.h5"):
        (run / name).unlink()
    return run


def arrays(path):
    """All float arrays of a .keras, a checkpoint or a .weights.h5 file."""
    if path.suffix == ".h5":
        return _stored(path)
    with zipfile.ZipFile(path) as archive:
        found = _stored(io.BytesIO(archive.read("model.weights.h5")))
        if "training.npz" in archive.namelist():
            with np.load(io.BytesIO(archive.read("training.npz"))) as states:
                found += [value for name, value in states.items() if "Doctor" not in name]  # NaN: not probed
    return [array for array in found if array.dtype.kind == "f"]


def _stored(file):
    found = []
    with h5py.File(file) as opened:
        opened.visititems(lambda name, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    return found


# NaN


@pytest.mark.parametrize("remedy", [None, "rollback"])
def test_a_training_that_explodes_ends_and_leaves_nothing_but_finite_files(tmp_path, recipe, remedy):
    rate = '{name="PiecewiseConstantDecay",boundaries=[10],values=[2e-4,1e30]}'
    settings = [
        f'train.{player}_optimizer={{name="Adam",learning_rate={rate}}}' for player in ("generator", "discriminator")
    ]
    hot, run = training.assign(training.override(recipe, steps=40), settings), tmp_path / "run"
    watching = training.watchers(run, doctor=remedy)
    with pytest.raises(training.NotFiniteError, match=r"NaN or infinity by step 1[1-5].*checkpoint, of step 10"):
        train(hot, run, every=5, callbacks=watching)
    kept = [*sorted((run / "checkpoints").iterdir()), run / "gan.keras", run / "generator.weights.h5"]
    assert [path.stem for path in kept[:3]] == ["step-000000", "step-000005", "step-000010"]
    for path in kept:
        assert all(np.isfinite(array).all() for array in arrays(path)), path
    assert int(load.load(run).optimizer.steps) == 10


class Poison(StepCallback):
    """Makes one weight, slot of the optimizer or statistic infinite after the second step."""

    def __init__(self, choose):
        super().__init__(every=2)
        self.choose = choose

    def act(self, step):
        if step == 2:
            variable = self.choose(self.model)
            value = np.array(variable.numpy())
            value.flat[0] = np.inf
            variable.assign(value)


@pytest.mark.backends("jax", "torch")
@pytest.mark.parametrize(
    "choose",
    [
        lambda gan: gan.ema_generator.weights[0],
        lambda gan: next(each for each in gan.optimizer.generator.variables if "velocity" in each.path),
        lambda gan: next(each for each in gan.generator.weights if "moving_variance" in each.path),
    ],
    ids=["average", "velocity", "statistics"],
)
def test_no_part_of_a_checkpoint_may_be_infinite_though_the_losses_are_finite(tmp_path, choose):
    gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4)
    gan.compile(ema_half_life=100)
    images = np.zeros((16, 8, 8, 1), "float32")
    backup = callbacks.Checkpoint(tmp_path, every=1)
    with pytest.warns(
        callbacks.NotFiniteWarning, match=r"step-000001\.keras stays the newest.*Not finite any more: \S"
    ):
        gan.fit(images, batch_size=4, epochs=3, verbose=0, callbacks=[Poison(choose), backup])
    assert backup.refused[0] == 2
    assert callbacks.Checkpoint.found(tmp_path)[-1].stem == "step-000001"


@pytest.mark.backends("torch")  # in `fit` on JAX, what a callback assigns to a metric is lost
def test_a_loss_that_was_infinite_once_is_seen_at_the_next_look_not_only_while_it_lasts():
    gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4)
    gan.compile()
    loss, calls = gan.metrics[0], []

    def infinite():
        loss.total.assign(np.inf)
        calls.append(True)

    images, stop = np.zeros((64, 8, 8, 1), "float32"), callbacks.StopWhenNotFinite(every=5)
    watching = [At(2, infinite), stop]
    with pytest.warns(callbacks.NotFiniteWarning, match="Step 5: .*discriminator_loss"):
        gan.fit(images, batch_size=4, verbose=0, callbacks=watching)
    assert stop.found == (5, ["discriminator_loss"]) and calls


def test_a_model_that_is_not_finite_is_not_trained_at_all(tmp_path):
    gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4)
    gan.compile()
    gan.generator.trainable_weights[0].assign(gan.generator.trainable_weights[0] * np.nan)
    with pytest.raises(ValueError, match="Expected a finite model to train"):
        gan.fit(np.zeros((8, 8, 8, 1), "float32"), verbose=0, callbacks=callbacks.Checkpoint(tmp_path))


@pytest.mark.backends("jax", "torch")
def test_a_step_that_overflows_in_float16_leaves_statistics_averages_and_losses_as_they_were():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4)
    finally:
        keras.config.set_dtype_policy("float32")
    gan.compile(ema_half_life=100)
    images = np.random.default_rng(0).uniform(-1, 1, (8, 8, 8, 1)).astype("float32")
    gan.train_on_batch(images)
    weights = [*gan.generator.trainable_weights, *gan.discriminator.trainable_weights]
    before = [np.array(weight.numpy()) for weight in weights]
    for weight in weights:
        weight.assign(weight * 1e4)
    kept = [each for each in gan.non_trainable_variables if "float" in each.dtype]
    old = [np.array(each.numpy()) for each in kept]
    gan.train_on_batch(images)
    for variable, value in zip(kept, old):
        np.testing.assert_array_equal(variable.numpy(), value, err_msg=variable.path)
    assert [float(loss.result()) for loss in gan.metrics] == [0.0, 0.0]  # Keras reset them, and they counted nothing
    for weight, value in zip(weights, before):
        np.testing.assert_array_equal(weight.numpy(), value * np.float32(1e4))
        weight.assign(value)
    gan.train_on_batch(images)
    assert any((np.array(variable.numpy()) != value).any() for variable, value in zip(kept, old))


def test_a_training_of_which_every_update_overflows_ends(recipe):
    gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4)
    gan.compile()
    gan.optimizer.generator = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(), initial_scale=2.0**-25)
    gan.optimizer.generator.build(gan.generator.trainable_variables)
    stop = callbacks.StopWhenNotFinite(every=1)
    stop.set_model(gan)
    with pytest.warns(callbacks.NotFiniteWarning, match=r"the generator's scaled loss \(scale 2\.98023e-08\)"):
        stop.act(1)


# Who writes, and with what


def test_one_training_at_a_time_writes_to_a_run(tmp_path, recipe):
    refused = []

    def another():
        with pytest.raises(FileExistsError, match=rf"no other training.*process {os.getpid()} trains"):
            train(recipe, tmp_path / "run", resume=True)
        refused.append(True)

    train(recipe, tmp_path / "run", callbacks=[At(2, another)])
    assert refused and not (tmp_path / "run/.lock").exists()


def test_the_lock_of_a_killed_training_is_taken_over_at_once(tmp_path):
    program = (
        "import sys, pathlib, os, signal\nfrom kerasgan.training.ownership import owned\n"
        "with owned(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    died = subprocess.run([sys.executable, "-c", program, tmp_path / "run"], env=environment, timeout=300)
    assert died.returncode == -signal.SIGKILL and (tmp_path / "run/.lock").is_file()
    with ownership.owned(tmp_path / "run"):
        pass


def test_the_lock_of_another_machine_counts_while_it_shows_signs_of_life(tmp_path, monkeypatch):
    monkeypatch.setattr(ownership, "LEASE", 1.5)
    monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")
    theirs = filelock.SoftFileLease(tmp_path / ".lock", lease_duration=1.5, thread_local=False)
    theirs.acquire()
    monkeypatch.undo()
    monkeypatch.setattr(ownership, "LEASE", 1.5)
    with pytest.raises(FileExistsError, match=r"process [0-9]+ on elsewhere trains"), ownership.owned(tmp_path):
        pass
    theirs._stop_heartbeat()  # the machine is switched off
    with ownership.owned(tmp_path) as owner:
        assert owner.lease.owner.hostname == socket.gethostname()


@pytest.mark.parametrize("name", ["", "recipe.toml", "log.csv", "checkpoints", ".lock"])
def test_a_run_of_which_something_is_removed_ends_with_an_error(tmp_path, recipe, name):
    def remove():
        path = tmp_path / "run" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    with pytest.raises(OSError, match=rf"Expected .*{name.replace('.', chr(92) + '.')}"):
        train(recipe, tmp_path / "run", callbacks=[At(2, remove)])
    assert not (tmp_path / "run/gan.keras").exists()


def test_a_run_killed_before_its_first_step_is_one_and_can_be_resumed(killed, finished):
    for name in ("checkpoints", "samples"):
        shutil.rmtree(killed / name)
    for name in ("log.csv", "film.png", "samples.png"):
        (killed / name).unlink()
    assert run_folder.is_run(killed)
    resumed = train(zoo.recipe(killed / "recipe.toml"), killed, resume=True)
    whole = keras.saving.load_model(finished / "gan.keras")
    for ours, theirs in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_run_whose_recipe_was_edited_is_not_resumed(killed):
    path = killed / "recipe.toml"
    path.write_text(path.read_text().replace("width = 4", "width = 8"))
    with pytest.raises(ValueError, match=r"recipe that it was trained with.*model\.width=8 \(the run: 4\)"):
        train(zoo.recipe(path), killed, resume=True)


def photographs(folder, count):
    folder.mkdir()
    for index in range(count):
        pixels = np.random.default_rng(index).integers(0, 256, (8, 8), dtype="uint8")
        Image.fromarray(pixels).save(folder / f"{index:02}.png")
    return folder


def test_data_may_move_but_not_change(tmp_path, recipe):
    own, run = photographs(tmp_path / "own", 18), tmp_path / "run"
    train(training.override(recipe, steps=1), run, data=own)
    own.rename(tmp_path / "moved")
    longer = training.override(zoo.recipe(run / "recipe.toml"), steps=2)
    assert int(train(longer, run, resume=True, data=tmp_path / "moved").optimizer.steps) == 2
    longer = training.override(longer, steps=3)
    changed = tmp_path / "moved/00.png"
    os.replace(changed, tmp_path / "00.png")
    with pytest.raises(ValueError, match=r"data that .*count=17 \(the run: 18\)"):
        train(longer, run, resume=True, data=tmp_path / "moved")
    Image.new("L", (8, 8)).save(changed)
    with pytest.raises(ValueError, match=r"data that .*other images"):
        train(longer, run, resume=True, data=tmp_path / "moved")
    shutil.copy(tmp_path / "00.png", changed)
    assert int(train(longer, run, resume=True, data=tmp_path / "moved").optimizer.steps) == 3


def test_the_recipe_of_another_entry_does_not_resume_a_run(killed, recipe, tmp_path):
    run_folder.refuse_entry(recipe, killed)
    run_folder.refuse_entry(zoo.recipe(killed / "recipe.toml"), killed)
    with pytest.raises(ValueError, match=r"resume the tiny in .*Received: dcgan-digits with "):
        run_folder.refuse_entry(zoo.recipe("dcgan-digits"), killed)
    (killed / "run.json").unlink()  # as of an earlier version
    with pytest.raises(ValueError, match=r"resume the DCGAN in .*Received: stylegan2-digits, a StyleGAN2"):
        run_folder.refuse_entry(zoo.recipe("stylegan2-digits"), killed)


def test_another_version_of_what_computes_is_told(killed, recipe):
    checkpoint = callbacks.Checkpoint.found(killed / "checkpoints")[-1]
    facts = callbacks.Checkpoint.recorded(checkpoint)
    assert facts["versions"] == record.versions() and facts["recipe"] == run_folder.sections(recipe)
    for path in callbacks.Checkpoint.found(killed / "checkpoints"):
        path.unlink()
    found = json.loads((killed / "run.json").read_text())
    (killed / "run.json").write_text(json.dumps({**found, "versions": {**found["versions"], "keras": "3.0.0"}}))
    with pytest.warns(UserWarning, match=r"trained with keras 3\.0\.0 \(now: 3\.\d+"):
        train(recipe, killed, resume=True)


# Torn files


def test_log_and_film_are_repaired_from_the_checkpoint(killed, finished, recipe):
    os.truncate(killed / "log.csv", 90)
    os.truncate(killed / "film.png", 200)
    with pytest.warns(UserWarning, match=r"log\.csv is repaired from the checkpoint: [1-4] of its 4 rows"):
        train(training.override(recipe, steps=5), killed, resume=True)
    steps = [line.split(",")[0] for line in (killed / "log.csv").read_text().splitlines()]
    assert steps == ["step", "1", "2", "3", "4", "5"]
    first = [np.asarray(pictures.read_film(run / "film.png")[0][0]) for run in (killed, finished)]
    np.testing.assert_array_equal(*first)


def test_a_gap_that_no_checkpoint_fills_is_told(tmp_path):
    gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4)
    gan.compile(run_eagerly=True)
    images = np.zeros((40, 8, 8, 1), "float32")
    gan.fit(images, batch_size=4, verbose=0, callbacks=callbacks.LossLog(tmp_path / "log.csv", every=1))
    lines = (tmp_path / "log.csv").read_text().splitlines(keepends=True)
    (tmp_path / "log.csv").write_text("".join(lines[:5]) + lines[5][:-4])
    with pytest.warns(UserWarning, match="has a gap: there are no rows of steps 5 to 10"):
        gan.fit(images[:4], batch_size=4, verbose=0, callbacks=callbacks.LossLog(tmp_path / "log.csv", every=1))
    steps = [line.split(",")[0] for line in (tmp_path / "log.csv").read_text().splitlines()[1:]]
    assert steps == ["1", "2", "3", "4", "11"]


def test_a_run_is_read_from_its_newest_intact_file_with_a_warning(finished, tmp_path):
    run = shutil.copytree(finished, tmp_path / "run")
    os.truncate(run / "gan.keras", 20_000)
    with pytest.warns(UserWarning, match=r"intact gan\.keras; the newest checkpoint is used"):
        assert run_folder.newest(run).name == "step-000004.keras"
    (run / "gan.keras").unlink()
    os.truncate(run / "checkpoints/step-000004.keras", 20_000)
    unfinished = pytest.warns(load.UnfinishedRunWarning, match="step-000002")
    with unfinished, pytest.warns(UserWarning, match=r"Received: .*step-000004\.keras"):
        assert load.load(run).optimizer.steps == 2


# Writing


@contextlib.contextmanager
def largest_file(size):
    """A disk that is full: no file may grow beyond a size."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("name", ["recipe.toml", "picture.png", "film.gif"])
def test_a_file_that_does_not_fit_on_the_disk_is_named_and_the_one_before_it_stays(tmp_path, name):
    from kerasgan.files import films, toml

    path = tmp_path / name
    path.write_bytes(b"before")
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), dtype="uint8"))
    writing = {
        "recipe.toml": lambda: toml.write_text("x" * 5000, path),
        "picture.png": lambda: pictures.save(picture, path),
        "film.gif": lambda: films.save([picture, picture], path),
    }
    with largest_file(1000), pytest.raises(OSError, match=rf"Expected to write .*{name}. Received: File too large"):
        writing[name]()
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {name: b"before"}


def test_weights_on_a_full_disk_are_an_error_not_a_crash(tmp_path, monkeypatch):
    """h5py: a segmentation fault where the file's last bytes have no room."""
    from kerasgan.files import weights

    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    path = tmp_path / "network.weights.h5"
    weights.save_weights(network, path)
    before, copy = path.read_bytes(), shutil.copyfile

    def limited(source, target):
        with largest_file(1000):
            copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", limited)
    with pytest.raises(OSError, match=r"Expected to write .*network\.weights\.h5\. Received: File too large"):
        weights.save_weights(network, path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(OSError, match=r"Expected to write .*network\.weights\.h5\. Received: 0 bytes free in "):
        weights.save_weights(network, path)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {path.name: before}


def test_a_folder_is_exchanged_whole_also_where_the_system_cannot_and_ctrl_c_comes_between(tmp_path, monkeypatch):
    def folders():
        for name in ("new", "old"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "file").write_text(name)

    folders()
    paths.put(tmp_path / "new", tmp_path / "old")
    assert [(path.name, (path / "file").read_text()) for path in tmp_path.iterdir()] == [("old", "new")]
    shutil.rmtree(tmp_path / "old")
    folders()
    monkeypatch.setattr(paths, "_exchanged", lambda one, other: False)
    replace = os.replace

    def interrupted(one, other):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        paths.put(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old/file").read_text() == "old"
    monkeypatch.setattr(os, "replace", replace)
    paths.put(tmp_path / "new", tmp_path / "old")
    assert [(path.name, (path / "file").read_text()) for path in tmp_path.iterdir()] == [("old", "new")]


@pytest.mark.skipif(not sys.platform.startswith(("linux", "darwin")), reason="where the system exchanges names")
def test_somebody_who_reads_while_a_folder_is_exchanged_always_finds_one(tmp_path):
    missing, ended = [], threading.Event()
    target = tmp_path / "target"
    target.mkdir()

    def look():
        while not ended.is_set():
            if not target.exists():
                missing.append(True)

    looking = threading.Thread(target=look)
    looking.start()
    for _ in range(200):
        (tmp_path / "new").mkdir()
        paths.put(tmp_path / "new", target)
    ended.set()
    looking.join()
    assert not missing


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has none")
def test_a_connection_that_closes_saves_as_sigterm_does_unless_nohup_ignores_it(tmp_path, recipe):
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
    try:
        with pytest.raises(training.Interrupted) as stopped:
            train(recipe, tmp_path / "run", callbacks=[At(1, lambda: signal.raise_signal(signal.SIGHUP))])
        assert stopped.value.signal_number == signal.SIGHUP and (tmp_path / "run/gan.keras").is_file()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        gan = train(
            recipe, tmp_path / "run", resume=True, callbacks=[At(3, lambda: signal.raise_signal(signal.SIGHUP))]
        )
    finally:
        signal.signal(signal.SIGHUP, before)
    assert gan.optimizer.steps == 4
