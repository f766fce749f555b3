"""`kerasgan.load`: a model from whatever holds one."""

import shutil

import keras
import numpy as np
import pytest

import kerasgan
from kerasgan.models import DCGAN
from kerasgan.training.load import UnfinishedRunWarning


def same(first, second):
    np.testing.assert_allclose(first.generate(2, seed=0), second.generate(2, seed=0), atol=1e-6)


def test_an_entry_is_what_the_zoo_loads():
    same(kerasgan.load("dcgan-digits"), kerasgan.zoo.load("dcgan-digits"))


def test_a_run_its_files_and_its_recipe_hold_the_same_model(trained, tmp_path):
    run = trained / "tiny-run"
    gan = kerasgan.load(run)
    same(gan, kerasgan.load(run / "gan.keras"))
    same(gan, kerasgan.load(run / "generator.weights.h5"))  # its recipe.toml lies beside it
    same(gan, kerasgan.load(run / "recipe.toml", weights=run / "generator.weights.h5"))
    assert gan.compiled
    shutil.copy(run / "generator.weights.h5", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"Expected a recipe\.toml beside"):
        kerasgan.load(tmp_path / "generator.weights.h5")


def test_of_a_run_without_a_finished_model_the_newest_checkpoint_is_used(trained, tmp_path):
    run = shutil.copytree(trained / "tiny-run", tmp_path / "run")
    (run / "gan.keras").unlink()
    with pytest.warns(UnfinishedRunWarning, match="its newest checkpoint is used"):
        same(kerasgan.load(run), kerasgan.load(trained / "tiny-run"))


def test_a_file_that_holds_no_gan_is_refused(tmp_path):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "other.keras")
    with pytest.raises(ValueError, match=r"Expected a \.keras file of a kerasgan\.GAN\. Received: .*Sequential"):
        kerasgan.load(tmp_path / "other.keras")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        kerasgan.load(tmp_path / "none.keras")


def test_a_file_alone_with_weights_that_are_not_finite_is_refused(tmp_path):
    gan = DCGAN(**DCGAN.tiny_config)
    kernel = gan.generator.trainable_variables[0]
    kernel.assign(np.full(kernel.shape, np.inf))
    gan.save(tmp_path / "gan.keras")
    with pytest.raises(kerasgan.zoo.WeightsError, match=rf"Expected finite weights in .*gan\.keras.*{kernel.path}"):
        kerasgan.load(tmp_path / "gan.keras")
