"""What is marked `backends` on JAX and PyTorch, in processes of their own where TensorFlow cannot be imported."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

# XLA's optimizations and programs compiled twice took half of JAX's time here.
QUICK = {
    "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
PARTS = 4
# A test that hangs tells where before the time of the whole part ends.
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n0", "-o", "timeout=600")
BLOCKER = """
import importlib.machinery
import sys


class Blocker:
    def find_spec(self, name, path=None, target=None):
        # A spec whose import fails: PyTorch requests the spec alone.
        blocked = name.split(".")[0] in ("tensorflow", "tensorflow_datasets")
        return importlib.machinery.ModuleSpec(name, self) if blocked else None

    def create_module(self, spec):
        raise ImportError(f"{spec.name} is blocked in this test")

    def exec_module(self, module):
        raise ImportError("blocked")


sys.meta_path.insert(0, Blocker())
"""


@pytest.mark.slow
@pytest.mark.parametrize("part", range(1, PARTS + 1))
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_what_is_marked_for_backends_holds_without_tensorflow(backend, part, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"needs {backend}: pip install {backend}")
    (tmp_path / "sitecustomize.py").write_text(BLOCKER)
    here = Path(__file__).parent
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(tmp_path), "JAX_PLATFORMS": "cpu"}
    environment |= QUICK | {"JAX_COMPILATION_CACHE_DIR": str(tmp_path / "programs")}
    marked = [path for path in sorted(here.glob("test_*.py")) if "pytest.mark.backends" in path.read_text()]
    marked.remove(Path(__file__))
    run = subprocess.run(
        [*PYTEST, "-m", "backends and not slow", "--part", f"{part}/{PARTS}", *map(str, marked)],
        env=environment,
        cwd=here.parent,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert " passed" in run.stdout
