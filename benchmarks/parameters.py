"""Counts the parameters of every entry's networks: python benchmarks/parameters.py [ENTRY ...]

Writes benchmarks/results/parameters.json: trainable weights of the generator, or of what translates, and of the
discriminator, without a value of them being made. The site's pages of the families show them.
"""

import dataclasses
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasgan import zoo
from kerasgan.gan.policy import without_values

RESULTS = Path(__file__).with_name("results") / "parameters.json"


def counted(name: str) -> dict[str, int]:
    with without_values():
        gan = zoo.build(without_features(zoo.recipe(name)))
    return {part: parameters(getattr(gan, part)) for part in ("generator", "discriminator")}


def without_features(recipe: zoo.Recipe) -> zoo.Recipe:
    """The recipe without downloaded weights of the networks whose features a loss compares: they have no part in it."""
    model = dict(recipe.model)
    for key in ("features", "network"):
        if isinstance(model.get(key), Mapping) and model[key].get("weights") == "imagenet":
            model[key] = {**model[key], "weights": None}
    return dataclasses.replace(recipe, model=model)


def parameters(network: Any) -> int:
    return sum(math.prod(variable.shape) for variable in network.trainable_variables)


def main() -> None:
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    names = zoo.names()
    for name in sys.argv[1:] or names:
        known[name] = counted(name)
        print(name, known[name], flush=True)
    lines = [f' "{name}": {json.dumps(known[name])}' for name in names if name in known]
    RESULTS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
