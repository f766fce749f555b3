"""Published checkpoints of other frameworks, as weights of kerasgan's models: read, download, assign.

`pth`, `persistence` and `pickles` read PyTorch's files without PyTorch, `safetensors`, `ncnn` and `hdf5` (Keras 2) what
their names say; one file per publisher maps its tensors to weights. `detect` finds out which model a file holds.
"""

from kerasgan.checkpoints.assignment import MismatchError, Report, assign
from kerasgan.checkpoints.detection import Detection, detect
from kerasgan.checkpoints.pickles import CheckpointError
from kerasgan.files.download import DownloadError, cache_directory, cached_path, download, pin
from kerasgan.scalars import guard

__all__ = [
    "CheckpointError",
    "Detection",
    "DownloadError",
    "MismatchError",
    "Report",
    "assign",
    "cache_directory",
    "cached_path",
    "detect",
    "download",
    "pin",
]

guard(globals(), __all__)
