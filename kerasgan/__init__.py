"""kerasgan: a Keras 3 model zoo of generative adversarial networks with exportable models.

Importing it is fast: the modules below, and Keras with its backend, are imported when a name is first used.
"""

import importlib
import importlib.abc
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from kerasgan import (
        augment,
        callbacks,
        checkpoints,
        data,
        doctor,
        evaluation,
        exploration,
        export,
        gradients,
        hub,
        latents,
        layers,
        metrics,
        models,
        objectives,
        optimizers,
        penalties,
        report,
        schedules,
        zoo,
    )
    from kerasgan.gan import GAN
    from kerasgan.training.load import load

_MODULES = (
    "augment",
    "callbacks",
    "checkpoints",
    "data",
    "doctor",
    "evaluation",
    "exploration",
    "export",
    "gradients",
    "hub",
    "latents",
    "layers",
    "metrics",
    "models",
    "objectives",
    "optimizers",
    "penalties",
    "report",
    "schedules",
    "zoo",
)
_NAMES = {"GAN": "kerasgan.gan", "load": "kerasgan.training.load"}

__all__ = [
    "GAN",
    "augment",
    "callbacks",
    "checkpoints",
    "data",
    "doctor",
    "evaluation",
    "exploration",
    "export",
    "gradients",
    "hub",
    "latents",
    "layers",
    "load",
    "metrics",
    "models",
    "objectives",
    "optimizers",
    "penalties",
    "report",
    "schedules",
    "zoo",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES or name in _NAMES:
        module = importlib.import_module(_NAMES.get(name, f"kerasgan.{name}"))
        _register()
        return getattr(module, name) if name in _NAMES else module
    raise AttributeError(f"module 'kerasgan' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def _register() -> None:
    """Imports the families, if Keras is there, so that `keras.saving.load_model` finds the classes of a .keras file."""
    own = [module for name, module in [*sys.modules.items()] if name.startswith("kerasgan.")]
    if "keras" in sys.modules and not any(getattr(module.__spec__, "_initializing", False) for module in own):
        importlib.import_module("kerasgan.models")


class _AfterKeras(importlib.abc.MetaPathFinder):
    """Of an `import keras` that comes after `import kerasgan`: does as it does, then registers the families."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module: Any) -> None:
                execute(module)
                _register()

            spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec


if "keras" in sys.modules:
    _register()
else:
    sys.meta_path.insert(0, _AfterKeras())
