"""The model card of a bundle: the model, its inputs and output, how well the files agree with Keras."""

import inspect
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kerasgan import models
from kerasgan.files.text import in_markdown
from kerasgan.gan import GAN
from kerasgan.glossary import SCORES

__all__ = ["written"]

PSNR = SCORES["peak_signal_to_noise"]


def written(gan: GAN, report: Mapping[str, Any]) -> str:
    """The card in Markdown, from the report of the bundle."""
    sections = {
        f"# {in_markdown(report.get('title', report['name']))}": _about(gan, report),
        "## Inputs and output": _table(
            ("name", "shape", "type", "values"), [*map(_tensor, (*report["inputs"], report["output"]))]
        ),
        "## Files": _table(
            ("file", "opened with", "size", "mean difference", "largest difference", "PSNR", "time of a batch"),
            [_file(each) for each in report["formats"].values()],
        )
        + f"\n\n{_proof(report)}",
        "## Generate images": _commands(report),
        "## Made with": ", ".join(f"{package} {version}" for package, version in report["versions"].items()),
    }
    return "\n\n".join(f"{heading}\n\n{text}" for heading, text in sections.items()) + "\n"


def _about(gan: GAN, report: Mapping[str, Any]) -> str:
    facts = report["metadata"]
    family = getattr(models, facts["family"], type(gan))  # not of a model that one makes for a choice
    paper = inspect.getdoc(sys.modules[family.__module__]) or ""
    shown = ("precision", "truncation", "label", "noise", "direction", "kernel")
    options = {key: facts[key] for key in shown if key in facts}
    lines = [f"A generator of the family {facts['family']}, exported by kerasgan {facts['kerasgan']}.", paper]
    if "description" in report:
        lines.insert(0, report["description"])
    if options:
        lines.append("Options: " + ", ".join(f"{key} {in_markdown(value)}" for key, value in options.items()) + ".")
    lines.append(f"License of the weights: {in_markdown(facts.get('license', 'not stated'))}.")
    return "\n\n".join(line for line in lines if line)


def _tensor(each: Mapping[str, Any]) -> Sequence[str]:
    shape = "(" + ", ".join(map(str, each["shape"])) + ")"
    if "range" in each:
        return each["name"], shape, each["dtype"], "from {} to {}".format(*each["range"])
    prior = {key: value for key, value in each["prior"].items() if not isinstance(value, list)}
    return each["name"], shape, each["dtype"], ", ".join(map(in_markdown, prior.values()))


def _file(each: Mapping[str, Any]) -> Sequence[str]:
    rows = each["differences"]
    ratios = [row["psnr"] for row in rows if row["psnr"] is not None]
    times = ", ".join(f"{count}: {took:g} ms" for count, took in each["milliseconds"].items())
    mean, largest = (f"{max(row[key] for row in rows):.2g}" for key in ("mean", "max"))
    ratio = f"{min(ratios):.1f} dB" if ratios else "no loss"
    return f"`{each['path']}`", each["runtime"], f"{each['bytes'] / 2**20:.2f} MiB", mean, largest, ratio, times


def _proof(report: Mapping[str, Any]) -> str:
    batches = sorted({row["batch"] for each in report["formats"].values() for row in each["differences"]})
    shapes = {tuple(row["shape"][1:3]) for each in report["formats"].values() for row in each["differences"]}
    sizes = " and ".join(f"{height}x{width}" for height, width in sorted(shapes))
    allowed = report["allowed"]
    return (
        f"Each file was opened in its runtime and compared with Keras in batches of {', '.join(map(str, batches))}, "
        f"images of {sizes} pixels. Differences are those of values in [-1, 1]; the {allowed['statistic']} was allowed "
        f"to be {allowed['limit']:.2g}. {PSNR.short}: {PSNR.text} `export_report.json` has every "
        "number, and the sha256 of every file."
    )


def _commands(report: Mapping[str, Any]) -> str:
    text = "\n".join(f"    {each['command']}" for each in report["formats"].values())
    return (
        f"{text}\n\nRun them in this folder. The programs in `programs/` need neither kerasgan nor Keras; each says at "
        "its head what it needs, and takes the folder instead of a file, too. `samples.png` is by Keras."
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
