"""Deconvolution of held-out photos: the bundled networks beside scikit-image's Wiener filter and Richardson-Lucy.

    python benchmarks/deconvolution.py    # minutes on one core; writes zoo/deconv-photos/experiment.json

Two whole photographs, held out from all trainings (chelsea, flower), are blurred by kernels of each kind, with noise of
the recipe's strength. All methods receive the kernel and the strength of the noise, and no weight is fitted to these
photographs: the classical ones have, for each kernel and strength of noise, that of many settings whose PSNR is best on
the training photographs. A further column states what the better of them would reach with its best setting on the
held-out photographs themselves. PSNR and SSIM are of RGB, inside a border of 32 pixels, because what lies beyond the
picture is unknown; the pictures are mirrored there for the classical methods, which otherwise wrap around or darken.
"""

import argparse
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from skimage import restoration

from kerasgan import data, zoo
from kerasgan.data import blur
from kerasgan.data.sources import scaled
from kerasgan.metrics import peak_signal_to_noise, sharpness, structural_similarity

ENTRIES = {"without its adversarial loss": "deconv-photos-content", "network": "deconv-photos"}
KERNELS = {
    "Gaussian, sigma 1.5": {"name": "gaussian", "sigma": 1.5},
    "Gaussian, sigma 2.5": {"name": "gaussian", "sigma": 2.5},
    "defocus, radius 2": {"name": "defocus", "radius": 2},
    "defocus, radius 4": {"name": "defocus", "radius": 4},
    "motion, 9 pixels at 30 degrees": {"name": "motion", "length": 9, "angle": 30},
    "motion, 15 pixels at 120 degrees": {"name": "motion", "length": 15, "angle": 120},
}
BALANCES = (0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
ITERATIONS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50)
BORDER, MIRRORED = 32, 48
BEST = "the better of the two, fitted to these photographs"

Images = list[np.ndarray]  # one batch of one photo each, float32 in [-1, 1]
Restore = Callable[[np.ndarray, np.ndarray], np.ndarray]
CLASSICAL: dict[str, list[Restore]] = {
    "Wiener": [lambda y, k, b=b: restoration.wiener(y, k, b) for b in BALANCES],
    "Richardson-Lucy": [lambda y, k, n=n: restoration.richardson_lucy(y, k, num_iter=n) for n in ITERATIONS],
}


def spoilt(photos: Images, kernel: Any, noise: float) -> Images:
    how = {"name": "blurred", "kernels": [kernel], "noise": noise}
    return [data.derivations.derivation(how)(photo) for photo in photos]


def classical(restore: Restore, images: Images, weights: np.ndarray) -> Images:
    """Color by color, in [0, 1]."""
    side, made = (MIRRORED, MIRRORED), []
    for image in images:
        padded = (np.pad(image[0], (side, side, (0, 0)), mode="reflect").astype("float64") + 1) / 2
        planes = np.stack([restore(plane, weights) for plane in np.moveaxis(padded, -1, 0)], axis=-1)
        inside = planes[MIRRORED:-MIRRORED, MIRRORED:-MIRRORED]
        made.append(np.clip(2 * inside[np.newaxis] - 1, -1, 1).astype("float32"))
    return made


def scores(made: Images, photos: Images) -> np.ndarray:
    """(PSNR, SSIM, total variation relative to the photo's), means over photos."""
    rows = []
    for one, photo in zip(made, photos):
        quality = [metric(one, photo, border=BORDER)[0] for metric in (peak_signal_to_noise, structural_similarity)]
        rows.append([*quality, sharpness(_inside(one))[0] / sharpness(_inside(photo))[0]])
    return np.mean(rows, axis=0)


def _inside(images: np.ndarray) -> np.ndarray:
    return images[:, BORDER:-BORDER, BORDER:-BORDER]


def settled(settings: list[Restore], kernel: Any, photos: Images, noise: float) -> list[np.ndarray]:
    """Scores on photos for each setting."""
    given = spoilt(photos, kernel, noise)
    return [scores(classical(restore, given, blur.kernel(kernel)), photos) for restore in settings]


def measure(networks: dict[str, Any], kernel: Any, photos: dict[str, Images], noise: float) -> dict[str, np.ndarray]:
    """Scores of the blurred held-out photos and of each method's restorations of them."""
    given, best = spoilt(photos["test"], kernel, noise), []
    found = {"blurred": scores(given, photos["test"])}
    for method, settings in CLASSICAL.items():
        fitted, tried = (settled(settings, kernel, photos[split], noise) for split in ("train", "test"))
        found[method] = tried[int(np.argmax([each[0] for each in fitted]))]
        best += tried
    found[BEST] = max(best, key=lambda each: each[0])
    for name, gan in networks.items():
        known = gan.for_kernel(kernel)
        found[name] = scores([known.predict(image, tile_size=1024) for image in given], photos["test"])
    return found


def table(found: dict[str, dict[str, np.ndarray]]) -> dict[str, Any]:
    """The columns and rows of the card: a row for each kernel and their mean, then how sharp."""
    methods = [*next(iter(found.values()))]
    means = {method: np.mean([row[method] for row in found.values()], axis=0) for method in methods}
    rows = [
        [kernel, *(f"{row[method][0]:.2f} / {row[method][1]:.3f}" for method in methods), f"{_gain(row):+.2f}"]
        for kernel, row in {**found, "**mean**": means}.items()
    ]
    rows.append(["total variation, of the photo's", *(f"{means[method][2]:.2f}" for method in methods), ""])
    return {"columns": ["PSNR in dB / SSIM", *methods, "gain in dB"], "rows": rows}


def _gain(row: dict[str, np.ndarray]) -> float:
    """The network's PSNR beyond that of the better classical method."""
    return row["network"][0] - max(row[method][0] for method in CLASSICAL)


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    networks = {name: zoo.load(entry) for name, entry in ENTRIES.items()}
    images = {"train": data.photos(split="train", image_size=256).images(), "test": data.photos(split="test").pictures}
    photos = {split: [scaled(image[np.newaxis]) for image in several] for split, several in images.items()}
    noise = networks["network"].noise
    found = {name: measure(networks, kernel, photos, noise) for name, kernel in KERNELS.items()}
    text = (
        f"Two held-out photographs, chelsea and flower, whole; noise of {noise} (images in [0, 1]); RGB inside a "
        f"border of {BORDER} pixels. All methods receive the kernel. The classical ones are scikit-image's, each with "
        "the setting that is best on the four color photographs of the training. Gain: of the network over the better "
        "of the two."
    )
    experiment = {"title": "Beside Wiener and Richardson-Lucy", **table(found), "text": text}
    experiment["command"] = "python benchmarks/deconvolution.py"
    path = zoo.recipe(ENTRIES["network"]).folder / "experiment.json"
    path.write_text(json.dumps(experiment, indent=1) + "\n", encoding="utf-8")
    print("\n".join(" | ".join(cells) for cells in [experiment["columns"], *experiment["rows"]]), path, sep="\n")


if __name__ == "__main__":
    main()
