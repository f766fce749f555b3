"""What all tests share: silence, seeds, and two finished runs of tiny recipes."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import pytest


@pytest.fixture(autouse=True)
def _seeded():
    import keras

    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with tiny/recipe.toml, digits/recipe.toml (conditional), and a run of each: not to be changed."""
    import tiny_recipe
    from command_line import run

    folder = tmp_path_factory.mktemp("trained")
    for name, family in (("tiny", "DCGAN"), ("digits", "ConditionalGAN")):
        path = tiny_recipe.write(folder / name, family=family, steps=2)
        result = run("train", path, "-o", folder / f"{name}-run")
        assert result.exit_code == 0, result.output
    return folder
