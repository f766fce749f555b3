"""The one check of arguments, by annotation and name; `tests/test_attack.py` calls everything public wrongly."""

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
from PIL import Image

from kerasgan import callbacks, data, load, scalars, zoo
from kerasgan.export import onnx
from kerasgan.gan import GAN
from kerasgan.models import DCGAN


@pytest.mark.parametrize(
    ("annotation", "name", "good", "bad"),
    [
        (
            int,
            "channels",
            [1, 3, np.int64(3), np.array(3)],
            [0, -1, 10**400, 3.0, "3", True, np.True_, None, [3], 1 + 0j],
        ),
        (int | None, "seed", [0, 10**30, None], [-1, 0.5, "a", False, math.nan]),
        (float, "tolerance", [0, 1e-3, math.inf, np.float32(1)], [-1.0, math.nan, "a", None, True, 1j, [1.0]]),
        (float, "dropout", [0, 0.5], [1, 1.0, -0.1, math.inf, 10**400]),
        (float, "label_smoothing", [0, 1], [1.1]),
        (float, "momentum", [0, 0.9], [-0.5, 1.0]),
        (Annotated[float, scalars.Limits(-1, 1)], "momentum", [-1, 0.5], [-1.1, math.nan, "a"]),
        (float, "boundary", [-5, 5], [math.inf, -math.inf, math.nan, 10**400]),
        (bool, "shuffle", [True, np.False_], [0, 1, "no", None]),
        (str | Path | None, "path", ["a", Path("a"), None], ["", 3]),
        (str, "variant", ["paper", ""], [None, 3, b"paper"]),
        (str | os.PathLike[str], "path", ["a", os.curdir], ["", None, 3, b"a", ["a"]]),
        (int | Sequence[int], "image_size", [8, (8, 16), [8], np.array([8, 8])], [3.5, "8", (8, 0), (8.0, 8), {8}]),
        (Callable[[int], int] | None, "progress", [len, None], [3, "len"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_fits_passes_and_what_does_not_is_named(annotation, name, good, bad):
    for value in good:
        scalars.check(name, value, annotation)
    for value in bad:
        with pytest.raises(ValueError, match=rf"^Expected .*Received: {name}="):
            scalars.check(name, value, annotation)


def test_objects_are_left_to_the_function():
    scalars.check("objective", 3, str | GAN)
    scalars.check("data", None, "anything that is no type")


def test_an_empty_path_is_refused_and_not_taken_for_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # with a picture, which it would have read
    Image.fromarray(np.zeros((8, 8), np.uint8)).save("a.png")
    gan = DCGAN(**DCGAN.tiny_config)
    gan.compile()
    calls = (data.folder, data.pairs, data.clips, zoo.recipe, zoo.load, load, gan.fit, callbacks.Checkpoint)
    for call in calls:
        with pytest.raises(ValueError, match=r"Expected a (name or )?path.*Received: .*''"):
            call("")
    for call in (lambda: data.unpaired("", ""), lambda: data.pairs("a.png", ""), lambda: onnx(gan, "")):
        with pytest.raises(ValueError, match=r"Received: .*''"):
            call()


def test_a_users_own_family_may_give_names_other_meanings():
    class Mine(DCGAN):
        def __init__(self, *, width: int = -1, **options):
            super().__init__(width=4, **options)

    assert Mine(width=-2, image_size=16, channels=1, latent_dim=4).get_config()["width"] == -2
    with pytest.raises(ValueError, match="Received: latent_dim=0"):
        Mine(image_size=16, latent_dim=0)


def test_python_says_itself_which_argument_is_missing_or_unknown():
    from kerasgan import callbacks

    with pytest.raises(TypeError, match="directory"):
        callbacks.Checkpoint()
    with pytest.raises(TypeError, match="nonsense"):
        callbacks.Checkpoint("a", nonsense=1)


GAN_CALLS = {
    "epochs": lambda gan, images: gan.fit(images, epochs=-1),
    "steps_per_epoch": lambda gan, images: gan.fit(images, steps_per_epoch=0),
    "batch_size": lambda gan, images: gan.fit(images, batch_size=0),
    "seed": lambda gan, images: gan.generate(2, seed=-1),
    "truncation": lambda gan, images: gan.generate(2, truncation="a"),
    "count": lambda gan, images: gan.generate(0),
    "discriminator_steps": lambda gan, images: gan.compile(discriminator_steps=True),
    "reuse_fakes": lambda gan, images: gan.compile(reuse_fakes="no"),
    "weight_clip": lambda gan, images: gan.compile(weight_clip="a"),
    "ema_half_life": lambda gan, images: gan.compile(ema_half_life="a"),
    "weight": lambda gan, images: gan.compile(penalties={"name": "r1", "weight": "1"}),
    "batches": lambda gan, images: gan.accumulate_statistics(0),
    "images": lambda gan, images: gan.fit([[1, 2], [3]]),
    "latents": lambda gan, images: gan.generate(latents=np.full((2, 4), 1e300)),
}


@pytest.fixture(scope="module")
def gan():
    model = DCGAN(image_size=16, channels=1, latent_dim=4, width=4)
    model.compile()
    return model


@pytest.mark.parametrize("argument", GAN_CALLS)
def test_methods_of_a_gan_name_the_argument(gan, argument):
    with pytest.raises(ValueError, match=rf"Expected .*Received: .*{argument}"):
        GAN_CALLS[argument](gan, np.zeros((8, 16, 16, 1), "float32"))


def test_an_option_that_no_such_function_has_is_named_with_its_function():
    with pytest.raises(TypeError, match=r"^folder\(\) got an unexpected .*'size'\. Did you mean 'image_size'\?$"):
        data.folder(".", size=64)
    with pytest.raises(TypeError, match=r"^arrays\(\) got an unexpected .*'batchsize'\. Did you mean 'batch_size'\?$"):
        data.arrays(np.zeros((2, 8, 8, 1), np.uint8), batchsize=64)
    with pytest.raises(TypeError, match=r"pairs\(\) missing 1 required positional argument: 'inputs'$"):
        data.pairs()
