"""The time that the doctor takes."""

import time

import numpy as np

from kerasgan.doctor.probe import Probe
from kerasgan.models import dcgan


def report(every: int) -> str:
    """DCGAN-64 as in the Torch code, batch 32: seconds of a step, of a probe, and their ratio at the interval."""
    gan = dcgan.DCGAN(image_size=64, variant="torch")
    gan.compile()
    images = np.random.default_rng(0).integers(0, 256, (256, 64, 64, 3), dtype="uint8")
    probe = Probe(gan, images.astype("float32") / 127.5 - 1.0)
    times: dict[str, list[float]] = {"step": [], "probe": []}
    for number in range(5):
        start = time.perf_counter()
        gan.fit(images, batch_size=32, epochs=1, verbose=0)
        middle = time.perf_counter()
        probe(number)
        times["step"].append((middle - start) / 8)
        times["probe"].append(time.perf_counter() - middle)
    step, look = (float(np.median(several[1:])) for several in times.values())  # the first ones trace
    share = look / (every * step)
    return f"step {1000 * step:.0f} ms, probe {1000 * look:.0f} ms: {share:.1%} with a probe every {every} steps"
