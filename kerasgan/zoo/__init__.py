"""The zoo: names, recipes, and `load`.

An entry is a folder with a recipe.toml; the folders are part of the wheel, and beside the package in a checkout.
Nothing here imports Keras before a model is built.
"""

from kerasgan.scalars import guard
from kerasgan.zoo.load import build, channel_order, compile_as, load, source, with_data
from kerasgan.zoo.recipe import Recipe, check
from kerasgan.zoo.registry import names, recipe, recipes
from kerasgan.zoo.weight_files import WeightsError

__all__ = [
    "Recipe",
    "WeightsError",
    "build",
    "channel_order",
    "check",
    "compile_as",
    "load",
    "names",
    "recipe",
    "recipes",
    "source",
    "with_data",
]

guard(globals(), __all__)
