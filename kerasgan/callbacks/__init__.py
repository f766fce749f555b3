"""What to see and keep while `fit` runs: sample grids, a film strip, the losses' log, checkpoints, a progress bar.

Steps are the discriminator's, counted over the whole life of the model, so that they continue after a resume.
"""

from kerasgan.callbacks.base import LossCallback, StepCallback
from kerasgan.callbacks.checkpoint import Checkpoint
from kerasgan.callbacks.logs import LossLog, TensorBoardLog
from kerasgan.callbacks.progress import Progress
from kerasgan.callbacks.samples import FilmStrip, SampleGrid
from kerasgan.callbacks.stop import StopAfter

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
