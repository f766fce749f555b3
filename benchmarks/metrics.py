"""Processor time and memory of metrics on given features, next to torchmetrics, torch-fidelity and prdc.

    python benchmarks/metrics.py                                    # minutes; writes results/metrics.md
    python benchmarks/metrics.py --count 5000 --dimensions 256      # seconds; prints only

The features are random: the network is not measured. Every row runs in a process of its own, whose memory is its own.
"""

import argparse
import importlib
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).with_name("results") / "metrics.md"
COUNT, DIMENSIONS, BATCH = 50_000, 2048, 500
NEIGHBORS = 5000  # precision, recall, density and coverage compare all pairs: more is unusual


def batches(count: int, dimensions: int, seed: int) -> Iterator[np.ndarray]:
    """Random features, float32 (BATCH, dimensions), drawn one batch at a time so that they are never all in memory."""
    generator = np.random.default_rng(seed)
    # A few blocks used in turn with another offset: drawing would cost more than what is measured.
    blocks = generator.normal(size=(8, BATCH, dimensions)).astype("float32")
    for index in range(count // BATCH):
        yield blocks[index % 8] + np.float32(0.001 * (index // 8))


def pairs(count: int, dimensions: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    return zip(batches(count, dimensions, 0), batches(count, dimensions, 1), strict=True)


def whole(count: int, dimensions: int) -> list[np.ndarray]:
    """Both sets at once, for libraries that do not stream."""
    return [np.concatenate(list(batches(count, dimensions, seed))) for seed in (0, 1)]


# The contestants import what they measure themselves: a row's memory holds no other library.


def frechet(count: int, dimensions: int) -> float:
    metric = importlib.import_module("kerasgan.metrics").streaming.FrechetDistance()
    for real, fake in pairs(count, dimensions):
        metric.update_state(real, fake)
    return metric.result()


def frechet_torchmetrics(count: int, dimensions: int) -> float:
    """Accumulates sums in float64, as kerasgan does."""
    torch, fid = importlib.import_module("torch"), importlib.import_module("torchmetrics.image.fid")
    module = torch.nn.Identity()
    module.num_features = dimensions
    metric = fid.FrechetInceptionDistance(feature=module).set_dtype(torch.float64)
    for real, fake in pairs(count, dimensions):
        metric.update(torch.from_numpy(real), real=True)
        metric.update(torch.from_numpy(fake), real=False)
    return metric.compute()


def frechet_torch_fidelity(count: int, dimensions: int) -> float:
    """Requires all features at once."""
    torch, fid = importlib.import_module("torch"), importlib.import_module("torch_fidelity.metric_fid")
    statistics = [fid.fid_features_to_statistics(torch.from_numpy(features)) for features in whole(count, dimensions)]
    return fid.fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]


def kernel(count: int, dimensions: int) -> float:
    metric = importlib.import_module("kerasgan.metrics").streaming.KernelDistance(subset_size=min(1000, count))
    for real, fake in pairs(count, dimensions):
        metric.update_state(real, fake)
    return metric.result()


def kernel_torch_fidelity(count: int, dimensions: int) -> float:
    """A hundred random subsets of 1,000, its default."""
    torch, kid = importlib.import_module("torch"), importlib.import_module("torch_fidelity.metric_kid")
    features = [torch.from_numpy(several) for several in whole(count, dimensions)]
    found = kid.kid_features_to_metric(*features, kid_subset_size=min(1000, count), rng_seed=0, verbose=False)
    return found["kernel_inception_distance_mean"]


def coverage(count: int, dimensions: int) -> float:
    """Also precision and recall, which are computed separately."""
    metrics = importlib.import_module("kerasgan.metrics")
    real, fake = whole(min(count, NEIGHBORS), dimensions)
    metrics.precision_recall(real, fake)
    return metrics.density_coverage(real, fake).coverage


def coverage_prdc(count: int, dimensions: int) -> float:
    real, fake = whole(min(count, NEIGHBORS), dimensions)
    return importlib.import_module("prdc").compute_prdc(real, fake, nearest_k=5)["coverage"]


ROWS: dict[str, Callable[[int, int], float]] = {
    "FID, kerasgan": frechet,
    "FID, torchmetrics": frechet_torchmetrics,
    "FID, torch-fidelity": frechet_torch_fidelity,
    "KID, kerasgan": kernel,
    "KID, torch-fidelity": kernel_torch_fidelity,
    "PRDC, kerasgan": coverage,
    "PRDC, prdc": coverage_prdc,
}


class Measured(NamedTuple):
    seconds: float
    value: float
    mebibytes: float


def measured(name: str, count: int, dimensions: int) -> Measured:
    """One row, in this process; its imports are not timed, but part of its memory."""
    ROWS[name](BATCH, 8)
    start = time.process_time()  # of all threads: other work on the machine counts for little
    value = float(ROWS[name](count, dimensions))
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Measured(seconds, value, peak / 2**20 if sys.platform == "darwin" else peak / 2**10)


def cells(name: str, found: Measured, count: int) -> list[str]:
    size = 2 * (min(count, NEIGHBORS) if name.startswith("PRDC") else count)
    return [
        name,
        f"{found.seconds:.1f}",
        f"{size / found.seconds:,.0f}",
        f"{found.value:.6f}",
        f"{found.mebibytes:,.0f}",
    ]


HEADS = ("metric", "processor seconds", "features/s", "value", "peak memory, MiB")


def report(rows: list[list[str]], title: str) -> str:
    table = [HEADS, ["---"] * len(HEADS), *rows]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in table)
    return f"""# Metrics on given features

{title}. Random features, in batches of {BATCH}; FID and KID of kerasgan and FID of torchmetrics
stream them, the others hold all. PRDC (precision, recall, density, coverage) is of {NEIGHBORS:,}. KID: ours uses every
feature once, torch-fidelity draws a hundred subsets. The memory is the whole process's, Python and libraries included.
torch-fidelity imports torchvision, which these metrics do not use: if its build does not fit the installed PyTorch, an
empty module replaces it.

{lines}

Measured and written by `python benchmarks/metrics.py`.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=COUNT, help="features in each of the two sets")
    parser.add_argument("--dimensions", type=int, default=DIMENSIONS, help="of each")
    options = parser.parse_args()
    count, dimensions = max(options.count // BATCH, 1) * BATCH, options.dimensions
    title = f"2 x {count:,} features of {dimensions} on {os.cpu_count()} cores ({platform.machine()})"
    rows = []
    for name in ROWS:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            try:
                rows.append(cells(name, process.submit(measured, name, count, dimensions).result(), count))
            except ImportError as error:
                rows.append([name, "-", "-", f"not installed: {error.name}", "-"])
        print(*rows[-1], sep=" | ", flush=True)
        if (count, dimensions) == (COUNT, DIMENSIONS):
            RESULTS.write_text(report(rows, title), encoding="utf-8")
    table = Table(*HEADS, title=title)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
