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
import fuzzing  # noqa: E402


class Arguments:
    seconds, seed, keep = 0.3, 0, None


@pytest.mark.parametrize("name", ["pth", "safetensors", "ncnn", "keras 2", "logs", "pictures", "recipes"])
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_read_or_refused(name, tmp_path):
    read, files = blocks.READERS[name](tmp_path)
    tried, failures, lines = fuzzing.fuzz(read, files, Arguments, folder=tmp_path, name=name)
    assert tried and lines > 10 and not failures


def test_a_reader_that_does_not_hold_is_reported(tmp_path):
    _, failures, _ = fuzzing.fuzz(lambda path: {}[0], [b"good"], Arguments, folder=tmp_path, name="bad")
    assert failures and failures[0].startswith("KeyError")
