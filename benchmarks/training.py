"""Step time and images/s of DCGAN-64 on each installed backend, next to the same network and step in plain PyTorch.

    python benchmarks/training.py             # batch 32, width 64
    python benchmarks/training.py --quick     # a small network, to see that it runs

Each row is a process of its own. One step is one discriminator and one generator update on fresh fakes with Adam, in
float32; the plain PyTorch row is written the way its own examples are, eagerly and with torch.compile, and repeats the
same arithmetic: fresh fakes for each player, real images and fakes in separate batches through the discriminator.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

ROWS = {
    "kerasgan, TensorFlow": ("keras", "tensorflow"),
    "kerasgan, JAX": ("keras", "jax"),
    "kerasgan, PyTorch": ("keras", "torch"),
    "plain PyTorch, eager": ("plain", "torch"),
    "plain PyTorch, torch.compile": ("compiled", "torch"),
}


def keras_step(size: int, width: int, batch: int) -> Callable[[int], None]:
    """A function that runs so many steps of `fit`."""
    from kerasgan.models import DCGAN

    gan = DCGAN(image_size=size, width=width, variant="torch")
    gan.compile()

    def run(steps: int) -> None:
        # One epoch of so many batches: what `fit` does between epochs is no part of a step.
        images = np.random.default_rng(0).uniform(-1, 1, (batch * steps, size, size, 3)).astype("float32")
        gan.fit(images, batch_size=batch, verbose=0)

    return run


def torch_networks(size: int, width: int) -> tuple[Any, Any]:
    from torch import nn

    stages = size.bit_length() - 3
    up: list[nn.Module] = [nn.ConvTranspose2d(100, width * 2 ** (stages - 1), 4, bias=False)]
    down: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for stage in range(stages - 1):
        wide, narrow = width * 2 ** (stages - 1 - stage), width * 2 ** (stages - 2 - stage)
        up += [nn.BatchNorm2d(wide), nn.ReLU(), nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False)]
        convolution = nn.Conv2d(width * 2**stage, width * 2 ** (stage + 1), 4, 2, 1, bias=False)
        down += [convolution, nn.BatchNorm2d(width * 2 ** (stage + 1)), nn.LeakyReLU(0.2)]
    up += [nn.BatchNorm2d(width), nn.ReLU(), nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh()]
    down += [nn.Conv2d(width * 2 ** (stages - 1), 1, 4, bias=False), nn.Flatten()]
    return nn.Sequential(*up), nn.Sequential(*down)


def torch_step(size: int, width: int, batch: int, *, compiled: bool) -> Callable[[int], None]:
    import torch
    from torch.nn.functional import softplus

    device = "cuda" if torch.cuda.is_available() else "cpu"
    generator, discriminator = (network.to(device) for network in torch_networks(size, width))
    players = [torch.optim.Adam(n.parameters(), 2e-4, betas=(0.5, 0.999)) for n in (generator, discriminator)]
    real = torch.rand(batch, 3, size, size, device=device) * 2 - 1
    if compiled:
        generator, discriminator = torch.compile(generator), torch.compile(discriminator)

    def run(steps: int) -> None:
        for _ in range(steps):
            fake = generator(torch.randn(batch, 100, 1, 1, device=device)).detach()
            players[1].zero_grad()
            (softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean()).backward()
            players[1].step()
            players[0].zero_grad()
            fake = generator(torch.randn(batch, 100, 1, 1, device=device))
            softplus(-discriminator(fake)).mean().backward()
            players[0].step()
        if device == "cuda":
            torch.cuda.synchronize()

    return run


def measure(kind: str, arguments: argparse.Namespace) -> float:
    """Seconds per step: the median of several timings, after a warm-up that compiles."""
    size, width, batch = arguments.size, arguments.width, arguments.batch
    if kind == "keras":
        run = keras_step(size, width, batch)
    else:
        run = torch_step(size, width, batch, compiled=kind == "compiled")
    run(3)
    timings = []
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        run(arguments.steps)
        timings.append((time.perf_counter() - start) / arguments.steps)
    return float(np.median(timings))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=10, help="steps of one timing")
    parser.add_argument("--repeats", type=int, default=5, help="timings; the median counts")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--row", choices=ROWS, help="only this one, in this process")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.size, arguments.width, arguments.batch, arguments.steps, arguments.repeats = 16, 8, 8, 2, 2
    if arguments.row:
        print(measure(ROWS[arguments.row][0], arguments))
        return
    print(f"DCGAN-{arguments.size}, width {arguments.width}, batch {arguments.batch}, {os.cpu_count()} CPUs")
    print(f"{'':30}{'ms/step':>10}{'images/s':>10}")
    for row, (_, backend) in ROWS.items():
        if importlib.util.find_spec(backend) is None:
            print(f"{row:30}{'not installed':>20}")
            continue
        options = [f"--{key}={getattr(arguments, key)}" for key in ("size", "width", "batch", "steps", "repeats")]
        command = [sys.executable, __file__, *options, "--row", row]
        environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            print(f"{row:30}{'failed':>10}  {done.stderr.strip().splitlines()[-1]}")
            continue
        seconds = float(done.stdout.split()[-1])
        print(f"{row:30}{seconds * 1e3:10.1f}{arguments.batch / seconds:10.1f}", flush=True)


if __name__ == "__main__":
    main()
