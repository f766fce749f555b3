"""The contract on JAX and PyTorch, each in a process of its own where TensorFlow cannot be imported."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

# What depends on the backend. Every objective, prior and precision compiles a step of its own: minutes on JAX.
SELECTION = "not every_objective and not every_penalty and not every_family_shows and not any_prior"
SELECTION += " and not weights_file and not bfloat16"
# XLA's optimisations and programs compiled twice took half of JAX's time here.
QUICK = {
    "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
# XLA compiles some steps for half a minute, and files are Keras' own: JAX keeps those of one family of each kind. Both
# run float16 on dense layers: on a CPU PyTorch lacks gradients of some convolutions ("grad_weight must be contiguous").
DENSE = " and not (float16 and not GAN2014)"
ON_JAX = " and not (keras_file and not (DCGAN or InfoGAN or CycleGAN))"
ON_JAX += " and not below_the_papers and not logged_and_kept and not (keep_the_quality and not (dcgan or sngan))"
# TensorFlow measures every entry in the box; PyTorch one of each kind.
ON_TORCH = " and not (keep_the_quality and not (dcgan or sngan or stylegan2 or cyclegan or deepsim or video))"
CONTRACT = (
    "test_contracts.py",
    "test_augment.py",
    "test_gradients.py",
    "test_latents.py",
    "test_penalties.py",
    "test_resampling.py",
    "test_schedules.py",
    "test_zoo.py::test_entries_in_the_box_load_offline_and_keep_the_quality_of_their_card",
)
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n0")
BLOCKER = """
import importlib.machinery
import sys


class Blocker:
    def find_spec(self, name, path=None, target=None):
        # A spec whose import fails: PyTorch asks for the spec alone.
        blocked = name.split(".")[0] in ("tensorflow", "tensorflow_datasets")
        return importlib.machinery.ModuleSpec(name, self) if blocked else None

    def create_module(self, spec):
        raise ImportError(f"{spec.name} is blocked in this test")

    def exec_module(self, module):
        raise ImportError("blocked")


sys.meta_path.insert(0, Blocker())
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_contract_holds_without_tensorflow(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"needs {backend}: pip install {backend}")
    (tmp_path / "sitecustomize.py").write_text(BLOCKER)
    here = Path(__file__).parent
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(tmp_path), "JAX_PLATFORMS": "cpu"}
    environment |= QUICK | {"JAX_COMPILATION_CACHE_DIR": str(tmp_path / "programs")}
    selection = SELECTION + DENSE + (ON_JAX if backend == "jax" else ON_TORCH)
    run = subprocess.run(
        [*PYTEST, "-k", selection, *(str(here / name) for name in CONTRACT)],
        env=environment,
        cwd=here.parent,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert " passed" in run.stdout
