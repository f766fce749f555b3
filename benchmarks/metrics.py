"""Processor time and memory of metrics on given features and images, next to other libraries.

    python benchmarks/metrics.py                                    # minutes; writes results/metrics.md
    python benchmarks/metrics.py --count 5000 --dimensions 256      # seconds; prints only
    python benchmarks/metrics.py --only PRDC                        # rows whose name contains this; prints only
    python benchmarks/metrics.py --only "end to end"                # the last section; prints only

The others are torchmetrics, torch-fidelity, prdc, scikit-image and scikit-learn. Features and images are random: no
feature network is measured, except in the last section, where a bundled generator's samples are scored end to end.
Every row runs in a process of its own, whose memory is its own.
"""

import argparse
import contextlib
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
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

GENERATOR, FEATURES = "dcgan-fashion-mnist", "fashion"
RESULTS = Path(__file__).with_name("results") / "metrics.md"
COUNT, DIMENSIONS, BATCH = 50_000, 2048, 500
CLASSES = 1000  # of the Inception score
IMAGES, SIDE = 64, 256  # pairs of images, and their pixels
SAMPLES, POINTS, PIXELS = 10_000, 1000, 784  # of the Parzen window, as in the first GAN papers
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
    metric = fid.FrechetInceptionDistance(feature=identity(dimensions)).set_dtype(torch.float64)
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


def kernel_torchmetrics(count: int, dimensions: int) -> float:
    """A hundred random subsets of 1,000, its default."""
    torch, kid = importlib.import_module("torch"), importlib.import_module("torchmetrics.image.kid")
    metric = kid.KernelInceptionDistance(feature=identity(dimensions), subset_size=min(1000, count))
    for real, fake in pairs(count, dimensions):
        metric.update(torch.from_numpy(real), real=True)
        metric.update(torch.from_numpy(fake), real=False)
    return metric.compute()[0]


def identity(dimensions: int) -> Any:
    """A network of torchmetrics that takes features for images."""
    module = importlib.import_module("torch").nn.Identity()
    module.num_features = dimensions
    return module


def coverage(count: int, dimensions: int) -> float:
    """All four; the neighbors are shared, as in a score card."""
    metrics, neighbors = (importlib.import_module(f"kerasgan.metrics{part}") for part in ("", ".neighbors"))
    real, fake = (neighbors.Neighbors(each) for each in whole(min(count, NEIGHBORS), dimensions))
    metrics.precision_recall(real, fake)
    return metrics.density_coverage(real, fake).coverage


def coverage_prdc(count: int, dimensions: int) -> float:
    real, fake = whole(min(count, NEIGHBORS), dimensions)
    return importlib.import_module("prdc").compute_prdc(real, fake, nearest_k=5)["coverage"]


def precision(count: int, dimensions: int) -> float:
    real, fake = whole(min(count, NEIGHBORS), dimensions)
    return importlib.import_module("kerasgan.metrics").precision_recall(real, fake).precision


def precision_torch_fidelity(count: int, dimensions: int) -> float:
    torch, prc = importlib.import_module("torch"), importlib.import_module("torch_fidelity.metric_prc")
    real, fake = (torch.from_numpy(each) for each in whole(min(count, NEIGHBORS), dimensions))
    return prc.prc_features_to_metric(real, fake, prc_neighborhood=3, verbose=False)["precision"]


def inception(count: int, dimensions: int) -> float:
    """Of logits, as the others: the softmax is part of it."""
    metric = importlib.import_module("kerasgan.metrics").streaming.InceptionScore()
    softmax = importlib.import_module("scipy.special").softmax
    for logits in batches(count, CLASSES, 0):
        metric.update_state(softmax(logits, axis=1))
    return metric.result()


def inception_torchmetrics(count: int, dimensions: int) -> float:
    torch, module = importlib.import_module("torch"), importlib.import_module("torchmetrics.image.inception")
    metric = module.InceptionScore(feature=identity(CLASSES))
    for logits in batches(count, CLASSES, 0):
        metric.update(torch.from_numpy(logits))
    return metric.compute()[0]


def inception_torch_fidelity(count: int, dimensions: int) -> float:
    torch, isc = importlib.import_module("torch"), importlib.import_module("torch_fidelity.metric_isc")
    logits = torch.from_numpy(np.concatenate(list(batches(count, CLASSES, 0))))
    found = isc.isc_features_to_metric(logits, splits=10, shuffle=True, rng_seed=0)
    return found["inception_score_mean"]


def stacks(count: int) -> list[np.ndarray]:
    """Two stacks of images in [0, 1], float32, that differ by noise."""
    generator = np.random.default_rng(0)
    images = generator.random((IMAGES if count > BATCH else 2, SIDE, SIDE, 3), dtype="float32")
    return [images, (images + 0.2 * generator.random(images.shape, dtype="float32")) / 1.2]


def of_images(name: str, count: int) -> float:
    function = getattr(importlib.import_module("kerasgan.metrics"), name)
    return function(*(2 * images - 1 for images in stacks(count))).mean()


def of_images_torchmetrics(name: str, count: int) -> float:
    torch, functional = (
        importlib.import_module("torch"),
        importlib.import_module("torchmetrics.functional.image"),
    )
    first, second = (torch.from_numpy(images).permute(0, 3, 1, 2).contiguous() for images in stacks(count))
    each = {"reduction": "none", "dim": (1, 2, 3)} if name == "peak_signal_noise_ratio" else {}
    return getattr(functional, name)(first, second, data_range=1.0, **each).mean()


def of_images_skimage(name: str, count: int) -> float:
    function, options = getattr(importlib.import_module("skimage.metrics"), name), {}
    if name == "structural_similarity":
        options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "channel_axis": -1}
    return np.mean([function(*pair, data_range=1.0, **options) for pair in zip(*stacks(count))])


def window(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples and points of a Parzen window of deviation 0.2."""
    generator = np.random.default_rng(0)
    sizes = (SAMPLES, POINTS) if count > BATCH else (100, 10)
    samples, points = (generator.random((size, PIXELS), dtype="float32") for size in sizes)
    return samples, points


def parzen(count: int, dimensions: int) -> float:
    metrics = importlib.import_module("kerasgan.metrics")
    return metrics.parzen_log_density(*window(count), sigma=0.2).mean()


def parzen_sklearn(count: int, dimensions: int) -> float:
    samples, points = window(count)
    density = importlib.import_module("sklearn.neighbors").KernelDensity(bandwidth=0.2)
    return density.fit(samples).score_samples(points).mean()


ROWS: dict[str, Callable[[int, int], float]] = {
    "FID, kerasgan": frechet,
    "FID, torchmetrics": frechet_torchmetrics,
    "FID, torch-fidelity": frechet_torch_fidelity,
    "KID, kerasgan": kernel,
    "KID, torchmetrics": kernel_torchmetrics,
    "KID, torch-fidelity": kernel_torch_fidelity,
    "IS, kerasgan": inception,
    "IS, torchmetrics": inception_torchmetrics,
    "IS, torch-fidelity": inception_torch_fidelity,
    "PRDC, kerasgan": coverage,
    "PRDC, prdc": coverage_prdc,
    "PR, kerasgan": precision,
    "PR, torch-fidelity": precision_torch_fidelity,
    "SSIM, kerasgan": lambda count, _: of_images("structural_similarity", count),
    "SSIM, torchmetrics": lambda count, _: of_images_torchmetrics("structural_similarity_index_measure", count),
    "SSIM, scikit-image": lambda count, _: of_images_skimage("structural_similarity", count),
    "MS-SSIM, kerasgan": lambda count, _: of_images("multiscale_similarity", count),
    "MS-SSIM, torchmetrics": lambda count, _: of_images_torchmetrics(
        "multiscale_structural_similarity_index_measure", count
    ),
    "PSNR, kerasgan": lambda count, _: of_images("peak_signal_to_noise", count),
    "PSNR, torchmetrics": lambda count, _: of_images_torchmetrics("peak_signal_noise_ratio", count),
    "PSNR, scikit-image": lambda count, _: of_images_skimage("peak_signal_noise_ratio", count),
    "Parzen, kerasgan": parzen,
    "Parzen, scikit-learn": parzen_sklearn,
}


def end_to_end(count: int) -> dict[str, float]:
    """Processor seconds of each part of scoring so many samples of a bundled generator, and peak memory in MiB."""
    kerasgan = importlib.import_module("kerasgan")
    gan, features = kerasgan.load(GENERATOR), kerasgan.metrics.features.feature_network(FEATURES).features
    reals = features(kerasgan.data.fashion_mnist(split="test").images())
    streaming = kerasgan.metrics.streaming
    frechet, coverage = streaming.FrechetDistance(), streaming.DensityCoverage(reals)
    frechet.reals.update(reals)
    latents = gan.prior.draw(count, gan.latent_dim, 0)
    taken = dict.fromkeys(("networks", "around them", "FID", "density and coverage"), 0.0)
    with clocked(type(gan.sampler), taken):
        features(gan.generate(latents=latents[:BATCH]))  # first calls take longer
        taken["networks"] = 0.0
        for start in range(0, count, BATCH):
            clock = [time.process_time()]
            rows = features(gan.generate(latents=latents[start : start + BATCH]))
            clock.append(time.process_time())
            frechet.update_state(None, rows)
            clock.append(time.process_time())
            coverage.update_state(rows)
            clock.append(time.process_time())
            for part, seconds in zip(list(taken)[1:], np.diff(clock)):
                taken[part] += seconds
    clock = [time.process_time()]
    found = float(frechet.result())
    clock.append(time.process_time())
    coverage.result()
    taken["FID"] += clock[1] - clock[0]
    taken["density and coverage"] += time.process_time() - clock[1]
    taken["around them"] -= taken["networks"]
    return {**taken, "value": found, "mebibytes": peak()}


@contextlib.contextmanager
def clocked(kind: Any, taken: dict[str, float]) -> Iterator[None]:
    """Adds the processor time of calls of a kind of network to "networks"."""
    own = {name: getattr(kind, name) for name in ("__call__", "predict_on_batch")}
    inside: list[str] = []  # one calls the other

    def clock(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            start = time.process_time()
            inside.append(name)
            try:
                return own[name](*arguments, **options)
            finally:
                inside.pop()
                taken["networks"] += 0.0 if inside else time.process_time() - start

        return call

    for name in own:
        setattr(kind, name, clock(name))
    try:
        yield
    finally:
        for name, method in own.items():
            setattr(kind, name, method)


class Measured(NamedTuple):
    seconds: float
    value: float
    mebibytes: float


def measured(name: str, count: int, dimensions: int) -> Measured:
    """One row, in this process; its imports are not timed, but part of its memory."""
    ROWS[name](BATCH, 8)
    start = time.process_time()  # of all threads: other work on the machine counts for little
    value = float(ROWS[name](count, dimensions))
    return Measured(time.process_time() - start, value, peak())


def peak() -> float:
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found / 2**20 if sys.platform == "darwin" else found / 2**10


def cells(name: str, found: Measured) -> list[str]:
    return [name, f"{found.seconds:.2f}", f"{found.value:.6f}", f"{found.mebibytes:,.0f}"]


HEADS = ("metric", "processor seconds", "value", "peak memory, MiB")


END_TO_END = f"""## {COUNT:,} samples end to end

Drawn by {GENERATOR}, whose generator and feature network are small, and compared with the 10,000 test images; seconds
of the processor. "Networks" are the calls of both, "around them" arrays, batches and checks. Density and coverage
compare all fakes with all reals: beside networks this small they take a share that they do not beside others."""


def ended(parts: dict[str, float], count: int) -> str:
    """The table of `end_to_end`."""
    names = ("networks", "around them", "FID", "density and coverage")
    heads = ["samples", *names, "all but networks, for FID", "peak memory, MiB"]
    rest = (parts["around them"] + parts["FID"]) / sum(parts[name] for name in names[:3])
    row = [f"{count:,}", *(f"{parts[name]:.1f} s" for name in names), f"{rest:.1%}", f"{parts['mebibytes']:,.0f}"]
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, ["---"] * len(heads), row))


def report(rows: list[list[str]], title: str, parts: dict[str, float]) -> str:
    table = [HEADS, ["---"] * len(HEADS), *rows]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in table)
    return f"""# Metrics on given features and images

{title}. Random features, in batches of {BATCH}; FID, KID and IS of
kerasgan and FID and IS of torchmetrics stream them, the others hold all. KID: ours uses every feature once, the others
draw a hundred subsets. IS is of {CLASSES:,} logits. PRDC (precision, recall, density, coverage) and PR (its first two)
are of {NEIGHBORS:,}. SSIM, MS-SSIM and PSNR compare {IMAGES} pairs of {SIDE}x{SIDE} pixels in three colors, Parzen
{POINTS:,} points with {SAMPLES:,} samples of {PIXELS}. Sliced Wasserstein, memorization, mode coverage and spectra have
no peer here; LPIPS and path length are their networks. The memory is the whole process's, Python and libraries
included. Processor time is of all threads: other work on the machine counts for little. torch-fidelity imports
torchvision, which these metrics do not use: an empty module can take its place where its build does not fit PyTorch.

{lines}

{END_TO_END}

{ended(parts, COUNT)}

Measured and written by `python benchmarks/metrics.py`.
"""


def alone(function: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a function in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=COUNT, help="features in each of the two sets")
    parser.add_argument("--dimensions", type=int, default=DIMENSIONS, help="of each")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    options = parser.parse_args()
    count, dimensions = max(options.count // BATCH, 1) * BATCH, options.dimensions
    title = f"2 x {count:,} features of {dimensions} on {os.cpu_count()} cores ({platform.machine()})"
    rows = []
    for name in [name for name in ROWS if options.only in name]:
        try:
            rows.append(cells(name, alone(measured, name, count, dimensions)))
        except ImportError as error:
            rows.append([name, "-", f"not installed: {error.name}", "-"])
        print(*rows[-1], sep=" | ", flush=True)
    if options.only and options.only not in "end to end":
        return
    parts = alone(end_to_end, count)
    print(ended(parts, count))
    if options.only:
        return
    if (count, dimensions) == (COUNT, DIMENSIONS):
        RESULTS.write_text(report(rows, title, parts), encoding="utf-8")
    table = Table(*HEADS, title=title)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
