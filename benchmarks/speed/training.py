"""Training steps of four families: `fit` on each backend, and plain PyTorch, eagerly and with `torch.compile`.

A step is what `fit` does with a batch: an update of the discriminator, one of the generator if it is due, and the
penalties that are due. A timing covers a multiple of these intervals, so that each kind of update has its share.
"""

import contextlib
import functools
import importlib
import statistics
import time
from collections.abc import Callable
from typing import Any

from networks import NETWORKS, PAPER, QUICK, Setting
from rows import Found, Row

BASELINE = "plain PyTorch, eager"
CONTESTANTS = {
    "kerasgan, TensorFlow": ("kerasgan", "tensorflow"),
    "kerasgan, JAX": ("kerasgan", "jax"),
    "kerasgan, PyTorch": ("kerasgan", "torch"),
    BASELINE: ("eager", "torch"),
    "plain PyTorch, torch.compile": ("compiled", "torch"),
}


def rows(options: Any) -> list[Row]:
    made = []
    for title in PAPER if options.paper else NETWORKS:
        for contestant, (kind, backend) in CONTESTANTS.items():
            own = {"title": title, "kind": kind, "quick": options.quick, "seconds": options.seconds}
            own |= {"dtype": options.dtype}
            made.append(Row("training", f"{title}, {contestant}", own, backend, options.threads))
    return [Row("training", "matrix product", {"kind": "product", "dtype": options.dtype}, "", options.threads), *made]


def measure(kind: str, dtype: str, title: str = "", quick: bool = False, seconds: float = 0.0) -> Found:
    if kind == "product":
        return {"rate": matrix_rate(dtype)}
    setting = (QUICK if quick else NETWORKS | PAPER)[title]
    if kind == "kerasgan":
        run, found = kerasgan_steps(setting, dtype)
    else:
        run, found = torch_steps(setting, dtype, compiled=kind == "compiled")
    return {**timed(run, setting, seconds=seconds), "batch": setting.batch, **found}


def timed(run: Callable[[int], None], setting: Setting, *, seconds: float = 0.0, least: int = 5) -> Found:
    """The median of the time of a step, over timings that take so long in total, and that of the first steps."""
    start = time.perf_counter()
    run(setting.warm_up)
    found = {"warm_up": time.perf_counter() - start}
    timings: list[float] = []
    while len(timings) < least or sum(timings) < seconds:
        start = time.perf_counter()
        run(setting.steps)
        timings.append(time.perf_counter() - start)
    return {"step": statistics.median(timings) / setting.steps, **found}


def kerasgan_steps(setting: Setting, dtype: str) -> tuple[Callable[[int], None], Found]:
    """A function that runs so many steps of `fit`, as the family's paper trains, and the networks' sizes."""
    import keras
    import numpy as np

    import kerasgan

    keras.config.set_dtype_policy("float32" if dtype == "float32" else f"mixed_{dtype}")
    gan = getattr(kerasgan.models, setting.family)(**setting.model)
    gan.compile()

    most = max(setting.steps, setting.warm_up) * setting.batch
    domains = 2 if gan.task.from_images else 1
    shape = (domains, most, *gan.image_shape)
    images = np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")

    def run(steps: int) -> None:
        # One epoch of so many batches: what `fit` does between epochs is no part of a step.
        gan.fit(*images[:, : steps * setting.batch], batch_size=setting.batch, verbose=0)

    weights = {name: getattr(gan, name).trainable_weights for name in ("generator", "discriminator")}
    return run, {name: sum(int(np.prod(each.shape)) for each in several) for name, several in weights.items()}


def torch_steps(setting: Setting, dtype: str, *, compiled: bool) -> tuple[Callable[[int], None], Found]:
    """The same for the counterpart; eagerly, the operations of its convolutions and products are counted too."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    counterpart = importlib.import_module(f"counterparts.{setting.family.lower()}")
    sizes_stay = functools.partial(torch.compile, dynamic=False)
    trainer = counterpart.trainer(
        setting.batch, sizes_stay if compiled else lambda network: network, device, **setting.model
    )
    done = 0

    def run(steps: int) -> None:
        nonlocal done
        reduced = dtype != "float32"
        with torch.autocast(device, getattr(torch, dtype)) if reduced else contextlib.nullcontext():
            for _ in range(steps):
                trainer.step(done)
                done += 1
        if device == "cuda":
            torch.cuda.synchronize()

    networks = {"generator": trainer.generator, "discriminator": trainer.discriminator}
    found: Found = {name: sum(each.numel() for each in network.parameters()) for name, network in networks.items()}
    if not compiled:
        found["operations"] = operations(lambda: run(setting.steps)) / setting.steps
    return run, found


def operations(work: Callable[[], None]) -> int:
    """Multiplications and additions of the convolutions and products of PyTorch's that `work` runs."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import flop_registry

    class Counter(TorchDispatchMode):  # PyTorch's own follows modules too, and fails where gradients are differentiated
        total = 0

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            value = function(*args, **(kwargs or {}))
            count = flop_registry.get(function._overloadpacket)
            self.total += count(*args, **(kwargs or {}), out_val=value) if count else 0
            return value

    with Counter() as counter:
        work()
    return counter.total


def matrix_rate(dtype: str) -> float:
    """Operations a second of the better of a product of large matrices and a convolution of 512 channels.

    On processors other than Intel's, PyTorch's products are half as fast as its convolutions.
    """
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    size, images = (8192, 64) if device == "cuda" else (1024, 4)
    options = {"device": device, "dtype": getattr(torch, dtype)}
    left, right = (torch.randn(size, size, **options) for _ in range(2))
    maps, kernel = torch.randn(images, 512, 32, 32, **options), torch.randn(512, 512, 3, 3, **options)

    def rate(work: Callable[[], Any], additions: int) -> float:
        work()
        timings = []
        for _ in range(5):
            start = time.perf_counter()
            for _ in range(5):
                work()
            if device == "cuda":
                torch.cuda.synchronize()
            timings.append(time.perf_counter() - start)
        return 5 * 2 * additions / min(timings)  # a multiplication to each addition

    product = rate(lambda: left @ right, size**3)
    convolution = rate(lambda: torch.nn.functional.conv2d(maps, kernel, padding=1), maps.numel() * 512 * 9)
    return max(product, convolution)
