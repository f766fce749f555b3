"""Draws images from a generator that kerasgan exported to ONNX, with NumPy and ONNX Runtime alone.

    pip install numpy onnxruntime
    python run.py generator.onnx --count 16 --seed 0 -o samples.png
    python run.py digits.onnx --count 10 --label 3 -o threes.png
    python run.py generator.onnx --seeds seeds.json -o samples.png
    python run.py bundle -o samples.png

The same seed gives the same images as `gan.generate(count, seed=seed)` of the Keras model; a seed file, which bundles
have, the same picture in every program.
"""

import argparse
import json
import math
import statistics
import struct
import zlib
from pathlib import Path

import numpy as np
import onnxruntime

COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # PNG: gray, gray with alpha, RGB, RGB with alpha
LEFT_OUT = {"truncation": 1.0, "noise": 0.0}  # inputs of a model that seeds need not name


def main():
    arguments = parse_arguments("the .onnx file, or the folder of a bundle")
    model = find_model(arguments.model, "*.onnx")
    try:
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    except Exception:  # ONNX Runtime has classes of its own
        raise SystemExit(f"Expected a file that ONNX Runtime opens. Received: {model}") from None
    facts = session.get_modelmeta().custom_metadata_map
    drawing = ("latent_prior", "latent_dim", "num_classes")
    inputs = choose_inputs(arguments, facts | {name: json.loads(facts[name]) for name in drawing if name in facts})
    types = {"tensor(float)": "float32", "tensor(int32)": "int32"}
    wanted = {each.name: (each.shape, types[each.type]) for each in session.get_inputs()}

    def draw(rows):
        return session.run(None, rows)[0]

    images = draw_all(draw, inputs, wanted)
    write_png(arguments.output, grid(images))
    print(f"{arguments.output}: {len(images)} images by {facts.get('entry', facts['family'])}")


def parse_arguments(kind):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help=kind)
    parser.add_argument("--seeds", help="seeds.json of a bundle, instead of --count, --seed and --label")
    parser.add_argument("--count", type=positive, default=16, help="number of images")
    parser.add_argument("--seed", type=int, default=0, help="of the latents")
    parser.add_argument(
        "--label", type=int, help="class of all images, for class-conditional models; random if not given"
    )
    parser.add_argument("-o", "--output", default="samples.png", help="the PNG to write")
    return parser.parse_args()


def positive(text):
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a positive number, received {text}")
    return int(text)


def find_model(path, pattern):
    """The path of a model's file: `path`, or what is in that folder, of a bundle for example."""
    found = [Path(path)] if Path(path).is_file() else [*Path(path).glob(pattern), *Path(path).glob(f"*/{pattern}")]
    if len(found) != 1:
        raise SystemExit(f"Expected a model, or a folder with one {pattern}. Received: {path}")
    return found[0]


def choose_inputs(arguments, facts):
    """Rows by name, from the seed file or drawn from the prior in the model's file."""
    if "family" not in facts:
        raise SystemExit(f"Expected a generator exported by kerasgan. Received: {arguments.model}")
    bundled = Path(arguments.model, "seeds.json")
    if arguments.seeds or ("latent_prior" not in facts and bundled.is_file()):
        return read_seeds(arguments.seeds or bundled)
    if "latent_prior" not in facts:
        expected = "Expected a generator that draws images; others translate those of --seeds"
        raise SystemExit(f"{expected}. Received: {arguments.model}")
    return draw_inputs(facts, count=arguments.count, seed=arguments.seed, label=arguments.label)


def read_seeds(path):
    """Rows by name of a bundle's seeds.json; images are written as levels from 0 to 255."""
    with open(path, encoding="utf-8") as file:
        try:
            rows = {name: np.array(values) for name, values in json.load(file).items()}
        except (ValueError, AttributeError):
            raise SystemExit(f"Expected the seeds.json of a bundle. Received: {path}") from None
    return {name: values / 127.5 - 1 if name == "images" else values for name, values in rows.items()}


def draw_all(draw, inputs, wanted):
    """The images of all rows, in batches of 64 or of the model's own size; `draw` makes those of one batch."""
    rows = completed(inputs, wanted)
    count, fixed = len(next(iter(rows.values()))), next(iter(wanted.values()))[0][0]
    fixed = isinstance(fixed, int) and fixed > 0 and fixed
    images = []
    for start in range(0, count, fixed or 64):
        index = np.arange(start, start + fixed if fixed else min(start + 64, count))
        index = index.clip(max=count - 1)  # a model of a fixed size is given the last row again
        images.append(draw({name: values[index] for name, values in rows.items()}))
    return np.concatenate(images)[:count]


def completed(inputs, wanted):
    """Rows for every input of the model, of which `wanted` has shape and type by name."""
    count, rows = len(next(iter(inputs.values()))), {}
    for name, (shape, dtype) in wanted.items():
        if name not in inputs and name not in LEFT_OUT:
            raise SystemExit(f"Expected rows for the model's input {name}. Received: {', '.join(inputs)}")
        values = inputs[name] if name in inputs else np.full((count, *shape[1:]), LEFT_OUT[name])
        rows[name] = values.astype(dtype)
    return rows


def draw_inputs(facts, *, count, seed, label):
    """Latents (count, latent_dim) from the prior in the file, and labels (count,) where the model is conditional."""
    latents = draw_latents(facts["latent_prior"], count, facts["latent_dim"], [seed])
    classes = facts.get("num_classes")
    if classes is None:
        if label is not None:
            raise SystemExit(f"Expected no label: this model is not class-conditional. Received: --label {label}")
        return {"latents": latents}
    if label is None:
        labels = np.random.default_rng([seed, 1]).integers(classes, size=count, dtype="int32")
    elif 0 <= label < classes:
        labels = np.full(count, label, dtype="int32")
    else:
        raise SystemExit(f"Expected a label from 0 to {classes - 1}. Received: --label {label}")
    return {"latents": latents, "labels": labels}


def draw_latents(prior, count, size, seed):
    """Latents (count, size) from a prior as exported files describe it; `seed` is a list of ints."""
    name = prior["name"]
    if name == "normal":
        return np.random.default_rng(seed).standard_normal((count, size), dtype="float32")
    if name == "uniform":
        low, high = prior["low"], prior["high"]
        unit = np.random.default_rng(seed).random((count, size), dtype="float32")
        return np.float32(low) + np.float32(high - low) * unit
    if name == "truncated_normal":  # the normal's quantiles, evenly between those of the threshold
        bound = prior["threshold"]
        unit, mass = np.random.default_rng(seed).random((count, size)), math.erf(bound / math.sqrt(2))
        quantiles = np.vectorize(statistics.NormalDist().inv_cdf)(0.5 + (unit - 0.5) * mass)
        return np.clip(quantiles, -bound, bound).astype("float32")
    if name == "categorical":
        return np.eye(size, dtype="float32")[choose(prior["probabilities"], count, seed)]
    if name == "gaussian_mixture":  # each part and each choice has a stream of its own: 0 and 1 are taken
        index = choose(prior["weights"], count, [*seed, 2])
        noise = np.random.default_rng([*seed, 3]).standard_normal((count, size), dtype="float32")
        return np.array(prior["means"], "float32")[index] + np.array(prior["scales"], "float32")[index] * noise
    if name == "product":
        parts = [
            draw_latents(part, count, part["size"], [*seed, 2 + index]) for index, part in enumerate(prior["parts"])
        ]
        return np.concatenate(parts, axis=1)
    raise SystemExit(f"Expected a latent prior that this program can draw. Received: {name}")


def choose(probabilities, count, seed):
    """`count` indices with the given probabilities."""
    return np.searchsorted(np.cumsum(probabilities)[:-1], np.random.default_rng(seed).random(count), side="right")


def grid(images):
    """One uint8 picture (rows * height, columns * width, channels) of images in [-1, 1] or in levels, row by row."""
    count, height, width, channels = images.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    cells = np.zeros((rows * columns, height, width, channels), "uint8")
    cells[:count] = images if images.dtype == "uint8" else np.rint((np.clip(images, -1, 1) + 1) * 127.5)
    cells = cells.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return cells.reshape(rows * height, columns * width, channels)


def write_png(path, pixels):
    """Writes uint8 pixels (height, width, channels) as an 8-bit PNG."""
    height, width, channels = pixels.shape

    def chunk(kind, content):
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, COLOR_TYPES[channels], 0, 0, 0)
    lines = np.pad(pixels.reshape(height, -1), ((0, 0), (1, 0)))  # each line begins with its filter: 0, none
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header))
        file.write(chunk(b"IDAT", zlib.compress(lines.tobytes())) + chunk(b"IEND", b""))


if __name__ == "__main__":
    try:
        main()
    except OSError as error:  # a file that is not there, or cannot be written
        raise SystemExit(str(error)) from None
