"""The command line, as its users meet it: answers, files, exit codes, errors on one line."""

import io
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import tiny_recipe
from PIL import Image
from typer.testing import CliRunner

from kerasgan import cli, objectives, penalties, training, zoo

SCORES = '\n[weights]\nfile = "generator.weights.h5"\nlicence = "Apache-2.0"\n\n[results]\nfrechet_distance = 0.25\n'


def run(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def environment(**variables):
    kept = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return {**kept, "PYTHONPATH": os.pathsep.join(sys.path), **variables}


def size(path):
    with Image.open(path) as picture:
        return picture.size


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with tiny/recipe.toml, digits/recipe.toml (conditional), and a finished run of each."""
    folder = tmp_path_factory.mktemp("trained")
    for name, family in (("tiny", "DCGAN"), ("digits", "ConditionalGAN")):
        path = tiny_recipe.write(folder / name, family=family, steps=2)
        result = run("train", path, "-o", folder / f"{name}-run")
        assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def small_zoo(tmp_path, monkeypatch):
    """A zoo of one entry with weights and one without."""
    tiny_recipe.write(tmp_path / "zoo" / "dcgan-tiny", extra=SCORES)
    tiny_recipe.write(tmp_path / "zoo" / "cgan-tiny", family="ConditionalGAN")
    monkeypatch.setattr(zoo, "_root", lambda: tmp_path / "zoo")
    return tmp_path / "zoo"


def test_a_setting_of_the_model_can_be_set_and_a_game_that_cannot_work_says_what_to_set(tmp_path):
    recipe = tiny_recipe.write(tmp_path / "tiny", steps=1)
    batch = ["--set", "model.discriminator_norm=batch", "--set", "model.image_size=16"]  # two layers, one normalised
    result = run("train", recipe, "-o", tmp_path / "refused", *batch)
    assert result.exit_code == 1 and result.stderr.count("\n") == 1
    assert "--set model.discriminator_norm=layer" in result.stderr
    assert not (tmp_path / "refused").exists()
    options = ["--set", "model.discriminator_norm=layer", "--set", "train.penalties=[]", "--objective", "wasserstein"]
    result = run("train", recipe, "-o", tmp_path / "refused", *options)
    assert result.exit_code == 1 and "--penalty gradient_penalty" in result.stderr
    result = run("train", recipe, "-o", tmp_path / "run", *options[:2], "--objective", "wasserstein", "--penalty", "r1")
    assert result.exit_code == 0, result.output
    written = zoo.recipe(tmp_path / "run" / "recipe.toml")
    assert (written.model["discriminator_norm"], written.train["penalties"]) == ("layer", ["r1"])


@pytest.mark.parametrize("objective", objectives.names())
@pytest.mark.parametrize("penalty", penalties.names())
def test_the_digits_recipe_takes_every_objective_with_every_penalty(objective, penalty):
    """What `kerasgan train dcgan-digits --objective ... --penalty ...` compiles before it trains."""
    zoo.build(training.override(zoo.recipe("dcgan-digits"), objective=objective, penalties=[penalty]))


def test_list_shows_each_entry_with_family_size_weights_and_score(small_zoo):
    result = run("list")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].split() == ["name", "family", "images", "weights", "score"]
    assert lines[1].split() == ["cgan-tiny", "ConditionalGAN", "8x8x1", "none", "yet", "-"]
    assert lines[2].split() == ["dcgan-tiny", "DCGAN", "8x8x1", "in", "the", "box", "frechet", "distance", "0.25"]


@pytest.mark.parametrize(
    ("option", "shown"),
    [(["--pretrained"], "dcgan-tiny"), (["--untrained"], "cgan-tiny"), (["--family", "DCGAN"], "dcgan-tiny")],
)
def test_list_can_be_narrowed(small_zoo, option, shown):
    lines = run("list", *option).output.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [shown]


def test_a_list_without_entries_says_which_families_there_are(small_zoo):
    result = run("list", "--family", "StyleGAN9")
    assert result.exit_code == 1
    assert "ConditionalGAN, DCGAN" in result.stderr


def test_info_tells_what_a_recipe_says(small_zoo):
    result = run("info", "dcgan-tiny")
    assert result.exit_code == 0
    for fact in ("kerasgan train dcgan-tiny", "A second; nothing to see.", "batch_size 16", "Apache-2.0", "0.25"):
        assert fact in result.output


def test_an_unknown_name_is_one_line_with_the_nearest_names_and_exit_code_1(small_zoo):
    for command in (["info"], ["train"], ["generate"], ["export", "-o", "x"]):
        result = run(*command, "dcgan-tinny")
        assert result.exit_code == 1
        assert result.stderr.count("\n") == 1
        assert result.stderr.startswith("Error: ")
        assert "dcgan-tiny" in result.stderr and "Received: name='dcgan-tinny'" in result.stderr


def test_the_traceback_of_a_mistake_is_shown_to_those_who_ask(small_zoo, monkeypatch):
    assert isinstance(run("--debug", "info", "nothing").exception, ValueError)
    monkeypatch.setenv("KERASGAN_DEBUG", "1")
    assert isinstance(run("info", "nothing").exception, ValueError)


@pytest.mark.parametrize("error", [AttributeError("no such thing"), RuntimeError("from another library")])
def test_a_bug_keeps_its_traceback(monkeypatch, error):
    def broken(*_):
        raise error

    monkeypatch.setattr(zoo, "recipe", broken)
    assert run("info", "anything").exception is error


def test_a_runtime_error_that_the_library_raises_itself_is_one_line(small_zoo, monkeypatch):
    from kerasgan import export

    class Failed(RuntimeError):
        __module__ = export.ExportError.__module__

    def broken(*_, **__):
        raise Failed("The file differs.")

    monkeypatch.setattr(zoo, "load", broken)
    result = run("generate", "dcgan-tiny")
    assert (result.exit_code, result.stderr) == (1, "Error: The file differs.\n")


@pytest.mark.parametrize(
    "arguments", [["lisst"], ["info"], ["train", "x", "--steps", "0"], ["generate", "x", "--count", "many"]]
)
def test_a_wrong_usage_is_exit_code_2(arguments):
    assert run(*arguments).exit_code == 2


def test_train_writes_where_it_says_and_names_the_next_command(trained):
    result = run(
        "train", trained / "tiny" / "recipe.toml", "-o", trained / "again", "--steps", "1", "--objective", "hinge"
    )
    assert result.exit_code == 0
    assert f"kerasgan generate {trained / 'again'}" in result.output
    recipe = zoo.recipe(trained / "again" / "recipe.toml")
    assert (recipe.train["steps"], recipe.train["objective"]) == (1, "hinge")


def test_train_watches_the_game_and_logs_for_tensorboard_if_asked(tmp_path):
    pytest.importorskip("tensorboard")
    recipe = tiny_recipe.write(tmp_path / "tiny", family="DCGAN", steps=2)
    result = run("train", recipe, "-o", tmp_path / "run", "--tensorboard", "--doctor", "stop")
    assert result.exit_code == 0, result.output
    assert list((tmp_path / "run" / "tensorboard").glob("events*"))
    result = run("train", recipe, "-o", tmp_path / "other", "--doctor", "surgery")
    assert result.exit_code == 1 and "warn, stop, rollback or off" in result.output
    assert not (tmp_path / "other").exists()


def test_the_doctors_warnings_are_one_line(tmp_path, monkeypatch):
    from kerasgan import doctor

    recipe = tiny_recipe.write(tmp_path / "tiny", family="DCGAN", steps=2)

    def find_trouble(self, step):
        warnings.warn("Step 2: mode collapse", doctor.DoctorWarning, stacklevel=2)

    monkeypatch.setattr(doctor.Doctor, "act", find_trouble)
    result = run("train", recipe, "-o", tmp_path / "run")
    assert "Step 2: mode collapse" in result.output.splitlines()


def test_a_run_is_not_trained_over_but_resumed_by_its_folder_alone(trained):
    refused = run("train", trained / "tiny" / "recipe.toml", "-o", trained / "tiny-run")
    assert refused.exit_code == 1
    assert "--resume" in refused.stderr
    resumed = run("train", trained / "tiny-run", "--resume", "--steps", "3")
    assert resumed.exit_code == 0, resumed.output
    assert (trained / "tiny-run" / "checkpoints" / "step-000003.keras").is_file()


def test_generate_writes_a_grid_that_a_seed_reproduces(trained, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        result = run("generate", trained / "tiny-run", "--count", 6, "--seed", seed, "-o", tmp_path / f"{name}.png")
        assert result.exit_code == 0, result.output
    first, same, other = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert first == same != other
    assert size(tmp_path / "a.png") == (3 * 66 + 2, 2 * 66 + 2)


def test_generate_takes_weights_from_a_file(trained, tmp_path):
    recipe, weights = trained / "tiny" / "recipe.toml", trained / "tiny-run" / "generator.weights.h5"
    for name, options in (("a", [recipe, "--weights", weights]), ("b", [trained / "tiny-run"])):
        assert run("generate", *options, "-o", tmp_path / f"{name}.png").exit_code == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_generate_gives_each_class_a_column(trained, tmp_path):
    path = tmp_path / "classes.png"
    assert run("generate", trained / "digits-run", "-o", path).exit_code == 0
    assert size(path) == (10 * 66 + 2, 4 * 66 + 2)
    assert run("generate", trained / "digits-run", "-o", path, "--labels", "7,1", "--count", "6").exit_code == 0
    assert size(path) == (2 * 66 + 2, 3 * 66 + 2)


@pytest.mark.parametrize(("labels", "expected"), [("3,12", "labels from 0 to 9"), ("three", "whole numbers")])
def test_labels_that_the_model_does_not_know_are_refused(trained, tmp_path, labels, expected):
    result = run("generate", trained / "digits-run", "-o", tmp_path / "x.png", "--labels", labels)
    assert result.exit_code == 1
    assert expected in result.stderr


def test_evaluate_writes_the_card_of_a_run_beside_it(trained, tmp_path):
    shutil.copytree(trained / "digits-run", tmp_path / "run")
    options = "--metrics", "frechet_distance,label_accuracy", "--features", "thumbnails", "--samples", "20"
    result = run("evaluate", tmp_path / "run", *options)
    assert result.exit_code == 0, result.output
    assert "label accuracy" in result.output and str(tmp_path / "run" / "card.md") in result.output.replace("\n", "")
    first = (tmp_path / "run" / "card.json").read_bytes()
    assert run("evaluate", tmp_path / "run", *options, "-o", tmp_path / "again").exit_code == 0
    assert (tmp_path / "again" / "card.json").read_bytes() == first
    assert zoo.recipe(tmp_path / "run" / "recipe.toml").results["samples"] == 20


def test_evaluate_compares_with_a_folder_of_images(trained, tmp_path):
    (tmp_path / "own").mkdir()
    for index, value in enumerate(np.random.default_rng(0).integers(256, size=(6, 20, 20), dtype="uint8")):
        Image.fromarray(value).save(tmp_path / "own" / f"{index}.png")
    options = "--features", "pixels", "--metrics", "frechet_distance", "-o", tmp_path / "card"
    result = run("evaluate", trained / "tiny-run", "--data", tmp_path / "own", *options)
    assert result.exit_code == 0, result.output
    assert "6 of own" in (tmp_path / "card" / "card.md").read_text()


@pytest.mark.parametrize(
    ("options", "expected"),
    [(["--metrics", "fid"], "frechet_distance"), (["--features", "vgg"], "thumbnails"), (["--seeds", "2"], "3")],
)
def test_an_evaluation_that_cannot_be_is_refused_with_what_can(trained, tmp_path, options, expected):
    result = run("evaluate", trained / "tiny-run", *options, "-o", tmp_path / "card")
    assert result.exit_code != 0 and expected in result.output
    assert not (tmp_path / "card").exists()


def test_export_writes_every_format_it_is_asked_for(trained, tmp_path):
    result = run("export", trained / "tiny-run", "-o", tmp_path, "--format", "onnx,saved_model")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "tiny-run.onnx").is_file()
    assert (tmp_path / "tiny-run" / "saved_model.pb").is_file()


def test_an_unknown_format_is_refused_before_anything_is_loaded(trained, tmp_path):
    result = run("export", trained / "tiny-run", "-o", tmp_path / "out", "--format", "onnx,tflite")
    assert result.exit_code == 1
    assert "Received: tflite" in result.stderr
    assert not (tmp_path / "out").exists()


def test_quickstart_draws_trains_exports_and_says_what_next(trained, tmp_path):
    from rich.console import Console

    from kerasgan import quickstart

    entry = tiny_recipe.write(tmp_path / "dcgan-tiny", steps=2, extra=SCORES)
    shutil.copy(trained / "tiny-run" / "generator.weights.h5", entry.parent)
    for _ in range(2):  # a second tour keeps the first one's training
        written = io.StringIO()
        console = Console(file=written, width=200)
        folder = quickstart.quickstart(tmp_path / "tour", seconds=30.0, entry=entry, console=console)
    assert sorted(path.name for path in folder.iterdir()) == [
        "dcgan-tiny.onnx",
        "samples.png",
        "training",
        "training-2",
    ]
    assert size(folder / "samples.png") == (8 * 66 + 2, 8 * 66 + 2)
    text = written.getvalue()
    assert "trained 2 of 2 steps from scratch" in text
    for path in ("samples.png", "training-2/film.png", "dcgan-tiny.onnx"):
        assert str(folder / path) in text
        assert (folder / path).is_file()
    for command in ("train", "generate", "list"):
        assert f"kerasgan {command}" in text


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["info", "dcgan-tiny"]])
def test_a_look_around_takes_half_a_second_and_no_keras(small_zoo, arguments):
    """Measured as processor time, the best of three: the machine may be busy."""
    program = (
        "import sys; from pathlib import Path; from kerasgan import cli, zoo\n"
        f"zoo._root = lambda: Path({str(small_zoo)!r})\n"
        f"cli.app({arguments!r}, standalone_mode=False)\n"
        "heavy = {'keras', 'tensorflow', 'jax', 'torch', 'sklearn', 'numpy'} & sys.modules.keys()\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)\n"
    )
    taken = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", program], env=environment(), capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0, done.stderr
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(taken) < 0.5


def test_ctrl_c_saves_and_says_how_to_go_on_without_any_noise_of_tensorflow(tmp_path):
    folder = tmp_path / "a run"
    command = ["train", tiny_recipe.write(tmp_path / "tiny", steps=5000), "-o", folder]
    process = subprocess.Popen(
        [sys.executable, "-m", "kerasgan.cli", *map(str, command)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not _rows(folder / "log.csv") and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        stderr = process.communicate(timeout=120)[1]
    finally:
        process.kill()
    assert process.returncode == 130, stderr
    lines = stderr.splitlines()
    assert lines[0].startswith("step ")
    assert lines[1].startswith("Interrupted at step ")
    assert lines[2] == f"Go on with: kerasgan train '{folder}' --resume"
    assert len(lines) == 3
    done = int(lines[1].split()[3].strip(";"))
    assert (folder / "checkpoints" / f"step-{done:06d}.keras").is_file()
    assert run("train", folder, "--resume", "--steps", done + 1).exit_code == 0
    assert _rows(folder / "log.csv")[-1].startswith(f"{done + 1},")


def _rows(path: Path):
    return path.read_text().splitlines()[1:] if path.is_file() else []


def test_weights_of_a_finished_run_are_those_of_the_moving_average(trained):
    gan = zoo.load(trained / "tiny-run" / "recipe.toml", weights=trained / "tiny-run" / "gan.keras")
    alone = zoo.load(trained / "tiny-run" / "recipe.toml", weights=trained / "tiny-run" / "generator.weights.h5")
    for ours, theirs in zip(gan.sampler.get_weights(), alone.generator.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_doctor_reads_a_log_and_says_what_it_sees(tmp_path):
    rows = ["step,discriminator_loss,generator_loss", *(f"{step},{1.3 + 0.01 * (step % 3)},0.8" for step in range(300))]
    (tmp_path / "log.csv").write_text("\n".join(rows))
    for target in (tmp_path / "log.csv", tmp_path):
        result = run("doctor", target)
        assert result.exit_code == 0, result.output
        assert result.output.startswith("healthy (collapse 0")
        assert "Suggestion: " in result.output


def test_the_doctor_wants_a_log(tmp_path):
    (tmp_path / "log.csv").write_text("a,b\n1,2\n")
    assert run("doctor", tmp_path / "log.csv").exit_code == 1
    assert run("doctor", tmp_path / "none.csv").exit_code == 1


def test_a_walk_is_a_gif_that_repeats_or_a_png_with_a_row_for_each_walk(trained, tmp_path):
    gif, png = tmp_path / "walk.gif", tmp_path / "walk.png"
    result = run("generate", trained / "tiny-run", "--walk", "--frames", 8, "--count", 4, "--fps", 10, "-o", gif)
    assert (result.exit_code, result.output) == (0, f"8 frames: {gif}\n")
    with Image.open(gif) as picture:
        assert (picture.n_frames, picture.size) == (8, (2 * 66 + 2, 2 * 66 + 2))
        assert (picture.info["loop"], picture.info["duration"]) == (0, 100)
        shades = np.asarray(picture.convert("L"))
    assert run("generate", trained / "tiny-run", "--walk", "--frames", 8, "--count", 4, "-o", png).exit_code == 0
    assert size(png) == (8 * 66 + 2, 4 * 66 + 2)
    with Image.open(png) as picture:  # the first frame of the second walk is the second image of the first frame
        np.testing.assert_array_equal(np.asarray(picture)[68:132, 2:66], shades[2:66, 68:132])


def test_an_interpolation_begins_with_the_seeds_samples_and_runs_there_and_back_where_it_moves(trained, tmp_path):
    for name, options in (("ways.png", ["--interpolate", "--count", 3]), ("samples.png", ["--count", 3])):
        assert run("generate", trained / "tiny-run", *options, "-o", tmp_path / name, "--seed", 5).exit_code == 0
    with Image.open(tmp_path / "ways.png") as ways, Image.open(tmp_path / "samples.png") as samples:
        assert ways.size == (10 * 66 + 2, 3 * 66 + 2)
        for row, left, top in ((0, 0, 0), (1, 66, 0), (2, 0, 66)):
            first = np.asarray(ways)[row * 66 + 2 : row * 66 + 66, 2:66].astype(int)
            sample = np.asarray(samples)[top + 2 : top + 66, left + 2 : left + 66]
            assert np.abs(first - sample).max() <= 1
    assert (
        run("generate", trained / "tiny-run", "--interpolate", "-o", tmp_path / "i.gif", "--frames", 4).exit_code == 0
    )
    with Image.open(tmp_path / "i.gif") as picture:
        assert picture.n_frames == 6


def test_a_conditional_model_walks_in_every_class_and_shows_the_same_latents_in_every_class(trained, tmp_path):
    path = tmp_path / "x.png"
    for options, shape in (
        (["--walk", "--frames", 5], (5, 10)),
        (["--walk", "--frames", 5, "--labels", "7,1,4"], (5, 3)),
        (["--grid"], (10, 4)),
        (["--grid", "--labels", "7,1", "--count", 6, "--truncation", 0.5], (2, 3)),
    ):
        result = run("generate", trained / "digits-run", *options, "-o", path)
        assert result.exit_code == 0, result.output
        assert size(path) == (shape[0] * 66 + 2, shape[1] * 66 + 2)


def test_truncation_leaves_less_variety(trained, tmp_path):
    spreads = []
    for truncation in (1.0, 0.2, 0.0):
        result = run("generate", trained / "tiny-run", "--truncation", truncation, "-o", tmp_path / "x.png")
        assert result.exit_code == 0, result.output
        with Image.open(tmp_path / "x.png") as picture:
            cells = np.asarray(picture)[2:, 2:].reshape(4, 66, 4, 66)[:, :64, :, :64].swapaxes(1, 2).reshape(16, -1)
        spreads.append(cells.std(axis=0).mean())
    assert spreads[0] > spreads[1] > spreads[2] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "x.jpg"], r".png, .gif or .mp4. Received: x.jpg"),
        (["-o", "x.gif"], r"Expected --walk or --interpolate for a picture that moves"),
        (["-o", "x.gif", "--walk", "--fps", "60"], r"at most 50 frames per second in a GIF. Received: fps=60"),
        (["--walk", "--grid"], r"Expected one of --walk, --interpolate and --grid. Received: --walk, --grid"),
        (["--frames", "5"], r"with --walk or --interpolate only"),
        (["-o", "x.png", "--grid"], r"class-conditional model for a class grid. Received: DCGAN"),
        (["-o", "x.png", "--walk", "--spherical"], r"Expected method='linear'"),
        (["-o", "x.png", "--walk", "--labels", "3"], r"not class-conditional"),
        (["-o", "x.png", "--walk", "--frames", "3"], r"from 4 on. Received: frames=3"),
    ],
)
def test_what_generate_cannot_do_is_one_line_and_no_file(trained, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    result = run("generate", trained / "tiny-run", *options)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1 and message in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_run_that_was_killed_is_sampled_and_exported_from_its_newest_checkpoint(trained, tmp_path):
    killed = tmp_path / "killed"
    shutil.copytree(trained / "tiny-run", killed)
    for name in ("gan.keras", "generator.weights.h5"):
        (killed / name).unlink()
    newest = sorted((killed / "checkpoints").iterdir())[-1].name
    result = run("generate", killed, "-o", tmp_path / "a.png")
    assert result.exit_code == 0, result.output
    assert result.stderr == f"{killed} was not finished; its newest checkpoint is used: {newest}\n"
    assert run("generate", trained / "tiny-run", "-o", tmp_path / "b.png").exit_code == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert newest in run("export", killed, "-o", tmp_path).stderr
    assert (tmp_path / "killed.onnx").is_file()
    shutil.rmtree(killed / "checkpoints")
    result = run("generate", killed, "-o", tmp_path / "c.png")
    assert result.exit_code == 1
    assert "before its first checkpoint" in result.stderr and "--resume" in result.stderr
