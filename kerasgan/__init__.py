"""kerasgan: a Keras 3 model zoo of generative adversarial networks with exportable models.

Importing it is fast: the modules below, and Keras with its backend, are imported when a name is first used.
"""

import importlib
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
    if name in _MODULES:
        return importlib.import_module(f"kerasgan.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'kerasgan' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


if "keras" in sys.modules:  # so that `keras.saving.load_model` finds the classes of a .keras file
    importlib.import_module("kerasgan.models")
