"""The pictures of docs/tutorials/doctor.md: what planted troubles look like at the end of their trainings."""

from pathlib import Path

import numpy as np
import recorder
from record import file_name

from kerasgan.files import pictures

SHOWN = {
    "constant latents": "DCGAN",
    "discriminator 10,000 times faster": "DCGAN",
    "frozen discriminator": "DCGAN",
    "frozen generator": "DCGAN",
    "both rates times 100": "DCGAN",
    "one class of ten": "DCGAN",
    "eight images": "DCGAN",
    "labels ignored": "ConditionalDCGAN",
    "one image per class": "ConditionalDCGAN",
    "output is the input": "Pix2Pix",
    "output is of one color": "Pix2Pix",
    "drift": "SRGAN",
    "rows for columns": "LSGAN",
    "pairs mirrored separately": "Pix2Pix",
    "identity weight of 100": "CycleGAN",
}
COUNT = 10  # images of a picture


def write(runs: Path, folder: Path, *, seed: int) -> list[Path]:
    """Real images above samples for each trouble whose training there is, of a translator inputs, outputs and targets.

    Returns the files.
    """
    written = []
    for kind, family in SHOWN.items():
        path = runs / file_name(kind, family, seed)
        if not path.is_file():
            continue
        found = recorder.read(path)
        size = found.reals.shape[1]
        rows = [found.reals[:COUNT], pictures.reduced(found.images[:COUNT], size)]
        if len(found.inputs):
            rows = [_enlarged(pictures.reduced(found.inputs[:COUNT], size), size), *reversed(rows)]
        picture = pictures.grid(np.concatenate(rows), columns=COUNT, scale=2)
        written.append(folder / f"doctor-{kind.replace(',', '').replace(' ', '-')}.png")
        picture.save(written[-1], optimize=True)
    return written


def _enlarged(images: np.ndarray, size: int) -> np.ndarray:
    """Small inputs of super-resolution by repetition."""
    times = size // images.shape[1]
    return images.repeat(times, axis=1).repeat(times, axis=2)
