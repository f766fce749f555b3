"""Latency of DCGAN-64's generator, called by Keras and in its exported files: latents in, images out, both in NumPy.

A runtime's row loads the file and that runtime alone: its memory is what a server would need.
"""

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from networks import NETWORKS, QUICK
from rows import Found, Row

TITLE, BATCHES, BASELINE = "DCGAN-64", (1, 32), "Keras, called"
FORMATS = {"saved_model": "SavedModel", "onnx": "ONNX Runtime", "litert": "LiteRT"}
LARGE = "Real-ESRGAN as ONNX"
LARGE_ENTRY = "realesrgan-x4plus"
Draw = Callable[[np.ndarray], np.ndarray]


def rows(options: Any) -> list[Row]:
    own = {"folder": str(options.folder), "quick": options.quick, "seconds": options.seconds / 4}
    names = {"export": "written", "called": BASELINE, "generate": "gan.generate", **FORMATS}
    if not options.quick:
        names["large"] = LARGE
    return [
        Row("sampling", name, {"way": way, **own}, "tensorflow", threads=options.threads) for way, name in names.items()
    ]


def measure(way: str, folder: str, quick: bool, seconds: float) -> Found:
    exported = Path(folder) / "exported"
    if way == "export":
        return export(exported, quick)
    if way == "large":
        return large(exported)
    draw, latent_dim = WAYS[way](exported, quick)
    found: Found = {}
    for batch in BATCHES:
        latents = np.random.default_rng(0).normal(size=(batch, latent_dim)).astype("float32")
        found[f"batch {batch}"] = median_seconds(lambda latents=latents: draw(latents), seconds)
    return found


def median_seconds(work: Callable[[], Any], seconds: float) -> float:
    """Median over calls that take this long in total, after a few calls that trace and allocate."""
    for _ in range(3):
        work()
    timings: list[float] = []
    while len(timings) < 10 or sum(timings) < seconds:
        start = time.perf_counter()
        work()
        timings.append(time.perf_counter() - start)
    return statistics.median(timings)


def network(quick: bool) -> Any:
    import kerasgan

    return kerasgan.models.DCGAN(**(QUICK if quick else NETWORKS)[TITLE].model)


def export(folder: Path, quick: bool) -> Found:
    """Writes the files, each proved equal to Keras, and returns how long that takes."""
    import kerasgan

    gan, found = network(quick), {}
    folder.mkdir()
    for name in FORMATS:
        start = time.perf_counter()
        getattr(kerasgan.export, name)(gan, folder / place(name))
        found[name] = time.perf_counter() - start
    return found


def large(folder: Path) -> Found:
    """The same of a network of 16.7 million weights, here untrained, that is larger than most."""
    import kerasgan

    gan = kerasgan.zoo.load(LARGE_ENTRY, weights=None)
    start = time.perf_counter()
    kerasgan.export.onnx(gan, folder / "large.onnx")
    return {"onnx": time.perf_counter() - start}


def place(name: str) -> str:
    return {"saved_model": "generator", "onnx": "generator.onnx", "litert": "generator.tflite"}[name]


def called(folder: Path, quick: bool) -> tuple[Draw, int]:
    from keras import ops

    gan = network(quick)
    return lambda latents: ops.convert_to_numpy(gan.sampler(ops.convert_to_tensor(latents), training=False)), 100


def generate(folder: Path, quick: bool) -> tuple[Draw, int]:
    gan = network(quick)
    return lambda latents: gan.generate(len(latents), seed=0), 100


def saved_model(folder: Path, quick: bool) -> tuple[Draw, int]:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder / place("saved_model")))
    serve = loaded.signatures["serving_default"]
    serve.kept = loaded  # its variables live as long as it does
    return lambda latents: serve(latents=tf.constant(latents))["images"].numpy(), 100


def onnx(folder: Path, quick: bool) -> tuple[Draw, int]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    session = onnxruntime.InferenceSession(folder / place("onnx"), options)
    return lambda latents: session.run(None, {"latents": latents})[0], 100


def litert(folder: Path, quick: bool) -> tuple[Draw, int]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(folder / place("litert")), num_threads=threads())
    run = interpreter.get_signature_runner()
    return lambda latents: run(latents=latents)["images"], 100


def threads() -> int:
    return int(os.environ["OMP_NUM_THREADS"])


WAYS = {"called": called, "generate": generate, "saved_model": saved_model, "onnx": onnx, "litert": litert}
