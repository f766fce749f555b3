"""Deblurring of held-out landscapes: the entries beside scikit-image's Wiener filter and Richardson-Lucy.

    python benchmarks/deconvolution.py    # ten minutes on one core; writes experiment.json and comparison.png

Needs Debian's endless-sky-data (see `kerasgan.data.landscapes`). The whole photographs of its test split are blurred,
each by one of six kernels in turn, with noise of the recipes' strength. The classical methods and the non-blind
networks receive the kernel and the strength of the noise, the blind network the picture alone. The classical ones have,
for each kernel, that of many settings whose PSNR is best on middles of training photographs. PSNR, SSIM and total
variation are of RGB, inside a border of 32 pixels, because what lies beyond the picture is unknown; the pictures are
mirrored there for the classical methods, which otherwise wrap around or darken.
"""

import argparse
from collections.abc import Callable
from typing import Any

import experiments
import numpy as np
from skimage import restoration

from kerasgan import data, zoo
from kerasgan.data import blur
from kerasgan.data.sources import scaled
from kerasgan.files import pictures
from kerasgan.metrics import peak_signal_to_noise, sharpness, structural_similarity

CARD = "deconv-landscapes"
NETWORKS = {
    "without its critic": "deconv-landscapes-content",
    "with its critic": CARD,
    "blind": "deblurgan-landscapes",
}
KERNELS = {
    "Gaussian, sigma 1.5": {"name": "gaussian", "sigma": 1.5},
    "Gaussian, sigma 2.5": {"name": "gaussian", "sigma": 2.5},
    "defocus, radius 2": {"name": "defocus", "radius": 2},
    "defocus, radius 4": {"name": "defocus", "radius": 4},
    "motion, 9 pixels at 30 degrees": {"name": "motion", "length": 9, "angle": 30},
    "motion, 15 pixels at 120 degrees": {"name": "motion", "length": 15, "angle": 120},
}
BALANCES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
ITERATIONS = (3, 5, 10, 15, 20, 30, 50)
BORDER, MIRRORED = 32, 48
FITTED, MIDDLE = 4, 256  # training photographs, and the side of their middles, on which settings are chosen
SHOWN = {"dmottl3": (60, 130), "station1": (60, 430), "myrabella4": (120, 150)}  # top, left of what the picture shows
SIDE = 128

Restore = Callable[[np.ndarray, np.ndarray], np.ndarray]
CLASSICAL: dict[str, list[Restore]] = {
    "Wiener": [lambda y, k, b=b: restoration.wiener(y, k, b) for b in BALANCES],
    "Richardson-Lucy": [lambda y, k, n=n: restoration.richardson_lucy(y, k, num_iter=n) for n in ITERATIONS],
}


def spoilt(photo: np.ndarray, kernel: Any, noise: float) -> np.ndarray:
    """A batch of one photograph in [-1, 1], blurred and noisy."""
    return data.derivations.derivation({"name": "blurred", "kernels": [kernel], "noise": noise})(photo)


def classical(restore: Restore, image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Color by color, in [0, 1]."""
    side = (MIRRORED, MIRRORED)
    padded = (np.pad(image[0], (side, side, (0, 0)), mode="reflect").astype("float64") + 1) / 2
    planes = np.stack([restore(plane, weights) for plane in np.moveaxis(padded, -1, 0)], axis=-1)
    inside = planes[MIRRORED:-MIRRORED, MIRRORED:-MIRRORED]
    return np.clip(2 * inside[np.newaxis] - 1, -1, 1).astype("float32")


def scores(made: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """(PSNR, SSIM, total variation relative to the photograph's)."""
    quality = [metric(made, photo, border=BORDER)[0] for metric in (peak_signal_to_noise, structural_similarity)]
    inside = [each[:, BORDER:-BORDER, BORDER:-BORDER] for each in (made, photo)]
    return np.array([*quality, sharpness(inside[0])[0] / sharpness(inside[1])[0]])


def best(settings: list[Restore], kernel: Any, photos: list[np.ndarray], noise: float) -> Restore:
    """The setting of the highest mean PSNR on photographs."""
    weights, given = blur.kernel(kernel), [spoilt(photo, kernel, noise) for photo in photos]

    def quality(restore: Restore) -> float:
        return float(np.mean([scores(classical(restore, y, weights), x)[0] for y, x in zip(given, photos)]))

    return max(settings, key=quality)


def restored(networks: dict[str, Any], chosen: dict[str, Restore], kernel: Any, given: np.ndarray) -> dict[str, Any]:
    """Each method's restoration of a blurred picture, the picture itself first."""
    weights = blur.kernel(kernel)
    made = {"blurred": given, **{name: classical(restore, given, weights) for name, restore in chosen.items()}}
    for name, gan in networks.items():
        known = gan if gan.blind else gan.for_kernel(kernel)
        made[name] = known.predict(given, tile_size=1024)
    return made


def table(found: dict[str, list[dict[str, np.ndarray]]]) -> dict[str, Any]:
    """The columns and rows of the card: a row for each kernel and their mean, then how sharp."""
    every = [one for several in found.values() for one in several]
    rows = []
    for name, several in {**found, "**mean**": every}.items():
        means = {method: np.mean([one[method] for one in several], axis=0) for method in several[0]}
        cells = [f"{psnr:.2f} / {ssim:.3f}" for psnr, ssim, _ in means.values()]
        rows.append([f"{name} ({len(several)})", *cells, f"{np.mean(gains(several)):+.2f}"])
    rows[-1][-1] += f" ± {1.96 * np.std(gains(every), ddof=1) / len(every) ** 0.5:.2f}"
    rows.append(["total variation, of the photo's", *(f"{each[2]:.2f}" for each in means.values()), ""])
    return {"columns": ["PSNR in dB / SSIM", *every[0], "gain in dB"], "rows": rows}


def gains(several: list[dict[str, np.ndarray]]) -> np.ndarray:
    """The PSNR of the network without its critic beyond that of the better classical method, by photograph."""
    return np.array([one["without its critic"][0] - max(one[method][0] for method in CLASSICAL) for one in several])


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    networks = {name: zoo.load(entry) for name, entry in NETWORKS.items()}
    noise = networks["with its critic"].noise
    training = data.landscapes(split="train", strict=True, image_size=MIDDLE, batch_size=FITTED).images()[:FITTED]
    middles = [scaled(image[np.newaxis]) for image in training]
    settings = {
        name: {method: best(several, kernel, middles, noise) for method, several in CLASSICAL.items()}
        for name, kernel in KERNELS.items()
    }
    source = data.landscapes(split="test")
    found: dict[str, list] = {name: [] for name in KERNELS}
    details = []
    for index, (title, picture) in enumerate(zip(source.picture_names, source.pictures, strict=True)):
        name = list(KERNELS)[index % len(KERNELS)]
        photo = scaled(picture[np.newaxis])
        photo = photo[:, : photo.shape[1] // 2 * 2, : photo.shape[2] // 2 * 2]
        made = restored(networks, settings[name], KERNELS[name], spoilt(photo, KERNELS[name], noise))
        found[name].append({method: scores(one, photo) for method, one in made.items()})
        if title in SHOWN:
            top, left = SHOWN[title]
            details += [each[0, top : top + SIDE, left : left + SIDE] for each in [*made.values(), photo]]
    count = sum(map(len, found.values()))
    text = (
        f"{count} whole photographs of the split *test*, each blurred by one of six kernels, with noise of {noise} "
        f"(images in [0, 1]); RGB inside a border of {BORDER} pixels. All methods but the blind network receive the "
        "kernel. The classical ones are scikit-image's, each with the setting that is best for the kernel on middles "
        f"of {FITTED} training photographs. Gain: of the network without its critic over the better of the two, "
        "photograph by photograph, with a 95 % interval.\n\n"
        "![the methods in this order, then the photograph](comparison.png)"
    )
    folder = zoo.recipe(CARD).folder
    columns = len(details) // len(SHOWN)
    pictures.save(pictures.grid(np.stack(details), columns=columns, scale=1), folder / "comparison.png")
    experiments.save(
        folder,
        title="Beside Wiener and Richardson-Lucy",
        **table(found),
        text=text,
        command="python benchmarks/deconvolution.py",
    )


if __name__ == "__main__":
    main()
