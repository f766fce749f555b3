"""Bicubic, SRResNet and SRGAN on the held-out photographs, whole: python benchmarks/super_resolution.py

Writes zoo/srgan-photos-x4/experiment.json and comparison.png, which the entry's card shows; write the card after it.
"""

import json
from collections.abc import Callable

import numpy as np

from kerasgan import data, zoo
from kerasgan.data.decoding import resized
from kerasgan.data.derivations import shrunk
from kerasgan.files import pictures
from kerasgan.metrics.pair_scores import pair_scores

ENTRIES = {"SRResNet": "srresnet-photos-x4", "SRGAN": "srgan-photos-x4"}
FACTOR = 4
DETAILS = {"chelsea": (60, 110), "flower": (150, 250)}  # top and left of what the picture shows
SIDE = 160
SCORES = ("peak_signal_to_noise", "structural_similarity", "sharpness_ratio")


def photographs() -> dict[str, np.ndarray]:
    """(1, height, width, 3) in [-1, 1], trimmed to multiples of the factor."""
    found = {}
    for name, picture in zip(DETAILS, data.photos(split="test").pictures, strict=True):
        height, width = (side // FACTOR * FACTOR for side in picture.shape[:2])
        found[name] = picture[None, :height, :width].astype("float32") / 127.5 - 1
    return found


def methods() -> dict[str, Callable]:
    """The output of each method for 8-bit images (1, height, width, 3)."""

    def bicubic(small: np.ndarray) -> np.ndarray:
        size = tuple(FACTOR * side for side in small.shape[1:3])
        return resized(small, size=size, crop="stretch").astype("float32") / 127.5 - 1

    return {"bicubic": bicubic, **{name: zoo.load(entry).predict for name, entry in ENTRIES.items()}}


def main() -> None:
    known, rows, details = methods(), [], []
    scores: dict[str, list[np.ndarray]] = {name: [] for name in known}
    for name, large in photographs().items():
        small = pictures.to_uint8(shrunk(large, factor=FACTOR))
        top, left = DETAILS[name]
        for method, enlarge in known.items():
            made = enlarge(small)
            found = pair_scores(made, large, scale=FACTOR)
            scores[method].append(np.array([found[score][0] for score in SCORES]))
            details.append(made[0, top : top + SIDE, left : left + SIDE])
        details.append(large[0, top : top + SIDE, left : left + SIDE])
    for method, found in scores.items():
        rows.append([method, *(f"{dB:.2f} / {similarity:.3f} / {sharp:.2f}" for dB, similarity, sharp in found)])
        print(*rows[-1], sep=" | ")
    cost, gain = (np.mean(scores["SRResNet"], 0)[0] - np.mean(scores[other], 0)[0] for other in ("SRGAN", "bicubic"))
    sharp = {method: np.mean(found, axis=0)[2] for method, found in scores.items()}
    text = (
        "PSNR in dB / SSIM, both of the luminance without a border of 4 pixels / total variation as a share of the "
        f"original's, of the whole photographs. On the mean of the two SRResNet gains {gain:.2f} dB over bicubic; "
        f"SRGAN gives {cost:.2f} dB away for detail: it has {sharp['SRGAN']:.0%} of the original's total variation, "
        f"SRResNet {sharp['SRResNet']:.0%}.\n\n![bicubic, SRResNet, SRGAN, original](comparison.png)"
    )
    folder = zoo.recipe(ENTRIES["SRGAN"]).folder
    pictures.save(pictures.grid(np.stack(details), columns=len(known) + 1, scale=1), folder / "comparison.png")
    content = {
        "title": "Bicubic, SRResNet, SRGAN",
        "columns": ["", *DETAILS],
        "rows": rows,
        "text": text,
        "command": "python benchmarks/super_resolution.py",
    }
    (folder / "experiment.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
