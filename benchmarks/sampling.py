"""Latency of drawing images with Keras and from the exported files, on this machine.

    python benchmarks/sampling.py            # DCGAN-64 as in the Torch code: width 64, 3.6 million weights
    python benchmarks/sampling.py --quick    # a small model, a few seconds

A row is a way to draw images from latents that lie in a NumPy array, into a NumPy array; the numbers are medians in
milliseconds, and how many times faster than calling the Keras model. The rows take turns, so that a busy machine slows
all of them alike, in blocks, because ONNX Runtime's threads spin for a while after a call and would slow the next row.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import onnxruntime
import tensorflow as tf
from keras import ops

import kerasgan
from kerasgan.models import DCGAN

BATCHES = (1, 32)
BLOCK = 10  # calls of one row in a turn
BASELINE = "Keras, called"
Draw = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    arguments = parse_arguments()
    keras.utils.set_random_seed(0)
    size, width = (16, 8) if arguments.quick else (64, 64)
    gan = DCGAN(image_size=size, width=width, variant="torch")
    runs = arguments.runs or (20 if arguments.quick else 50)
    print(
        f"DCGAN {size}x{size}, {gan.sampler.count_params():,} weights, {keras.backend.backend()}, {os.cpu_count()} CPUs"
    )
    with tempfile.TemporaryDirectory() as folder:
        ways = ways_to_draw(gan, Path(folder))
        medians = {batch: measure(ways, gan.prior.draw(batch, gan.latent_dim, seed=0), runs) for batch in BATCHES}
    print(table(medians))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small model")
    parser.add_argument("--runs", type=int, help="calls of each way, of which the median is shown")
    return parser.parse_args()


def ways_to_draw(gan: kerasgan.GAN, folder: Path) -> dict[str, Draw]:
    """Functions from latents (batch, latent_dim) to images, by the name of the row."""
    serve = tf.saved_model.load(str(kerasgan.export.saved_model(gan, folder / "generator"))).signatures[
        "serving_default"
    ]
    session = onnxruntime.InferenceSession(kerasgan.export.onnx(gan, folder / "generator.onnx"))
    return {
        BASELINE: lambda latents: ops.convert_to_numpy(gan.sampler(ops.convert_to_tensor(latents), training=False)),
        "gan.generate": lambda latents: gan.generate(len(latents), seed=0),
        "SavedModel": lambda latents: serve(latents=tf.constant(latents))["images"].numpy(),
        "ONNX Runtime": lambda latents: session.run(None, {"latents": latents})[0],
    }


def measure(ways: dict[str, Draw], latents: np.ndarray, runs: int) -> dict[str, float]:
    """Median milliseconds of each way."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for draw in ways.values():
        draw(latents)  # traces, allocates
    for turn in range(0, runs, BLOCK):
        for name, draw in ways.items():
            for _ in range(min(BLOCK, runs - turn)):
                start = time.perf_counter()
                draw(latents)
                seconds[name].append(time.perf_counter() - start)
    return {name: 1000 * float(np.median(times)) for name, times in seconds.items()}


def table(medians: dict[int, dict[str, float]]) -> str:
    lines = [" " * 14 + "".join(f"    batch {batch:<3}       " for batch in medians).rstrip()]
    for name in medians[BATCHES[0]]:
        cells = [f"{each[name]:9.2f} ms {each[BASELINE] / each[name]:6.1f}x" for each in medians.values()]
        lines.append(f"{name:14}" + "  ".join(cells))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
