"""A short run of `benchmarks/attack`: its blocks hold, and what fails is reported."""

import sys
from pathlib import Path

import pytest

import kerasgan

PROGRAM = Path(kerasgan.__file__).parents[1] / "benchmarks" / "attack"
if not PROGRAM.is_dir():
    pytest.skip("installed without the checkout", allow_module_level=True)
sys.path.insert(0, str(PROGRAM))

import blocks  # noqa: E402
import calls  # noqa: E402
import fuzzing  # noqa: E402


class Arguments:
    seconds, seed, keep = 0.3, 0, None


@pytest.mark.parametrize(
    "name",
    [
        "pth",
        "safetensors",
        "ncnn",
        "persistence",
        "keras 2",
        "logs",
        "event files",
        "pictures",
        "films",
        "recipes",
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_read_or_refused(name, tmp_path):
    if name == "event files":
        pytest.importorskip("tensorboard")
    read, files = blocks.READERS[name](tmp_path)
    tried, failures, lines = fuzzing.fuzz(read, files, Arguments, folder=tmp_path, name=name)
    assert tried and lines > 10 and not failures


def test_a_reader_that_does_not_hold_is_reported(tmp_path):
    _, failures, _ = fuzzing.fuzz(lambda path: {}[0], [b"good"], Arguments, folder=tmp_path, name="bad")
    assert failures and failures[0].startswith("KeyError")


def refused_clearly(several):
    failures = [found for found in map(calls.outcome, several) if found]
    assert not failures, "\n".join(failures)
    return len(several)


@pytest.mark.parametrize("module", calls.MODULES)
@pytest.mark.filterwarnings("ignore")
def test_every_public_function_refuses_what_its_annotations_exclude(module):
    tried = refused_clearly([*calls.of_parameters(module)])
    assert tried > {"models": 2000, "layers": 500, "metrics": 300}.get(module, -1)


@pytest.mark.filterwarnings("ignore")
def test_functions_of_images_refuse_arrays_that_are_none():
    assert refused_clearly([*calls.of_arrays()]) > 300


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("block", ["methods", "recipes", "options"])
def test_methods_recipes_of_strangers_and_options_of_commands_are_refused_clearly(block, tmp_path):
    # A recipe has twenty keys at least, and seven wrong values for each.
    assert refused_clearly([*calls.BLOCKS[block](tmp_path)]) > {"recipes": 139}.get(block, 150)


def test_a_wrong_call_that_is_accepted_or_refused_without_a_word_is_reported():
    assert calls.outcome(calls.Call("f(3)", "x=", lambda: None)) == "f(3): accepted"
    assert calls.outcome(calls.Call("f(3)", "x=", lambda: {}[3])) == "f(3): KeyError: 3"
    assert calls.outcome(calls.Call("f(3)", "x=", lambda: int("a"))).startswith("f(3): ValueError: invalid literal")
