"""Callbacks of `fit`: sample grids, a film strip, the log of the losses, checkpoints, a progress bar, stop conditions.

Steps are discriminator steps, counted over the whole life of the model, so that the count continues after a resume.
"""

from kerasgan.callbacks.base import LossCallback, StepCallback
from kerasgan.callbacks.checkpoint import Checkpoint
from kerasgan.callbacks.logs import LossLog, TensorBoardLog
from kerasgan.callbacks.progress import Progress
from kerasgan.callbacks.samples import FilmStrip, SampleGrid
from kerasgan.callbacks.stop import NotFiniteWarning, StopAfter, StopWhenNotFinite

__all__ = [
    "Checkpoint",
    "FilmStrip",
    "LossCallback",
    "LossLog",
    "NotFiniteWarning",
    "Progress",
    "SampleGrid",
    "StepCallback",
    "StopAfter",
    "StopWhenNotFinite",
    "TensorBoardLog",
]
