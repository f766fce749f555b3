"""`kerasgan convert`: a published checkpoint as a recipe with its weights, or as a `.weights.h5`, and as exports."""

import hashlib
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasgan.cli.arguments import parts, recipe_of
from kerasgan.cli.export import FORMATS, known_formats
from kerasgan.cli.startup import start_keras
from kerasgan.files.paths import local
from kerasgan.files.toml import table, write_sections, write_text
from kerasgan.files.weights import save_weights

if TYPE_CHECKING:
    from kerasgan.checkpoints import Report
    from kerasgan.gan import GAN
    from kerasgan.zoo import Recipe

__all__ = ["convert", "convert_checkpoint", "write_folder"]

ENDING = "weights.h5"
EXPORTS = "export"  # the folder of exported files, in the output

Formats = Annotated[
    str | None,
    typer.Option("--formats", "--format", callback=known_formats, help=f"Export too, to some of {', '.join(FORMATS)}."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="An argument of the model, such as image_size=128; repeatable."),
]


def convert(
    file: Annotated[Path, typer.Argument(help="A published checkpoint, such as a .pth file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write, or a file that ends in weights.h5.")],
    entry: Annotated[
        str | None, typer.Option(help="An entry or recipe.toml of its architecture; found if not given.")
    ] = None,
    formats: Formats = None,
    family: Annotated[str | None, typer.Option(help="The family, where several have such files.")] = None,
    channel_order: Annotated[
        str | None,
        typer.Option(help="Order of the colors in the checkpoint, rgb or bgr, where its publisher has both."),
    ] = None,
    settings: Settings = None,
    license: Annotated[str | None, typer.Option(help="License of the weights, which the recipe then states.")] = None,
) -> None:
    """Convert a published checkpoint: find its architecture, and write a recipe.toml with its weights, and exports.

    `kerasgan info FILE` only says what the file holds.
    """
    path, output = _checked(file, output, formats)
    recipe = recipe_of(entry) if entry is not None else None
    start_keras()
    from kerasgan import checkpoints

    arguments = _arguments(settings)
    if recipe is not None:
        if family or channel_order or arguments:
            raise ValueError(
                f"Expected no --family, --channel-order and --set beside --entry. Received: --entry {entry}"
            )
        report, gan = _assigned(recipe, path)
    else:
        found = checkpoints.detect(path, family=family, channel_order=channel_order, **arguments)
        report, gan, arguments = found.report, found.gan, dict(found.arguments)
        typer.echo(found)
    if output.name.endswith(ENDING):
        _save(gan, output)
        typer.echo(report)
        typer.echo(f"Weights: {output}")
        if entry is not None:
            typer.echo(f"Use: kerasgan generate {shlex.quote(entry)} --weights {shlex.quote(str(output))}")
        return
    about = f"{path.name}, in {report.publisher}'s format"
    written = write_folder(gan, output, report=report, recipe=recipe, arguments=arguments, about=about, license=license)
    typer.echo(f"{str(report).partition(chr(10))[0]}: {output / 'tensors.txt'}\nRecipe: {written}")
    if formats is not None:
        gan.loaded = report.networks
        _export(gan, output / EXPORTS, parts(formats), license)
    use = "translate" if gan.task.from_images else "generate"
    typer.echo(f"Use: kerasgan {use} {shlex.quote(str(written))} ...")


def _checked(file: Path, output: Path, formats: str | None) -> tuple[Path, Path]:
    path, output = local(file), local(output)
    if not path.is_file():
        found = "which is a folder" if path.is_dir() else "which does not exist"
        raise FileNotFoundError(f"Expected a checkpoint file. Received: {path}, {found}.")
    is_weights = output.name.endswith(ENDING)
    if not is_weights and (output.suffix in (".h5", ".hdf5", ".keras") or output.is_file()):
        raise ValueError(f"Expected a folder, or an output that ends in {ENDING}. Received: {output}")
    if is_weights and formats is not None:
        raise ValueError(f"Expected a folder for exports. Received: {output}")
    if output.is_dir() and any(output.iterdir()) and not (output / "tensors.txt").is_file():
        raise ValueError(f"Expected a new or empty folder, or an earlier conversion. Received: {output}")
    return path, output


def _arguments(settings: list[str] | None) -> dict[str, Any]:
    from kerasgan.training.train import value_of

    found = {}
    for setting in settings or ():
        key, equals, text = setting.partition("=")
        if not equals:
            raise ValueError(f"Expected KEY=VALUE. Received: --set {setting}")
        name = key.strip().removeprefix("model.")
        if name in ("channel_order", "family", "path"):
            raise ValueError(
                f"Expected an argument of the model, or --{name.replace('_', '-')}. Received: --set {setting}"
            )
        found[name] = value_of(text.strip(), setting)
    return found


def _assigned(chosen: "Recipe", path: Path) -> "tuple[Report, GAN]":
    from kerasgan import checkpoints, zoo

    gan = zoo.build(chosen)
    try:
        return checkpoints.assign(gan, path, channel_order=zoo.channel_order(chosen)), gan
    except checkpoints.MismatchError as error:
        typer.echo(error.report)
        raise ValueError(f"{str(error).partition(chr(10))[0]} The table shows what became of every tensor.") from None


def convert_checkpoint(chosen: "Recipe", path: str | Path, output: str | Path) -> "Report":
    """Writes the generator of a published checkpoint for the model of a recipe; returns a report of every tensor.

    `zoo.load(recipe, weights=output)` loads the file. An existing output is replaced only once the new one is
    complete.

    Args:
        chosen: a recipe of the same architecture as the checkpoint.
        path: the checkpoint, in a format that `kerasgan.checkpoints.assign` supports.
        output: a path that ends in "weights.h5".

    Raises:
        ValueError: for another ending of `output`, or a checkpoint of another architecture.
        CheckpointError: the file is damaged, not allowed, or in an unknown format.
    """
    path, output = _checked(Path(path), Path(output), None)
    if not output.name.endswith(ENDING):
        raise ValueError(f"Expected an output that ends in {ENDING}. Received: {output}")
    report, gan = _assigned(chosen, path)
    _save(gan, output)
    return report


def _save(gan: "GAN", output: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    save_weights(gan.sampler, output)


def write_folder(
    gan: "GAN",
    folder: Path,
    *,
    report: "Report",
    recipe: "Recipe | None" = None,
    arguments: Mapping[str, Any] | None = None,
    about: str = "a checkpoint",
    license: str | None = None,
) -> Path:
    """Writes a folder with a recipe.toml, the weights that the report found, and tensors.txt, the report's table.

    Args:
        gan: the model with its weights.
        folder: the folder, which is made.
        report: what became of every tensor.
        recipe: whose text and settings the recipe.toml has; else those of the model, which is to be trained with a
            folder of one's own.
        arguments: of the model, without a recipe: those that its `get_config` does not give as a recipe has them.
        about: where the weights come from, for the recipe's comment.
        license: of the weights.

    Returns:
        The path of the recipe.toml, which `kerasgan.load` and all commands take.
    """
    folder.mkdir(parents=True, exist_ok=True)
    networks = {"file": gan.sampler}
    if "discriminator" in report.networks:
        networks["discriminator"] = gan.discriminator
    weights: dict[str, Any] = {"license": license} if license else {}
    for key, network in networks.items():
        path = save_weights(network, folder / f"{'generator' if key == 'file' else key}.weights.h5")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        weights |= {key: path.name, "sha256" if key == "file" else f"{key}_sha256": digest}
    target = folder / "recipe.toml"
    text = _recipe(gan, target, arguments or {}, about) if recipe is None else _without_results(recipe)
    write_text(text, target)
    write_sections(target, {"weights": weights})
    write_text(f"{report}\n", folder / "tensors.txt")  # last, as a sign that the folder is whole
    return target


def _without_results(recipe: "Recipe") -> str:
    """A recipe's text but for its scores, which are those of other weights."""
    return recipe.path.read_text(encoding="utf-8").partition("[results]")[0]


def _recipe(gan: "GAN", path: Path, arguments: Mapping[str, Any], about: str) -> str:
    """A recipe.toml of a model, without its weights."""
    import tomlkit

    from kerasgan import zoo

    model = _plain({**gan.get_config(), **arguments})
    sections = {"model": model, "data": _data(gan), "train": {"batch_size": 16, "steps": 100_000}}
    document = tomlkit.document()
    document.add(tomlkit.comment("kerasgan train recipe.toml --data FOLDER --output run"))
    document.add(
        tomlkit.comment(f"Written by `kerasgan convert` from {about}. Data and steps of the training are made up.")
    )
    document.add("family", type(gan).__name__)
    zoo.check({"family": type(gan).__name__, **sections}, path)
    return tomlkit.dumps(document) + "".join(f"\n{tomlkit.dumps({key: table(each)})}" for key, each in sections.items())


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a model that a recipe can hold: not None, and no objects but those that have a name."""
    arguments = {key: value for key, value in config.items() if key not in ("averaged", "dtype", "frozen", "name")}
    return {key: value for key, value in arguments.items() if isinstance(value, (bool, int, float, str, list, tuple))}


def _data(gan: "GAN") -> dict[str, Any]:
    """The settings of a folder of images, from which smaller ones are derived for super-resolution."""
    from kerasgan.gan import Task
    from kerasgan.zoo import data_sources
    from kerasgan.zoo.load import derived

    inputs = derived(gan)
    task = Task.GENERATION if inputs else gan.task
    settings = data_sources.for_task(task).of_folder("", gan, {"source": ""})
    return {**{key: value for key, value in settings.items() if key != "path"}, **inputs}


def _export(gan: "GAN", folder: Path, formats: list[str] | None, license: str | None) -> None:
    from kerasgan import export

    report = export.bundle(gan, folder, formats=formats, entry=folder.parent.name, license=license)
    for form, found in report["formats"].items():
        typer.echo(f"{form}: {folder / found['path']}")
