"""Time and memory of metrics on one set of features: python benchmarks/metrics.py [--count 50000] [--dimensions 2048].

Next to torchmetrics and torch-fidelity where they are installed. The features are random: the network is not measured.
"""

import argparse
import importlib
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
from rich.console import Console
from rich.table import Table

from kerasgan import metrics
from kerasgan.metrics import streaming

BATCH = 500


def batches(count: int, dimensions: int, seed: int) -> Iterator[np.ndarray]:
    """Random features, float32 (BATCH, dimensions), drawn as they are asked for so that nobody holds all of them."""
    generator = np.random.default_rng(seed)
    # A few blocks used in turn with another offset: drawing would cost more than what is measured.
    blocks = generator.normal(size=(8, BATCH, dimensions)).astype("float32")
    for index in range(count // BATCH):
        yield blocks[index % 8] + np.float32(0.001 * (index // 8))


def peak_mebibytes() -> float:
    """Largest memory of this process so far, Python and libraries included."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def timed(work: Callable[[], float]) -> tuple[float, float]:
    """Seconds, and what came out."""
    start = time.perf_counter()
    value = work()
    return time.perf_counter() - start, float(value)


def ours(count: int, dimensions: int) -> float:
    """FID of two streams by kerasgan."""
    metric = streaming.FrechetDistance()
    for real, fake in zip(batches(count, dimensions, 0), batches(count, dimensions, 1), strict=True):
        metric.update_state(real, fake)
    return metric.result()


def torchmetrics_fid(count: int, dimensions: int) -> float:
    """FID of two streams by torchmetrics, which also gathers sums in float64."""
    torch, fid = importlib.import_module("torch"), importlib.import_module("torchmetrics.image.fid")
    module = torch.nn.Identity()
    module.num_features = dimensions
    metric = fid.FrechetInceptionDistance(feature=module).set_dtype(torch.float64)
    for real, fake in zip(batches(count, dimensions, 0), batches(count, dimensions, 1), strict=True):
        metric.update(torch.from_numpy(real), real=True)
        metric.update(torch.from_numpy(fake), real=False)
    return metric.compute()


def torch_fidelity_fid(count: int, dimensions: int) -> float:
    """FID by torch-fidelity, which takes all features at once."""
    torch, fid = importlib.import_module("torch"), importlib.import_module("torch_fidelity.metric_fid")
    statistics = [
        fid.fid_features_to_statistics(torch.from_numpy(np.concatenate(list(batches(count, dimensions, seed)))))
        for seed in (0, 1)
    ]
    return fid.fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]


def kid(count: int, dimensions: int) -> float:
    """KID by kerasgan, as many subsets of 1,000 as the features give."""
    metric = streaming.KernelDistance(subset_size=min(1000, count))
    for real, fake in zip(batches(count, dimensions, 0), batches(count, dimensions, 1), strict=True):
        metric.update_state(real, fake)
    return metric.result()


def neighbours(count: int, dimensions: int, *, theirs: bool) -> float:
    """Coverage of up to 5,000 features, by kerasgan or by prdc."""
    size = min(count, 5000)
    reals, fakes = (np.concatenate(list(batches(size, dimensions, seed))) for seed in (0, 1))
    if theirs:
        return importlib.import_module("prdc").compute_prdc(reals, fakes, nearest_k=5)["coverage"]
    metrics.precision_recall(reals, fakes)
    return metrics.density_coverage(reals, fakes).coverage


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50_000, help="features in each of the two sets")
    parser.add_argument("--dimensions", type=int, default=2048, help="of each")
    options = parser.parse_args()
    count, dimensions = max(options.count // BATCH, 1) * BATCH, options.dimensions
    table = Table("metric", "seconds", "features/s", "value", "peak memory so far, MiB")
    table.title = f"2 x {count:,} features of {dimensions}, {os.cpu_count()} cores"
    rows: list[tuple[str, Callable[[], float], int]] = [
        ("FID, kerasgan", lambda: ours(count, dimensions), count),
        ("KID, kerasgan", lambda: kid(count, dimensions), count),
        ("PRDC, kerasgan", lambda: neighbours(count, dimensions, theirs=False), min(count, 5000)),
        ("PRDC, prdc", lambda: neighbours(count, dimensions, theirs=True), min(count, 5000)),
        ("FID, torchmetrics", lambda: torchmetrics_fid(count, dimensions), count),
        ("FID, torch-fidelity", lambda: torch_fidelity_fid(count, dimensions), count),
    ]
    for name, work, size in rows:
        try:
            seconds, value = timed(work)
        except ImportError as error:
            table.add_row(name, "-", "-", f"not installed: {error.name}", "-")
            continue
        table.add_row(name, f"{seconds:.1f}", f"{2 * size / seconds:,.0f}", f"{value:.6f}", f"{peak_mebibytes():,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
