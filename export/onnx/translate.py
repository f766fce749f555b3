"""Translates pictures with a model that kerasgan exported to ONNX, with NumPy, Pillow and ONNX Runtime alone.

    pip install numpy pillow onnxruntime
    python translate.py photos.onnx picture.png -o translated.png
    python translate.py bundle picture.png -o translated.png

The file takes heights and widths in multiples of a number that its metadata state: borders are reflected and cut away.
Or it takes images of one size: pictures are resized to it, and outputs back to the size of the picture.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="the .onnx file, or the folder of a bundle")
    parser.add_argument("picture", help="of any size")
    parser.add_argument("-o", "--output", default="translated.png", help="the PNG to write")
    arguments = parser.parse_args()
    model = find_model(arguments.model, "*.onnx")
    try:
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    except Exception:  # ONNX Runtime has classes of its own
        raise SystemExit(f"Expected a file that ONNX Runtime opens. Received: {model}") from None
    facts = session.get_modelmeta().custom_metadata_map
    if "multiple" not in facts:
        raise SystemExit(f"Expected a model that translates images; others: run.py. Received: {arguments.model}")
    multiple, smallest, scale = (json.loads(facts[name]) for name in ("multiple", "smallest", "scale"))
    *size, channels = session.get_inputs()[0].shape[1:]
    if channels not in MODES:
        expected = "Expected a model that translates pictures; others: run.py, with a bundle's seeds.json"
        raise SystemExit(f"{expected}. Received: {arguments.model}, of {channels} channels")
    images = read(arguments.picture, channels)[np.newaxis]
    height, width = images.shape[1:3]
    if all(isinstance(side, int) for side in size):
        made = translated(session, resized(images, size))
        made = resized(made, (height, width))[0]
    else:
        made = translated(session, padded(images, multiple, smallest))
        made = made[0, : height * scale, : width * scale]
    made = np.rint((np.clip(made, -1, 1) + 1) * 127.5).astype("uint8")
    Image.fromarray(made.squeeze(-1) if made.shape[-1] == 1 else made).save(arguments.output)
    print(f"{arguments.output}: {arguments.picture} by {facts.get('entry', facts['family'])}")


def read(path, channels):
    """A picture as it is seen, (height, width, channels) in [-1, 1]: upright, on white where it is transparent."""
    with Image.open(path) as file:
        picture = ImageOps.exif_transpose(file)  # photographs may lie on their side
    if channels < 4 and (picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info):
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    pixels = np.asarray(picture.convert(MODES[channels]), "float32") / 127.5 - 1
    return pixels.reshape(*pixels.shape[:2], channels)


def find_model(path, pattern):
    """The path of a model's file: `path`, or what is in that folder, of a bundle for example."""
    found = [Path(path)] if Path(path).is_file() else [*Path(path).glob(pattern), *Path(path).glob(f"*/{pattern}")]
    if len(found) != 1:
        raise SystemExit(f"Expected a model, or a folder with one {pattern}. Received: {path}")
    return found[0]


def translated(session, images):
    """What the model makes of images, in [-1, 1]; some models answer in levels from 0 to 255."""
    made = session.run(["outputs"], {"images": images})[0]
    return made / np.float32(127.5) - 1 if made.dtype == "uint8" else made


def padded(images, multiple, smallest):
    """Images continued at the bottom and at the right by their mirror image, to sizes that the model takes."""
    missing = [-(-max(side, smallest) // multiple) * multiple - side for side in images.shape[1:3]]
    return np.pad(images, ((0, 0), (0, missing[0]), (0, missing[1]), (0, 0)), mode="reflect")


def resized(images, size):
    """One image in [-1, 1] of another size, antialiased, each channel by itself."""
    planes = [Image.fromarray(plane) for plane in np.ascontiguousarray(images[0].transpose(2, 0, 1))]
    planes = [np.asarray(plane.resize(size[::-1], Image.Resampling.BICUBIC)) for plane in planes]
    return np.clip(np.stack(planes, axis=-1)[np.newaxis], -1, 1)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:  # a file that is not there, or cannot be written
        raise SystemExit(str(error)) from None
