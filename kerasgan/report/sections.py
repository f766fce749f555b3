"""The sections of a report: evidence in, HTML out; missing evidence becomes a sentence."""

import shlex
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasgan import metrics
from kerasgan.doctor.rules import NO_TROUBLE
from kerasgan.files import pictures
from kerasgan.glossary import explained
from kerasgan.report import charts, page, proof
from kerasgan.report.charts import Band, Line, number
from kerasgan.report.evidence import Evidence
from kerasgan.report.rendering import Markup, part
from kerasgan.training import best, phases, run_folder

__all__ = ["body"]

LOSSES = ("discriminator_loss", "generator_loss")
CLOCK = ("step", "seconds")


def body(found: Evidence) -> Markup:
    """Everything between <body> and </body>."""
    parts = (
        heading,
        curves,
        doctor,
        film,
        samples,
        neighbors,
        spectrum,
        card,
        recipe,
    )
    return part("main", [section(found) for section in parts])


def heading(found: Evidence) -> Markup:
    words = [f"A {found.recipe.family}"]
    if found.columns is not None:
        done, planned = found.columns["step"][-1], found.recipe.train["steps"]
        words.append(f"{number(done)} of {number(planned)} steps")
        if "seconds" in found.columns and np.isfinite(found.columns["seconds"][-1]):
            words.append(_duration(found.columns["seconds"][-1]))
    words.append(f"sampled from {found.state.name}" if found.state else "no model yet")
    chip = _chip(found.diagnosis.verdict) if found.diagnosis else ""
    return part("heading", found.recipe.name, ", ".join(words), chip)


def curves(found: Evidence) -> Markup:
    if found.columns is None:
        return page.section("Curves", page.note(found.missing["log"]))
    step = found.columns["step"]
    losses = [Line(_plain(name), step, found.columns[name]) for name in LOSSES if name in found.columns]
    parts = [_chart(losses, title="Losses of generator and discriminator over the training", y_label="loss")]
    others = [name for name in found.columns if name not in (*LOSSES, *CLOCK)]
    for name in others:
        line = Line(_plain(name), *_known(step, found.columns[name]))
        if len(line.x):
            parts.append(_chart([line], title=f"{_plain(name)} over the training", y_label=_plain(name)))
    kept = best.found(found.run)
    return page.section("Curves", *parts, *([page.paragraph(kept)] if kept else []))


def _known(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drops the rows at which a lazy penalty was not computed, so that its curve is one line."""
    return x[~np.isnan(y)], y[~np.isnan(y)]


def _chart(lines: list[Line], *, title: str, y_label: str) -> Markup:
    values = np.concatenate([line.y[np.isfinite(line.y)] for line in lines])
    wide = len(values) > 1 and values.min() > 0 and values.max() > 1000 * np.median(values)
    drawn = charts.chart(lines, title=title, x_label="step", y_label=y_label, logarithmic=wide, smooth=True)
    scale = " The vertical axis is logarithmic." if wide else ""
    return page.figure(drawn, charts.legend([line.name for line in lines]) + scale)


def doctor(found: Evidence) -> Markup:
    if found.diagnosis is None or found.columns is None:
        return page.section("The doctor's timeline", page.note(found.missing["log"]))
    diagnosis = found.diagnosis
    first = (float(found.columns["step"][0]), np.nan)  # the score begins later: too few rows so far
    steps, scores = np.array([first, *diagnosis.timeline]).T
    bands = [Band(part.first, part.last, part.verdict, _style(part.verdict)) for part in found.segments]
    title = "How likely the training has collapsed, from its losses up to each step, and the doctor's verdict there"
    drawn = charts.chart(
        [Line("collapse", steps, scores)],
        title=title,
        x_label="step",
        y_label="collapse",
        limits=(0.0, 1.0),
        bands=bands,
        threshold=0.5,
    )
    caption = "The score at a step uses only the losses before it. From 0.5 on (dashed) a verdict names a trouble."
    if found.watched:
        caption += " The verdicts are those of the doctor of the training, which looked at samples as well."
    if diagnosis.alarm is not None:
        caption += f" The losses alone would have stopped the training at step {number(diagnosis.alarm)}."
    verdicts = [(part.verdict, f"{number(part.first)} to {number(part.last)}") for part in found.segments]
    return page.section(
        "The doctor's timeline",
        page.figure(drawn, caption),
        part("diagnosis", _chip(diagnosis.verdict), diagnosis.evidence, diagnosis.suggestion),
        proof.figure(found, diagnosis.verdict) or page.note("There are no images to show what the verdict says."),
        page.table("The verdicts that a running training would have received", ("verdict", "steps"), verdicts),
    )


def film(found: Evidence) -> Markup:
    path = found.run / "film.png"
    if not path.is_file():
        return page.section("Film strip", page.note("There is no film.png in the run folder."))
    try:
        steps = pictures.read_film(path)[1]
    except (OSError, ValueError) as error:
        return page.section("Film strip", page.note(f"film.png cannot be read: {error}"))
    alt = f"Samples of the same latents at {len(steps)} steps from {steps[0]} to {steps[-1]}, one row each"
    return page.section("Film strip", page.figure(page.picture_file(path, alt), "The same latents in every row."))


def samples(found: Evidence) -> Markup:
    if found.sample_grid is None:
        return page.section("Samples", page.note(found.missing["model"]))
    images, columns = found.sample_grid
    shown = pictures.grid(pictures.reduced(images, 128), columns=columns)
    alt = f"{len(images)} generated images in rows of {columns}"
    return page.section("Samples", page.figure(page.picture(shown, alt), "Not selected: seed 0."))


def neighbors(found: Evidence) -> Markup:
    near = found.neighbors
    if near is None:
        reason = found.missing.get("model") or found.missing.get("neighbors") or found.missing["data"]
        return page.section("Nearest training images", page.note(reason))
    pairs = np.concatenate([near.samples, near.nearest])
    count = len(near.samples)
    height = pairs.shape[1]
    side = 128 if height > 128 else height
    shown = pictures.grid(pictures.reduced(pairs / np.float32(127.5) - 1, side), columns=count)
    alt = f"{count} generated images above, and below each the training image nearest to it in pixels"
    distances = ", ".join(f"{distance:.2f}" for distance in near.distances)
    caption = f"Samples above, their nearest training images below; distances {distances}."
    sentence = (
        f"Of {near.searched:,} training images. Distances are root mean squares of pixel differences, in units of "
        f"[-1, 1], at up to 32 pixels of height. A training image is {near.usual:.2f} from the nearest other one; "
        f"{near.copies:.0%} of the samples are nearer than half of that to one, which would make them copies."
    )
    return page.section(
        "Nearest training images", page.figure(page.picture(shown, alt), caption), page.paragraph(sentence)
    )


def spectrum(found: Evidence) -> Markup:
    if found.samples is None:
        return page.section("Spectrum", page.note(found.missing["model"]))
    stacks = [("samples", found.samples)]
    if found.reals is not None:
        stacks.append(("training images", found.reals[: len(found.samples)]))
    lines = []
    for name, images in stacks:
        measured = metrics.power_spectrum(images)
        lines.append(Line(name, measured.frequencies[1:], measured.power[1:]))  # the first is the mean
    title = "Power spectrum, from coarse to fine detail"
    drawn = charts.chart(lines, title=title, x_label="cycles per pixel", y_label="power", logarithmic=True)
    caption = (
        charts.legend([line.name for line in lines]) + " Azimuthal means; beyond 0.5 cycles per pixel the corners."
    )
    parts = [page.figure(drawn, caption)]
    parts += [page.note(found.missing["data"])] if "data" in found.missing else [_finest(lines)]
    return page.section("Spectrum", *parts)


def _finest(lines: list[Line]) -> Markup:
    ours, theirs = (line.y[line.x > 0.35].mean() for line in lines)
    if not (ours > 0 and theirs > 0):
        return Markup()
    words = f"Above 0.35 cycles per pixel the samples have {ours / theirs:.2g} times the training images' power."
    return page.paragraph(words)


def card(found: Evidence) -> Markup:
    if found.card is None:
        command = f"Measure it with `kerasgan evaluate {shlex.quote(str(found.run))}`, then write the report again."
        return page.section("Score card", page.note(f"{found.missing.get('card', 'There is no card yet.')} {command}"))
    rows = [_score(name, value) for name, value in found.card["scores"].items()]
    about = {key: value for key, value in found.card.items() if key != "scores"}
    parts = [page.table("Scores", ("score", "mean", "interval", "details"), rows)]
    if about:
        parts.append(
            page.table("How they were measured", (), [(_plain(key), _text(value)) for key, value in about.items()])
        )
    meanings = [(_plain(name), text) for name, text in explained(found.card["scores"]).items()]
    parts += [page.table("What the scores mean", (), meanings)] if meanings else []
    return page.section("Score card", *parts)


def _score(name: str, value: Any) -> tuple[str, str, str, str]:
    if not isinstance(value, Mapping):
        return _plain(name), _text(value), "", ""
    interval = value.get("interval")
    between = (
        f"{_text(interval[0])} to {_text(interval[1])}" if isinstance(interval, list) and len(interval) == 2 else ""
    )
    rest = {key: item for key, item in value.items() if key not in ("mean", "interval")}
    return _plain(name), _text(value.get("mean", "")), between, _text(rest)


def recipe(found: Evidence) -> Markup:
    sections = {"model": found.recipe.model, "data": found.recipe.data, "train": found.recipe.train}
    rows = [(f"{name} {_plain(key)}", _text(value)) for name, part in sections.items() for key, value in part.items()]
    command = f"kerasgan train {shlex.quote(str(found.recipe.path))} -o ANOTHER"
    settings = page.table("Settings as they were trained", (), rows)
    return page.section("Recipe", settings, page.paragraph(f"Train it again: `{command}`"), *_phases(found))


def _phases(found: Evidence) -> list[Markup]:
    """A table of where the run went on with another recipe or other data, if it did."""
    later = phases.of_run(run_folder.read_record(found.run))
    rows = [(str(index), number(phase["step"]), phase["changed"]) for index, phase in enumerate(later, 2)]
    return [page.table("Phases after the first", ("phase", "from step", "changed"), rows)] if rows else []


def _text(value: Any, *, inner: bool = False) -> str:
    if isinstance(value, Mapping):
        words = ", ".join(f"{_plain(str(key))} {_text(item, inner=True)}" for key, item in value.items())
        return f"({words})" if inner else words
    if isinstance(value, list | tuple):
        return ", ".join(_text(item, inner=len(value) > 1) for item in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _style(verdict: str) -> str:
    return "good" if verdict == "healthy" else "open" if verdict in NO_TROUBLE else "bad"


def _chip(verdict: str) -> Markup:
    return part("chip", verdict, _style(verdict))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
