"""Callbacks of `fit`: sample grids, a film strip, the log of the losses, checkpoints, a progress bar, a stop condition.

Steps are discriminator steps, counted over the whole life of the model, so that the count continues after a resume.
"""

from kerasgan.callbacks.base import LossCallback, StepCallback
from kerasgan.callbacks.checkpoint import Checkpoint
from kerasgan.callbacks.logs import LossLog, TensorBoardLog
from kerasgan.callbacks.progress import Progress
from kerasgan.callbacks.samples import FilmStrip, SampleGrid
from kerasgan.callbacks.stop import StopAfter
from kerasgan.scalars import guard

__all__ = [
    "Checkpoint",
    "FilmStrip",
    "LossCallback",
    "LossLog",
    "Progress",
    "SampleGrid",
    "StepCallback",
    "StopAfter",
    "TensorBoardLog",
]

guard(globals(), __all__)
