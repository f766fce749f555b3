"""A recipe that trains in seconds, for the tests of training and command line."""

from pathlib import Path

RECIPE = """\
# kerasgan train {name}
# A second; nothing to see.
family = "{family}"

[model]
image_size = 8
channels = 1
latent_dim = 4
width = {width}
{norm}
[data]
source = "digits"
image_size = 8

[train]
batch_size = 16
steps = {steps}
seed = 3
ema_half_life = 100
penalties = [{{ name = "r1", weight = 0.5, interval = 2 }}]
generator_optimizer = {{ name = "Adam", learning_rate = 1e-3, beta_1 = 0.5 }}
"""


def write(folder: Path, *, family: str = "DCGAN", steps: int = 4, extra: str = "") -> Path:
    """Writes folder/recipe.toml and returns its path; `extra` goes at its end."""
    folder.mkdir(parents=True, exist_ok=True)
    width = 4 if family == "DCGAN" else 0.02
    norm = 'discriminator_norm = "none"\n' if family == "DCGAN" else ""
    path = folder / "recipe.toml"
    text = RECIPE.format(name=folder.name, family=family, width=width, norm=norm, steps=steps)
    path.write_text(text + extra, encoding="utf-8")
    return path
