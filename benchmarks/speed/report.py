"""What the rows measured as tables, for the terminal and for results/speed.md."""

import importlib.metadata
import os
import platform
from collections.abc import Callable
from pathlib import Path

from networks import NETWORKS, PAPER, PUBLISHED
from rows import Found
from sampling import LARGE
from training import BASELINE, CONTESTANTS

PACKAGES = ("keras", "tensorflow", "jax", "torch", "onnxruntime", "ai-edge-litert")
CURVES = "speed-scaling.svg"
Kept = dict[str, dict[str, Found]]


def machine(threads: int, dtype: str) -> str:
    """What the numbers belong to."""
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"no {package}")
    cores = f"{threads} of {os.cpu_count()} cores" if threads != os.cpu_count() else f"{threads} cores"
    return (
        f"{accelerator() or processor()}, {cores}, {dtype}; Python {platform.python_version()}, {', '.join(versions)}"
    )


def processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.machine())


def accelerator() -> str | None:
    """The GPU's name, if NVIDIA's driver states it."""
    files = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    lines = files[0].read_text().splitlines() if files else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("Model")), None)


def markdown(kept: Kept, heading: str) -> str:
    parts = [f"# Speed\n\n{heading}. Every row has a process, and a memory, of its own; times are medians."]
    parts += [SECTIONS[name](kept[name]) for name in SECTIONS if name in kept]
    return "\n\n".join([*parts, "Measured and written by `python benchmarks/speed`.\n"])


def training(found: dict[str, Found]) -> str:
    text = """## Training steps

A step is one of `fit`, as the family's paper trains; the plain PyTorch networks have as many weights, and the same
updates and penalties. "Against eager" is how many times as fast as that row, "of the rate" which share of the largest
rate of this machine{rate} that is, by the operations of convolutions and products in the eager row's step. "First"
is how long the first steps take, tracing and compilation included."""
    product = found.get("matrix product", {}).get("rate")
    parts = [text.format(rate=f" ({product / 1e9:,.0f} GFLOP/s)" if product else "")]
    for title in NETWORKS | PAPER:
        several = {name: found[f"{title}, {name}"] for name in CONTESTANTS if f"{title}, {name}" in found}
        if several:
            eager = several.get(BASELINE, {})
            lines = [training_cells(name, each, eager, product) for name, each in several.items()]
            if title in PUBLISHED:
                name, least, most = PUBLISHED[title]
                lines.append([name, "", f"{least:.1f} to {most:.1f}", *[""] * 4])
            heads = ["", "ms/step", "images/s", "against eager", "of the rate", "first, s", "memory, MiB"]
            parts.append(f"### {caption(title, several, eager)}\n\n{table(heads, lines)}")
    return "\n\n".join(parts)


def caption(title: str, several: dict[str, Found], eager: Found) -> str:
    one = next((each for each in several.values() if "batch" in each), None)
    if one is None:
        return title
    weights = f"{one['generator'] / 1e6:.1f} and {one['discriminator'] / 1e6:.1f} million weights"
    work = f", {eager['operations'] / 1e9:,.0f} GFLOP a step" if "operations" in eager else ""
    return f"{title}: batch {one['batch']}, {weights}{work}"


def training_cells(name: str, found: Found, eager: Found, product: float | None) -> list[str]:
    if "failed" in found:
        return [name, "failed", found["failed"], "", "", "", ""]
    step = found["step"]
    against = f"{eager['step'] / step:.2f}" if "step" in eager else ""
    share = f"{eager['operations'] / step / product:.0%}" if product and "operations" in eager else ""
    rates = [f"{step * 1e3:,.0f}" if step > 0.1 else f"{step * 1e3:,.1f}", f"{found['batch'] / step:.1f}"]
    return [name, *rates, against, share, f"{found['warm_up']:.1f}", f"{found['mebibytes']:,.0f}"]


def scaling(found: dict[str, Found]) -> str:
    text = f"""## Scaling

A training step of DCGAN on TensorFlow: batches of 64-pixel images, images of several sizes in batches of 16, and
processes that train together over the loopback interface, with one thread and 16 images of 64 pixels each. The picture
shows images a second.

![Images a second by batch size, image size and processes]({CURVES})"""
    lines = []
    for name, each in good(found):
        numbers = f"{each['step'] * 1e3:,.0f}", f"{each['batch'] / each['step']:.1f}", f"{each['mebibytes']:,.0f}"
        lines.append([name, f"{each['batch']}", *numbers])
    failed = "".join(f"\n\n{name}: {each['failed']}." for name, each in found.items() if "failed" in each)
    return f"{text}\n\n{table(['', 'batch', 'ms/step', 'images/s', 'memory, MiB'], lines)}{failed}"


def sampling(found: dict[str, Found]) -> str:
    text = """## Sampling

Milliseconds from latents in a NumPy array to images in one, DCGAN-64. The rows of the exported files load nothing but
their runtime."""
    written = found.get("written", {}) | {LARGE: found.get(LARGE, {}).get("onnx")}
    several = {name: each for name, each in found.items() if name not in ("written", LARGE)}
    heads = ["", "batch 1", "batch 32", "memory, MiB"]
    lines = []
    for name, each in several.items():
        if "failed" in each:
            lines.append([name, "failed", each["failed"], ""])
            continue
        lines.append([name, *(f"{each[key] * 1e3:.2f}" for key in heads[1:3]), f"{each['mebibytes']:,.0f}"])
    seconds = [f"{name} {value:.1f} s" for name, value in written.items() if name != "mebibytes" and value]
    export = f"\n\nWriting and proving the files: {', '.join(seconds)}." if "failed" not in written and seconds else ""
    return f"{text}\n\n{table(heads, lines)}{export}"


def loading(found: dict[str, Found]) -> str:
    text = """## Loading

Images a second from a folder of 128-pixel JPEGs, resized with antialiasing to 128 or 64 pixels, shuffled, float32 in
[-1, 1], in batches of 64."""
    heads = ["", "first epoch", "later epochs", "memory, MiB"]
    cells = {name: [f"{each[key]:,.0f}" for key in ("first", "later", "mebibytes")] for name, each in good(found)}
    return f"{text}\n\n{table(heads, [[name, *several] for name, several in cells.items()])}"


def start(found: dict[str, Found]) -> str:
    text = """## Start

From the command to its end, in a new process each, and the processor time of all threads. `kerasgan generate` leaves
out what TensorFlow and Keras import without need. It does not draw by ONNX
Runtime, which would save all of TensorFlow: the package would hold every network's weights twice, 28 MB more, as files
whose images differ from Keras' in rounding, beside a second way to draw which only samples take. Files kept by a first
call would cost that call an export."""
    lines = [
        [name, f"{each['seconds']:.2f}", f"{each['processor']:.2f}" if "processor" in each else ""]
        for name, each in good(found)
    ]
    return f"{text}\n\n{table(['', 'seconds', 'processor seconds'], lines)}"


def good(found: dict[str, Found]) -> list[tuple[str, Found]]:
    return [(name, each) for name, each in found.items() if "failed" not in each]


def table(heads: list[str], lines: list[list[str]]) -> str:
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


SECTIONS: dict[str, Callable[[dict[str, Found]], str]] = {
    "training": training,
    "scaling": scaling,
    "sampling": sampling,
    "loading": loading,
    "start": start,
}
