"""The card of a shared model: README.md, whose YAML head the Hub shows and finds models by."""

import inspect
import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasgan.evaluation import ScoreCard
from kerasgan.files import hub
from kerasgan.files.text import in_markdown, visible
from kerasgan.metrics.features import weights_hash

if TYPE_CHECKING:
    from kerasgan.gan import GAN
    from kerasgan.zoo import Recipe

__all__ = ["measured", "written"]

# The licenses of cards by their names on the Hub; others are "other", with their own name.
LICENSES = ("apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc-by-4.0", "cc0-1.0", "mit")


def measured(gan: "GAN", folder: Path) -> ScoreCard | None:
    """The scores that `kerasgan evaluate` wrote into a folder, if it measured these very weights."""
    path = folder / "card.json"
    if not path.is_file():
        return None
    card = ScoreCard(json.loads(path.read_text(encoding="utf-8")))
    if card.content.get("weights") != weights_hash(gan.sampler):
        again = "`kerasgan evaluate` measures these"
        warnings.warn(f"{path} is left out: it was measured with other weights; {again}", stacklevel=4)
        return None
    return card


def written(
    gan: "GAN",
    recipe: "Recipe",
    folder: Path,
    scores: ScoreCard | None,
    *,
    license: str | None,
    address: str | None,
) -> str:
    """The card in Markdown.

    Args:
        gan: the model.
        recipe: its recipe.
        folder: the other files of the repository.
        scores: its measured scores.
        license: license of the weights.
        address: the repository.
    """
    head = _head(gan, recipe, scores, license).to_yaml()
    return f"---\n{head}\n---\n\n" + "\n\n".join(_sections(gan, recipe, folder, scores, license, address)) + "\n"


def _head(gan: "GAN", recipe: "Recipe", scores: ScoreCard | None, license: str | None) -> Any:
    client = hub.client()
    task = "image-to-image" if gan.task.from_images else "unconditional-image-generation"
    facts: dict[str, Any] = {}
    if license is not None:
        known = license.lower() in LICENSES
        facts |= {"license": license.lower()} if known else {"license": "other", "license_name": license}
    if (data := _data_set(recipe)) is not None:
        facts["datasets"] = [data]
    if scores is not None:
        results = [client.EvalResult(**each) for each in _results(scores, task)]
        facts |= {"model_name": recipe.name, "eval_results": results}
    tags = ["gan", "keras", recipe.family.lower(), str(gan.task)]
    return client.ModelCardData(library_name="kerasgan", pipeline_tag=task, tags=tags, **facts)


def _data_set(recipe: "Recipe") -> str | None:
    """The name of a public data set; None for a folder of one's own."""
    name = recipe.data["source"]
    if name == "tfds":
        return recipe.data.get("name")
    return None if recipe.source.tasks or recipe.source.place(recipe.data) else name


def _results(scores: ScoreCard, task: str) -> Iterator[dict[str, Any]]:
    """Each score with what it depends on, as the Hub's model-index has it."""
    content = scores.content
    data = content["data"] if "data" in content else next(iter(content["pairs"].values()))
    protocol = {key: content[key] for key in ("samples", "seeds") if key in content}
    for name, found in content["scores"].items():
        arguments = {
            "by": "kerasgan evaluate",
            "interval_95": found["interval"],
            **protocol,
            "images_sha256": data["sha256"],
        }
        arguments |= {"features": found["features"]} if found["features"] else {}
        yield {
            "task_type": task,
            "dataset_type": data["name"],
            "dataset_name": data["name"],
            "metric_type": name,
            "metric_name": name.replace("_", " "),
            "metric_value": found["mean"],
            "metric_args": arguments,
        }


def _sections(
    gan: "GAN", recipe: "Recipe", folder: Path, scores: ScoreCard | None, license: str | None, address: str | None
) -> Iterator[str]:
    yield f"# {in_markdown(recipe.name)}"
    yield from (f"![samples]({name})" for name in ("samples.png", "samples.gif") if (folder / name).is_file())
    yield f"A `kerasgan.models.{recipe.family}`. {inspect.getdoc(sys.modules[type(gan).__module__]) or ''}".strip()
    yield "## Use"
    where = address or "hf://user/repository"
    call = "gan.predict(images)  # (count, height, width, channels)" if gan.task.from_images else "gan.generate(16)"
    lines = ["import kerasgan", "", f'gan = kerasgan.load("{where}")', f"images = {call}"]
    yield "```\n" + 'pip install "kerasgan[hub]"' + "\n```"
    yield "```python\n" + "\n".join(lines) + "\n```"
    plain = where.partition("@")[0]
    yield f'With kerasgan imported, `keras.saving.load_model("{plain}")` loads it, too. Images are in [-1, 1].'
    if (folder / "onnx").is_dir():
        files = ", ".join(f"`onnx/{path.name}`" for path in sorted((folder / "onnx").iterdir()))
        yield f"For ONNX Runtime: {files}. `generator.safetensors` has the weights for other programs."
    yield "## Training"
    yield f"By `kerasgan train recipe.toml`, with the recipe in this repository.\n\n{_plain(recipe.summary)}".strip()
    if scores is not None:
        yield "## Scores"
        yield scores.to_markdown().strip()
    about = recipe.source.card_text(recipe.data)
    yield "## Data and license"
    yield "\n\n".join(filter(None, (about, f"Weights: {in_markdown(license or 'no license is stated')}.")))


def _plain(text: str) -> str:
    return visible(text.strip()).replace("<", "&lt;")  # its author's Markdown, but no HTML
