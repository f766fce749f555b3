"""A run that goes on, on purpose, with another recipe or other data: `kerasgan train --resume --new-phase`."""

import json
import shutil

import numpy as np
import pytest
import tiny_recipe
from PIL import Image

from kerasgan import callbacks, report, zoo
from kerasgan.training import load, run_folder
from kerasgan.training import train as training


def train(recipe, output, **options):
    return training.train(recipe, output=output, **{"every": 2, **options})


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    return zoo.recipe(tiny_recipe.write(tmp_path_factory.mktemp("recipe") / "tiny"))


@pytest.fixture(scope="module")
def finished(recipe, tmp_path_factory):
    run = tmp_path_factory.mktemp("finished") / "run"
    train(training.override(recipe, keep_best={"name": "diversity", "features": "pixels", "samples": 16}), run)
    return run


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def changed(run, *assignments, steps=6):
    own = training.override(zoo.recipe(run / "recipe.toml"), steps=steps)
    return training.assign(own, assignments)


RATE = 'train.generator_optimizer={name="Adam",learning_rate=0.0,beta_1=0.5}'


def test_another_recipe_goes_on_from_the_same_weights_slots_and_step_and_is_recorded(run):
    before = load.load(run)
    watched = {}

    class Begin(callbacks.StepCallback):
        def begin(self, step):
            watched["step"] = step
            watched["weights"] = [np.array(each) for each in self.model.get_weights()]
            watched["slots"] = [np.array(each.numpy()) for each in self.model.optimizer.discriminator.variables]

        def act(self, step):
            pass

    wanted = changed(run, RATE, "train.penalties=[]", 'train.objective="hinge"')
    with pytest.raises(ValueError, match=r"only the number of steps may change.*--new-phase"):
        train(wanted, run, resume=True)
    old = callbacks.Checkpoint.newest(run / "checkpoints")
    from kerasgan.checkpoints.keras_files import load_model

    kept = load_model(old)
    gan = train(wanted, run, resume=True, new_phase=True, callbacks=[Begin(every=1)])
    assert watched["step"] == 4 and gan.optimizer.steps == 6
    for ours, theirs in zip(watched["weights"], kept.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(watched["slots"], kept.optimizer.discriminator.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs.numpy())
    for ours, theirs in zip(gan.generator.trainable_weights, kept.generator.trainable_weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())  # the new learning rate is 0
    assert type(gan.objective).__name__ == "Hinge" and float(gan.optimizer.generator.learning_rate) == 0

    recorded = json.loads((run / "run.json").read_text())
    (phase,) = recorded["phases"]
    assert phase["step"] == 4 and "train.objective='hinge' (the run: None)" in phase["changed"]
    assert recorded["recipe"] == phase["recipe"] == run_folder.sections(zoo.recipe(run / "recipe.toml"))
    rows = (run / "log.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "1", "2", "3", "4", "5", "6"]
    assert rows[0].endswith("r1") and rows[4].count(",") == rows[6].count(",")
    first = load.load(run / "phase-1")
    for ours, theirs in zip(first.get_weights(), before.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    page = (report.write(run)).read_text()
    assert "Phases after the first" in page and "hinge" in page

    again = train(changed(run, steps=7), run, resume=True)  # from now on this is the run's recipe
    assert again.optimizer.steps == 7 and len(json.loads((run / "run.json").read_text())["phases"]) == 1
    with pytest.raises(ValueError, match="only the number of steps may change"):
        train(changed(run, 'train.objective="minimax"', steps=8), run, resume=True)


def test_other_data_are_a_phase_and_one_killed_before_its_first_checkpoint_begins_again(run, tmp_path):
    folder = tmp_path / "photographs"
    folder.mkdir()
    for index in range(18):
        pixels = np.random.default_rng(index).integers(0, 256, (8, 8), dtype="uint8")
        Image.fromarray(pixels).save(folder / f"{index:02}.png")
    with pytest.raises(ValueError, match=r"data\.source=.folder. \(the run: .digits.\).*--new-phase"):
        train(changed(run), run, resume=True, data=folder)

    class Killed(callbacks.StepCallback):
        def begin(self, step):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(changed(run), run, resume=True, new_phase=True, data=folder, callbacks=[Killed(1)])
    with pytest.raises(ValueError, match="recipe that it was trained with"):
        train(changed(run), run, resume=True)
    train(changed(run), run, resume=True, new_phase=True)
    (phase,) = json.loads((run / "run.json").read_text())["phases"]
    assert phase["step"] == 4 and phase["data"]["count"] == 18 and "data.source='folder'" in phase["changed"]
    assert zoo.recipe(run / "phase-1/recipe.toml").data["source"] == "digits"


@pytest.mark.parametrize(
    ("assignment", "steps", "message"),
    [
        ("model.width=8", 6, r"same networks.*model\.width=8 \(the run: 4\)"),
        ('train.discriminator_optimizer="SGD"', 6, "optimizers of the same kind; the discriminator's was Adam.*SGD"),
        ('train.objective="hinge"', 4, "more than the 4 steps done"),
        ('train.objective="nonsense"', 6, "nonsense"),
    ],
)
def test_what_cannot_go_on_is_refused_and_leaves_the_run_as_it_was(run, assignment, steps, message):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match=message):
        train(changed(run, assignment, steps=steps), run, resume=True, new_phase=True)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_new_phase_is_one_of_a_run(recipe, tmp_path):
    with pytest.raises(ValueError, match=r"Expected resume, too.*new_phase=True"):
        train(recipe, tmp_path / "run", new_phase=True)
