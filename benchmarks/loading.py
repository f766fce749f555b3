"""Seconds and memory until `kerasgan.load` returns: python benchmarks/loading.py [ENTRY ...]

Each measurement is a process of its own, which imports Keras first. Memory is the process' peak above what it was
then, in units of the generator's weights as float32. The file is one that this program writes in the publisher's
format, with small random numbers: it needs PyTorch, and no network. Writes benchmarks/results/loading.md.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ENTRIES = ("biggan-imagenet-128", "realesrgan-df2k-ost", "stylegan2-ffhq-256")
RESULTS = Path(__file__).with_name("results") / "loading.md"

WRITE = """
import sys
import numpy as np
import torch
from kerasgan import zoo
from kerasgan.checkpoints.openmmlab import FAMILIES
entry, path = sys.argv[1:]
gan = zoo.load(entry, weights=None)
generator = np.random.default_rng(0)
tensors = {
    prefix + place.tensor: torch.from_numpy(generator.normal(0, 0.02, place.expected_shape).astype("float32"))
    for prefix in ("generator.", "generator_ema.")[: 1 if gan.ema_generator is None else 2]
    for place in FAMILIES[type(gan).__name__].placements(gan.generator)
}
torch.save({"state_dict": tensors}, path)
gan.sampler.save_weights(sys.argv[2].replace(".pth", ".weights.h5"))
"""

LOAD = """
import json, resource, sys, time
import keras
import kerasgan
keras.ops.convert_to_numpy(keras.ops.ones(1))
entry, path = sys.argv[1:]

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

before, start = peak(), time.perf_counter()
gan = kerasgan.load(entry, weights=path)
seconds = time.perf_counter() - start
size = sum(4 * int(keras.ops.prod(weight.shape)) for weight in gan.sampler.weights)
print(json.dumps({"seconds": seconds, "memory": (peak() - before) / size, "size": size}))
"""


def run(program: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("entries", nargs="*", default=ENTRIES)
    rows = ["| entry | generator | file | seconds | peak memory, in generators |", "|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for entry in parser.parse_args().entries:
            path = Path(folder) / f"{entry}.pth"
            run(WRITE, entry, str(path))
            for file in (path, path.with_suffix(".weights.h5")):
                run(LOAD, entry, str(file))  # the file cache of the system
                found = json.loads(run(LOAD, entry, str(file)).splitlines()[-1])
                kind = "published .pth" if file is path else ".weights.h5"
                megabytes = f"{found['size'] / 1e6:.0f} MB"
                rows.append(f"| {entry} | {megabytes} | {kind} | {found['seconds']:.1f} | {found['memory']:.1f} |")
                print(rows[-1], flush=True)
                file.unlink()
    if set(parser.parse_args().entries) == set(ENTRIES):
        RESULTS.write_text("# Loading\n\n`python benchmarks/loading.py`\n\n" + "\n".join(rows) + "\n", "utf-8")


if __name__ == "__main__":
    main()
