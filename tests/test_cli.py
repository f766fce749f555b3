"""The command line, as its users meet it: answers, exit codes, errors on one line, and a tour."""

import io
import resource
import shutil
import subprocess
import sys

import keras
import pytest
import tiny_recipe
from command_line import environment, run, size

from kerasgan import zoo
from kerasgan.cli import application

SCORES = '\n[weights]\nfile = "generator.weights.h5"\nlicense = "Apache-2.0"\n\n[results]\nfrechet_distance = 0.25\n'


@pytest.fixture
def small_zoo(tmp_path, monkeypatch):
    """A zoo of one entry with weights and one without."""
    tiny_recipe.write(tmp_path / "zoo" / "dcgan-tiny", extra=SCORES)
    tiny_recipe.write(tmp_path / "zoo" / "cgan-tiny", family="ConditionalGAN")
    monkeypatch.setattr(zoo.registry, "_root", lambda: tmp_path / "zoo")
    return tmp_path / "zoo"


def test_list_shows_each_entry_with_family_size_weights_and_score(small_zoo):
    result = run("list")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].split() == ["name", "images", "weights", "score"]
    assert lines[1].split() == ["ConditionalGAN"] and lines[3].split() == ["DCGAN"]
    assert lines[2].split() == ["cgan-tiny", "8x8x1", "none", "yet", "-"]
    assert lines[4].split() == ["dcgan-tiny", "8x8x1", "bundled", "Fréchet", "0.250"]


def test_the_whole_zoo_is_listed_in_80_columns_with_an_entry_on_one_line_each():
    lines = run("list").output.splitlines()
    assert max(map(len, lines)) <= 80
    families = {zoo.recipe(name).family for name in zoo.names()}
    assert len(lines) == 1 + len(families) + len(zoo.names())


@pytest.mark.parametrize(
    ("option", "shown"),
    [(["--pretrained"], "dcgan-tiny"), (["--untrained"], "cgan-tiny"), (["--family", "DCGAN"], "dcgan-tiny")],
)
def test_list_can_be_narrowed(small_zoo, option, shown):
    lines = run("list", *option).output.splitlines()
    assert [line.split()[0] for line in lines[2:]] == [shown]


def test_a_list_without_entries_says_which_families_there_are(small_zoo):
    result = run("list", "--family", "StyleGAN9")
    assert result.exit_code == 1
    assert "ConditionalGAN, DCGAN" in result.stderr


def test_info_tells_what_a_recipe_says(small_zoo):
    result = run("info", "dcgan-tiny")
    assert result.exit_code == 0
    for fact in ("kerasgan train dcgan-tiny", "A second; nothing to see.", "batch_size 16", "Apache-2.0", "0.25"):
        assert fact in result.output


def test_info_of_a_run_says_where_its_weights_are(trained, tmp_path):
    assert "gan.keras of the run" in run("info", trained / "tiny-run").output
    shutil.copy(trained / "tiny-run" / "recipe.toml", tmp_path)
    assert "none yet" in run("info", tmp_path).output


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


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "my-images", "--data", ""],
        ["train", "my-images", "--data="],
        ["train", ""],
        ["generate", "dcgan-digits", "-o", ""],
    ],
)
def test_an_empty_argument_is_not_taken_for_the_working_directory(arguments):
    result = run(*arguments)
    assert result.exit_code == 2 and "Received: an empty one" in result.output
    assert arguments[-2 if not arguments[-1] else -1].rstrip("=") in result.output


def test_a_path_behind_an_equals_sign_may_begin_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    given = ["--output=~/a b", "--output=a/~", "--set=data.path=~/a", "~/a"]
    assert [application._at_home(each) for each in given] == [f"--output={tmp_path}/a b", *given[1:]]


@pytest.mark.slow
def test_quickstart_draws_trains_exports_and_says_what_next(trained, tmp_path):
    from rich.console import Console

    from kerasgan.cli.quickstart import tour

    entry = tiny_recipe.write(tmp_path / "dcgan-tiny", steps=2, extra=SCORES)
    shutil.copy(trained / "tiny-run" / "generator.weights.h5", entry.parent)
    for _ in range(2):  # a second tour keeps the first one's training
        written = io.StringIO()
        console = Console(file=written, width=200)
        folder = tour(tmp_path / "tour", seconds=30.0, entry=entry, console=console)
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
def test_a_look_around_takes_half_a_second_and_no_keras(small_zoo, arguments, tmp_path):
    """Measured as processor time, the best of three: the machine may be busy."""
    program = (
        "import sys; from pathlib import Path; from kerasgan import cli, zoo\n"
        f"zoo.registry._root = lambda: Path({str(small_zoo)!r})\n"
        f"cli.app({arguments!r}, standalone_mode=False)\n"
        "heavy = {'keras', 'tensorflow', 'jax', 'torch', 'sklearn', 'numpy'} & sys.modules.keys()\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)\n"
    )
    # With bytecode, as pip installs it; the first of three writes that of the checkout.
    cached = {**environment(), "PYTHONPYCACHEPREFIX": str(tmp_path)}
    cached.pop("PYTHONDONTWRITEBYTECODE", None)
    taken = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", program], env=cached, capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0, done.stderr
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(taken) < 0.5


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the start of TensorFlow")
def test_a_first_picture_waits_for_nothing_that_it_does_not_need(tmp_path):
    program = (
        "import sys, time; from kerasgan import cli; from kerasgan.cli import startup\n"
        "own, spent = startup._import_keras, []\n"
        "def timed():\n"
        "    start, keras = time.process_time(), own()\n"
        "    spent.append(time.process_time() - start)\n"
        "    return keras\n"
        "startup._import_keras = timed\n"
        f"cli.app(['generate', 'dcgan-digits', '-o', {str(tmp_path / 'samples.png')!r}], standalone_mode=False)\n"
        "taken = time.process_time() - sum(spent)\n"  # of the processor: the machine may be busy
        "unneeded = {'jax', 'pandas', 'sklearn', 'scipy.signal', 'scipy.stats', 'matplotlib', 'torch'}\n"
        "unneeded &= sys.modules.keys()\n"
        "import sklearn.base\n"  # left out of the start of Keras only
        "sys.exit(f'imported: {unneeded}' if unneeded else f'{taken:.1f} s' if taken > 3 else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment(), capture_output=True, text=True)
    assert done.returncode == 0 and (tmp_path / "samples.png").is_file(), done.stderr


def test_a_backend_that_keras_lacks_or_that_is_not_installed_is_named(monkeypatch):
    from kerasgan.cli.startup import check_backend

    for known in (None, "tensorflow"):
        check_backend(known)
    with pytest.raises(ValueError, match=r"such as tensorflow, jax, torch\. Received: KERAS_BACKEND=pytorch$"):
        check_backend("pytorch")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'KERAS_BACKEND=jax, which is not installed: pip install "kerasgan\[jax\]"$'):
        check_backend("jax")
