"""Training a recipe into a run folder: what it leaves behind, and how it goes on after an end of any kind."""

import csv
import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny_recipe
from PIL import Image
from rich.console import Console

import kerasgan
from kerasgan import zoo
from kerasgan.callbacks import StepCallback
from kerasgan.files import pictures
from kerasgan.training import train as training

QUIET = {"every": 2, "console": None}


def train(recipe, output, **options):
    return training.train(recipe, output=output, **{**QUIET, **options})


def logged_steps(run):
    with (run / "log.csv").open(newline="") as file:
        return [int(row["step"]) for row in csv.DictReader(file)]


def contents(run):
    return {str(path.relative_to(run)): path.read_bytes() for path in sorted(run.rglob("*")) if path.is_file()}


def weights(gan):
    return [*gan.get_weights(), *(np.asarray(variable) for variable in gan.optimizer.variables)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of five of five steps: its folder, the recipe with what was overridden, and the trained GAN."""
    folder = tmp_path_factory.mktemp("finished")
    recipe = training.override(zoo.recipe(tiny_recipe.write(folder / "tiny")), steps=5, batch_size=8, objective=None)
    return folder / "run", recipe, train(recipe, folder / "run")


class Raise(StepCallback):
    """Sends this process a signal, `times` times, after a step."""

    def __init__(self, step, number=signal.SIGINT, times=1):
        super().__init__(every=1)
        self.at, self.number, self.times = step, number, times

    def act(self, step):
        if step == self.at:
            for _ in range(self.times):
                signal.raise_signal(self.number)


def test_a_run_folder_holds_recipe_log_samples_film_checkpoints_and_weights(finished):
    run, _, _ = finished
    assert sorted(contents(run)) == [
        "checkpoints/step-000002.keras",
        "checkpoints/step-000004.keras",
        "checkpoints/step-000005.keras",
        "film.png",
        "gan.keras",
        "generator.weights.h5",
        "log.csv",
        "recipe.toml",
        "run.json",
        "samples.png",
        "samples/step-000002.png",
        "samples/step-000004.png",
        "samples/step-000005.png",
    ]
    assert logged_steps(run) == [1, 2, 3, 4, 5]


def test_the_recipe_of_a_run_records_what_was_overridden_and_can_be_trained_again(finished):
    run, recipe, _ = finished
    again = zoo.recipe(run / "recipe.toml")
    assert again.train == {**recipe.train, "steps": 5, "batch_size": 8}
    assert (again.family, again.model, again.data) == (recipe.family, recipe.model, recipe.data)
    assert again.command.endswith("--resume")
    said = f"From the recipe {recipe.name}, with other settings. What that says of itself:"
    assert again.summary == f"{said}\nA second; nothing to see."


def test_the_files_of_a_run_give_the_samples_of_its_last_picture(finished):
    run, _, gan = finished
    expected = np.asarray(pictures.grid(gan.generate(16, seed=0)))
    for file in ("gan.keras", "generator.weights.h5"):
        loaded = zoo.load(run / "recipe.toml", weights=run / file)
        np.testing.assert_array_equal(np.asarray(pictures.grid(loaded.generate(16, seed=0))), expected)
    with Image.open(run / "samples.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), expected)


def test_a_folder_that_holds_a_run_is_refused_and_stays_as_it_is(finished):
    run, recipe, _ = finished
    before = contents(run)
    with pytest.raises(FileExistsError, match=r"holds one.*--resume"):
        train(recipe, run)
    assert contents(run) == before


def test_resuming_a_finished_run_changes_nothing_and_more_steps_continue_it(finished, tmp_path):
    run, recipe, gan = finished
    before = contents(run)
    for ours, theirs in zip(weights(gan), weights(train(recipe, run, resume=True)), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    after = contents(run)
    same = before.keys() - {"generator.weights.h5"}  # HDF5 files carry their time
    assert {name: after[name] for name in same} == {name: before[name] for name in same}

    longer = train(training.override(recipe, steps=7), run, resume=True)
    assert int(longer.optimizer.iterations) == 7
    assert int(longer.optimizer.generator.iterations) == 7
    assert logged_steps(run) == [1, 2, 3, 4, 5, 6, 7]
    assert zoo.recipe(run / "recipe.toml").train["steps"] == 7
    with pytest.raises(ValueError, match=r"the 7 steps.*Received: steps=5"):
        train(recipe, run, resume=True)
    with pytest.raises(ValueError, match=r"only the number of steps.*batch_size=3 \(the run: 8\)"):
        train(training.override(recipe, batch_size=3), run, resume=True)


def test_there_must_be_a_run_to_resume(tmp_path):
    recipe = zoo.recipe(tiny_recipe.write(tmp_path / "tiny"))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        train(recipe, tmp_path / "nowhere", resume=True)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_the_step_saves_everything_and_can_be_resumed(tmp_path, number):
    recipe, run = zoo.recipe(tiny_recipe.write(tmp_path / "tiny", steps=6)), tmp_path / "run"
    before = signal.getsignal(number)
    with pytest.raises(training.Interrupted) as stopped:
        train(recipe, run, every=100, callbacks=[Raise(2, number)])
    assert signal.getsignal(number) is before
    assert (stopped.value.step, stopped.value.signal_number, stopped.value.output) == (3, number, run)
    gan = keras.saving.load_model(run / "gan.keras")
    assert int(gan.optimizer.iterations) == int(gan.optimizer.generator.iterations) == 3
    assert logged_steps(run) == [1, 2, 3]
    gan = train(recipe, run, every=100, resume=True)
    assert int(gan.optimizer.iterations) == 6
    assert logged_steps(run) == [1, 2, 3, 4, 5, 6]


def test_a_second_interruption_does_not_wait(tmp_path):
    recipe = zoo.recipe(tiny_recipe.write(tmp_path / "tiny"))
    with pytest.raises(KeyboardInterrupt) as stopped:
        train(recipe, tmp_path / "run", callbacks=[Raise(2, times=2)])
    assert not isinstance(stopped.value, training.Interrupted)


def test_a_run_limited_by_time_can_be_resumed_too(tmp_path):
    recipe, run = zoo.recipe(tiny_recipe.write(tmp_path / "tiny")), tmp_path / "run"
    gan = train(recipe, run, seconds=1e-6)
    assert int(gan.optimizer.iterations) == 1
    assert (run / "gan.keras").is_file()
    assert int(train(recipe, run, resume=True).optimizer.iterations) == recipe.train["steps"]


def test_a_folder_of_images_takes_the_place_of_the_recipes_data_and_is_remembered(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for index in range(20):
        Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype="uint8")).save(tmp_path / f"photos/{index}.png")
    recipe, run = zoo.recipe(tiny_recipe.write(tmp_path / "tiny")), tmp_path / "run"
    monkeypatch.chdir(tmp_path)
    train(training.override(recipe, steps=1), run, data="photos")
    own = zoo.recipe(run / "recipe.toml")
    assert own.data == {"source": "folder", "path": str(tmp_path / "photos"), "image_size": 8, "channels": 1}
    gan = train(training.override(own, steps=2), run, resume=True)
    assert int(gan.optimizer.iterations) == 2
    assert zoo.recipe(run / "recipe.toml").summary == own.summary


def test_a_mistake_in_recipe_or_data_leaves_no_folder_behind(tmp_path):
    recipe = zoo.recipe(tiny_recipe.write(tmp_path / "tiny"))
    with pytest.raises(ValueError, match="hinge"):
        train(training.override(recipe, objective="hing"), tmp_path / "run")
    with pytest.raises(FileNotFoundError):
        train(recipe, tmp_path / "run", data=tmp_path / "nowhere")
    assert not (tmp_path / "run").exists()


def test_the_same_seed_begins_with_the_same_networks(tmp_path):
    recipe = training.override(zoo.recipe(tiny_recipe.write(tmp_path / "tiny")), steps=1)
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        train(training.override(recipe, seed=seed), tmp_path / name)
    first = [np.asarray(pictures.read_film(tmp_path / name / "film.png")[0][0]) for name in "abc"]
    np.testing.assert_array_equal(first[0], first[1])
    assert (first[0] != first[2]).any()


def test_a_training_starts_from_the_generator_that_its_recipe_names(finished, tmp_path):
    run, _, first = finished
    recipe, start = zoo.recipe(tiny_recipe.write(tmp_path / "second")), run / "generator.weights.h5"
    settings = [f'train.start="{start}"', "train.generator_optimizer.learning_rate=0.0", "train.steps=1"]
    console = Console(file=io.StringIO())
    gan = train(training.assign(recipe, settings), tmp_path / "run", console=console)
    assert "generator.weights.h5: generator; the discriminator starts anew." in console.file.getvalue()
    for given, theirs in zip(gan.generator.trainable_variables, first.sampler.trainable_variables):
        np.testing.assert_array_equal(given, theirs)
    with pytest.raises(ValueError, match=r"same architecture.*start='dcgan-digits'"):
        train(training.assign(recipe, ["train.start=dcgan-digits"]), tmp_path / "other")
    for start in ("dcgan-digit", "missing.pth", str(tmp_path)):
        with pytest.raises((FileNotFoundError, ValueError), match=rf"Cannot start from '{start}' \(--start, or"):
            train(training.assign(recipe, [f'train.start="{start}"']), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_training_that_starts_from_a_run_goes_on_with_its_discriminator(finished, tmp_path):
    run, _, _ = finished
    first = keras.saving.load_model(run / "gan.keras")  # other tests may have trained it further
    recipe, console = zoo.recipe(tiny_recipe.write(tmp_path / "second")), Console(file=io.StringIO())
    still = [f"train.{name}_optimizer={{name='SGD', learning_rate=0.0}}" for name in ("generator", "discriminator")]
    settings = [f'train.start="{run}"', "train.steps=1", *still]
    gan = train(training.assign(recipe, settings), tmp_path / "run", console=console)
    assert "generator, discriminator, average." in console.file.getvalue()
    for name in ("generator", "discriminator"):
        for given, theirs in zip(getattr(gan, name).trainable_variables, getattr(first, name).trainable_variables):
            np.testing.assert_array_equal(given, theirs)


def test_recipes_are_written_as_toml_that_reads_back_the_same(tmp_path):
    model = {"image_size": [8, 16], "prior": {"name": "uniform", "low": -1.0}, "comment": 'a "quoted" \\ line\n\tü'}
    train = {"batch_size": 2, "steps": 3, "penalties": [{"name": "r1", "weight": 1e-7}], "reuse_fakes": True}
    data = {"source": "folder", "path": "/with space/'"}
    recipe = zoo.Recipe(name="x", path=Path("x"), family="DCGAN", model=model, data=data, train=train)
    path = training.write_recipe(recipe, tmp_path / "recipe.toml", header="a command\nwhat to expect")
    assert tomllib.loads(path.read_text()) == {"family": "DCGAN", "model": model, "data": data, "train": train}
    assert path.read_text().startswith("# a command\n# what to expect\n")


def test_settings_are_assigned_as_in_a_recipe_also_inside_tables(tmp_path):
    recipe = zoo.recipe(tiny_recipe.write(tmp_path / "tiny"))
    changed = training.assign(
        recipe,
        [
            "model.discriminator_norm=layer",
            "train.generator_optimizer.learning_rate = 2e-4",
            "train.discriminator_optimizer.name=RMSprop",
            'train.penalties=[{name = "r1", weight = 0.3}, "r2"]',
        ],
    )
    assert changed.model == {**recipe.model, "discriminator_norm": "layer"}
    assert changed.train["generator_optimizer"] == {**recipe.train["generator_optimizer"], "learning_rate": 2e-4}
    assert changed.train["discriminator_optimizer"] == {"name": "RMSprop"}
    assert changed.train["penalties"] == [{"name": "r1", "weight": 0.3}, "r2"]
    assert (
        recipe.train["generator_optimizer"]["learning_rate"] == 1e-3 and "discriminator_optimizer" not in recipe.train
    )


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("weights.file=x", "model. or train.KEY=VALUE. Received: weights.file=x"),
        ("model.width", "Received: model.width"),
        ("model=1", "Received: model=1"),
        ("train.penalty=r1", "Unknown key 'penalty'.*penalties"),
        ("train.steps=0", "positive whole number.*Received: steps=0"),
        ("model.width=[1", "value as in a recipe.toml. Received: model.width=\\[1"),
    ],
)
def test_an_assignment_that_fits_nowhere_is_refused(tmp_path, assignment, message):
    recipe = zoo.recipe(tiny_recipe.write(tmp_path / "tiny"))
    with pytest.raises(ValueError, match=message):
        training.assign(recipe, [assignment])


def test_a_run_that_was_interrupted_within_an_epoch_ends_as_if_it_had_not_been(tmp_path):
    recipe = training.override(zoo.recipe(tiny_recipe.write(tmp_path / "tiny")), steps=6, batch_size=400)  # 4 an epoch
    whole = train(recipe, tmp_path / "whole")
    with pytest.raises(training.Interrupted):
        train(recipe, tmp_path / "run", callbacks=[Raise(2, signal.SIGTERM)])
    resumed = train(recipe, tmp_path / "run", resume=True)
    for ours, theirs in zip(weights(resumed), weights(whole), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert logged_steps(tmp_path / "run") == logged_steps(tmp_path / "whole")
    assert (tmp_path / "run/film.png").read_bytes() == (tmp_path / "whole/film.png").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_train_and_resume_to_the_bit_without_tensorflow(tmp_path, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    recipe = tiny_recipe.write(tmp_path / "tiny", steps=3)
    program = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "import pathlib, shutil\n"
        "from kerasgan import zoo\n"
        "from kerasgan.training.train import train\n"
        "def everything(gan):\n"
        "    variables = [*gan.variables, *gan.optimizer.variables]\n"
        "    return [variable.numpy().tolist() for variable in variables]\n"
        f"recipe, run = zoo.recipe({str(recipe)!r}), pathlib.Path({str(tmp_path / 'run')!r})\n"
        "whole = everything(train(recipe, output=run, every=1))\n"
        "for step in (2, 3):\n"
        "    (run / f'checkpoints/step-00000{step}.keras').unlink()\n"
        "assert everything(train(recipe, output=run, every=1, resume=True)) == whole\n"
    )
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert logged_steps(tmp_path / "run") == [1, 2, 3]


def test_a_run_within_its_own_data_is_refused(tmp_path):
    """Its sample grids would be pictures to learn from when it is resumed."""
    Image.new("L", (8, 8), 7).save(tmp_path / "a.png")
    recipe = zoo.recipe(tiny_recipe.write(tmp_path / "elsewhere"))
    for run in (tmp_path, tmp_path / "runs" / "mine"):
        with pytest.raises(ValueError, match=r"a run folder outside the data, .*Received: output="):
            train(recipe, run, data=tmp_path)
    assert not (tmp_path / "runs").exists()
    with pytest.raises(FileExistsError, match=r"a folder for the run\. Received: output=.*a\.png, which is a file"):
        train(recipe, tmp_path / "a.png")


@pytest.mark.parametrize(
    ("steps", "grids", "every", "own", "expected"),
    [
        (9000, 450, None, {}, 450),
        (1000, 50, None, {}, 63),  # 1,000 samples are as many images as 63 steps of 16 see
        (30, 1, None, {}, 30),
        (1000, 50, None, {"samples": 160}, 50),
        (30, 3, 3, {}, 3),
        (30, 1, None, {"every": 7}, 7),
    ],
)
def test_a_short_training_measures_no_more_images_than_it_sees(tmp_path, steps, grids, every, own, expected):
    from kerasgan.training import best

    kept = {"name": "frechet_distance", "features": "pixels", **own}
    recipe = training.override(zoo.recipe(tiny_recipe.write(tmp_path / "tiny", steps=steps)), keep_best=kept)
    (found,) = best.keepers(recipe, zoo.build(recipe), tmp_path, None, every=every, grids=grids)
    assert found.metric.every == expected


def test_pictures_are_read_once_for_training_and_measuring(tmp_path, monkeypatch):
    from kerasgan.data.folders import Pictures

    for level in range(16):
        Image.new("L", (8, 8), 16 * level).save(tmp_path / f"{level:02}.png")
    read, decode = [], Pictures.decode
    monkeypatch.setattr(Pictures, "decode", lambda self, index: read.append(index) or decode(self, index))
    best = {"name": "frechet_distance", "features": "pixels", "samples": 16}
    recipe = training.override(zoo.recipe(tiny_recipe.write(tmp_path / "tiny", steps=2)), keep_best=best)
    run = tmp_path.with_name(f"{tmp_path.name}-run")
    train(recipe, run, data=tmp_path)
    assert sorted(read) == list(range(16))
    images = np.stack([np.full(64, 16 * level / 127.5 - 1) for level in range(16)])
    made = kerasgan.load(run).generate(16, seed=0).reshape(16, -1)
    note = json.loads((run / "best.json").read_text())
    assert note["value"] == pytest.approx(kerasgan.metrics.frechet_distance(made, images), rel=1e-4)
