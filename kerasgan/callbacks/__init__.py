"""Callbacks of `fit`: sample grids, a film strip, losses, trackers, checkpoints, the best model, progress, stops.

Steps are discriminator steps, counted over the whole life of the model, so that the count continues after a resume.
"""

from kerasgan.callbacks.base import LossCallback, StepCallback
from kerasgan.callbacks.checkpoint import Checkpoint
from kerasgan.callbacks.keep_best import KeepBest
from kerasgan.callbacks.logs import LossLog
from kerasgan.callbacks.progress import Progress
from kerasgan.callbacks.samples import FilmStrip, SampleGrid
from kerasgan.callbacks.stop import NotFiniteWarning, StopAfter, StopWhenNotFinite
from kerasgan.callbacks.tracker import Tracker
from kerasgan.gan.keras_callbacks import for_player
from kerasgan.scalars import guard

__all__ = [
    "Checkpoint",
    "FilmStrip",
    "KeepBest",
    "LossCallback",
    "LossLog",
    "NotFiniteWarning",
    "Progress",
    "SampleGrid",
    "StepCallback",
    "StopAfter",
    "StopWhenNotFinite",
    "Tracker",
    "for_player",
]

guard(globals(), __all__)
