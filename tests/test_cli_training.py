"""`kerasgan train` and `kerasgan doctor`: settings, interruptions, going on."""

import json
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
from command_line import environment, run

import kerasgan
from kerasgan import objectives, penalties, zoo
from kerasgan.training import train


def test_a_setting_of_the_model_can_be_set_and_an_impossible_combination_names_the_setting_to_change(tmp_path):
    recipe = tiny_recipe.write(tmp_path / "tiny", steps=1)
    batch = ["--set", "model.discriminator_norm=batch", "--set", "model.image_size=16"]  # two layers, one normalized
    result = run("train", recipe, "-o", tmp_path / "refused", *batch)
    assert result.exit_code == 1 and result.stderr.count("\n") == 1
    assert "--set model.discriminator_norm=layer" in result.stderr
    assert not (tmp_path / "refused").exists()
    options = ["--set", "model.discriminator_norm=layer", "--set", "train.penalties=[]", "--objective", "wasserstein"]
    options += ["--image-size", "16", "--dtype-policy", "mixed_bfloat16"]
    result = run("train", recipe, "-o", tmp_path / "refused", *options)
    assert result.exit_code == 1 and "--penalty gradient_penalty" in result.stderr
    result = run("train", recipe, "-o", tmp_path / "run", *options[:2], *options[4:], "--penalty", "r1")
    assert result.exit_code == 0, result.output
    written = zoo.recipe(tmp_path / "run" / "recipe.toml")
    assert (written.model["discriminator_norm"], written.train["penalties"]) == ("layer", ["r1"])
    assert (written.model["image_size"], written.data["image_size"]) == (16, 16)
    assert written.train["dtype_policy"] == "mixed_bfloat16"


@pytest.mark.parametrize("objective", objectives.names())
@pytest.mark.parametrize("penalty", penalties.names())
def test_the_digits_recipe_takes_every_objective_with_every_penalty(objective, penalty):
    """What `kerasgan train dcgan-digits --objective ... --penalty ...` compiles before it trains."""
    zoo.build(train.override(zoo.recipe("dcgan-digits"), objective=objective, penalties=[penalty]))


def test_train_writes_where_it_says_and_names_the_next_command(trained, tmp_path):
    result = run(
        "train", trained / "tiny" / "recipe.toml", "-o", tmp_path / "again", "--steps", "1", "--objective", "hinge"
    )
    assert result.exit_code == 0
    assert f"kerasgan generate {tmp_path / 'again'}" in result.output
    recipe = zoo.recipe(tmp_path / "again" / "recipe.toml")
    assert (recipe.train["steps"], recipe.train["objective"]) == (1, "hinge")


def test_train_attaches_the_doctor_and_logs_for_tensorboard_on_request(tmp_path):
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


def test_a_run_is_not_trained_over_but_resumed_by_its_folder_alone(trained, tmp_path):
    refused = run("train", trained / "tiny" / "recipe.toml", "-o", trained / "tiny-run")
    assert refused.exit_code == 1
    assert "--resume" in refused.stderr
    shutil.copytree(trained / "tiny-run", tmp_path / "run")
    resumed = run("train", tmp_path / "run", "--resume", "--steps", "3")
    assert resumed.exit_code == 0, resumed.output
    assert (tmp_path / "run" / "checkpoints" / "step-000003.keras").is_file()


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
    assert lines[2] == f"Resume with: kerasgan train '{folder}' --resume"
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
    told = run("doctor", tmp_path / "none.csv")
    assert told.exit_code == 1 and "none.csv: No such file or directory" in " ".join(told.output.split())


def test_the_best_model_of_a_run_is_kept_and_used_by_what_comes_after(tmp_path):
    recipe = tiny_recipe.write(tmp_path / "tiny", steps=8)
    explode = (
        "train.generator_optimizer.learning_rate={name='PiecewiseConstantDecay', boundaries=[4], values=[1e-3, 9.0]}"
    )
    options = "--set", explode, "--set", "train.ema_half_life=0", "--doctor", "off", "--every", "4"
    kept = "--keep-best", "frechet_distance,features=pixels,samples=50,every=2"
    result = run("train", recipe, "-o", tmp_path / "run", *options, *kept)
    assert result.exit_code == 0, result.output
    note = json.loads((tmp_path / "run" / "best.json").read_text())
    assert note["step"] <= 4 and note["steps_done"] == 8 and note["features"] == "pixels"
    said = " ".join(result.output.split())
    assert f"at step {note['step']}; {8 - note['step']} of 8 steps" in said and "gan.keras" in said
    best = kerasgan.load(tmp_path / "run")
    assert best.optimizer.steps == note["step"]
    assert zoo.load(recipe, weights=tmp_path / "run" / "gan.keras").optimizer.steps == 8
    alone = zoo.load(recipe, weights=tmp_path / "run" / "generator.weights.h5")
    np.testing.assert_array_equal(alone.generate(2, seed=0), best.generate(2, seed=0))
    reals = kerasgan.data.digits(image_size=8).images().astype("float32").reshape(-1, 64) / 127.5 - 1
    found = kerasgan.metrics.frechet_distance(best.generate(50, seed=0).reshape(50, -1), reals)
    assert note["value"] == pytest.approx(found, rel=1e-4)
    header, *rows = [line.split(",") for line in (tmp_path / "run" / "log.csv").read_text().splitlines()]
    assert header[-1] == "frechet_distance" and [row[0] for row in rows if row[-1]] == ["2", "4", "6", "8"]
    again = run("train", tmp_path / "run", "--resume", "--steps", "10", "--doctor", "off", "--every", "4")
    assert again.exit_code == 0, again.output
    later = json.loads((tmp_path / "run" / "best.json").read_text())
    assert later["steps_done"] == 10 and {later[key] == note[key] for key in ("metric", "value", "step")} == {True}


@pytest.mark.parametrize(
    "given, taken",
    [
        (["--keep-best", "NAME"], ("auto", "NAME")),
        (["NAME", "--keep-best"], ("auto", "NAME")),
        (["--keep-best", "diversity", "NAME"], ("diversity", "NAME")),
        (["dcgan-digits", "--keep-best", "--steps", "2"], ("auto", "dcgan-digits")),
        (["--keep-best", "dcgan-digits", "--start", "acgan-digits"], ("auto", "dcgan-digits")),
        (["NAME", "--keep-best=kernel_distance,samples=9"], ("kernel_distance", "NAME")),
    ],
)
def test_keep_best_stands_alone_or_with_a_metric(given, taken, monkeypatch):
    from kerasgan.training import best

    def stop(name):
        raise ValueError(f"name {name}")

    monkeypatch.setattr(sys.modules["kerasgan.cli.train"], "recipe_of", stop)
    assert f"name {taken[1]}" in run("train", *given).output
    text = next((word.partition("=")[2] for word in given if "=" in word), taken[0])
    assert best.settings_of(text)["name"] == taken[0]


def test_settings_of_the_best_model_that_do_not_fit_are_refused_before_the_training(tmp_path):
    recipe = tiny_recipe.write(tmp_path / "tiny", steps=2)
    for given, message in (
        ("fid,samples=9", "frechet_distance"),
        ("frechet_distance,sample=9", "patience=2000"),
        ("peak_signal_to_noise", "FrechetDistance and the like for DCGAN"),
        ("frechet_distance,features=vgg", "thumbnails"),
    ):
        result = run("train", recipe, "-o", tmp_path / "run", "--keep-best", given)
        assert result.exit_code == 1 and message in result.output, result.output
        assert not (tmp_path / "run").exists()
    assert "keep_best to be one of auto, " in " ".join(
        run("train", "dcgan-digits", "--keep-best", "fid").output.split()
    )
