"""Names of classes: kept with a conditional model that was trained on data that has them, and taken for labels."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from command_line import run
from picture_files import flat

import kerasgan
from kerasgan import data, export
from kerasgan.models import DCGAN, ConditionalGAN

TINY = {**ConditionalGAN.tiny_config, "num_classes": 2}
CLASSES = ("ant", "cat")


@pytest.fixture
def photos(tmp_path):
    for index in range(4):
        flat(tmp_path / "photos" / CLASSES[index % 2] / f"{index}.png", (60 * index, 0, 0))
    return tmp_path / "photos"


def source(folder, gan, **options):
    height, _, channels = gan.image_shape
    return data.folder(folder, image_size=height, channels=channels, batch_size=2, **options)


@pytest.fixture
def trained(photos):
    keras.utils.set_random_seed(0)
    gan = ConditionalGAN(**TINY)
    gan.compile()
    gan.fit(source(photos, gan), verbose=0)
    return gan


def test_a_model_learns_the_names_of_its_classes_and_takes_them_for_labels(trained):
    assert trained.class_names == CLASSES
    expected = trained.generate(labels=[1, 0, 1], seed=3)
    for labels in (["cat", "ant", "cat"], ("cat", 0, "Cat"), np.array(["cat", "ant", "cat"])):
        np.testing.assert_array_equal(trained.generate(labels=labels, seed=3), expected)
    np.testing.assert_array_equal(trained.generate(2, labels="cat", seed=3), trained.generate(2, labels=1, seed=3))
    with pytest.raises(ValueError, match=r"a class such as cat, ant\. Received: labels='cart'"):
        trained.generate(2, labels="cart")


def test_a_file_keeps_the_names(trained, tmp_path):
    trained.save(tmp_path / "gan.keras")
    loaded = kerasgan.load(tmp_path / "gan.keras")
    assert loaded.class_names == CLASSES
    np.testing.assert_array_equal(loaded.generate(2, labels="cat", seed=0), trained.generate(2, labels=1, seed=0))
    config = {**trained.get_config(), "class_names": ["ant"]}
    with pytest.raises(ValueError, match=r"2 different names of classes\. Received: class_names=\['ant'\]"):
        ConditionalGAN.from_config(config)


def test_classes_in_another_order_are_refused_and_other_classes_replace_them(trained, photos, tmp_path):
    wrong = source(photos, trained)
    wrong.info = dataclasses.replace(wrong.info, class_names=["cat", "ant"])
    with pytest.raises(ValueError, match=r"trained with, ant, cat\. Received: cat, ant"):
        trained.fit(wrong, verbose=0)
    for name in ("bee", "dog"):
        flat(tmp_path / "others" / name / "0.png", (9, 9, 9))
    trained.fit(source(tmp_path / "others", trained), verbose=0)
    assert trained.class_names == ("bee", "dog")


def test_data_without_names_leaves_them_and_unknown_ones_are_told(photos):
    gan = ConditionalGAN(**TINY)
    with pytest.raises(ValueError, match=r"number of a class.*does not know their names\. Received: labels='cat'"):
        gan.generate(2, labels="cat")
    gan.compile()
    images = np.zeros((4, *gan.image_shape), "float32")
    gan.fit(images, np.array([0, 1, 0, 1]), batch_size=2, verbose=0)
    assert gan.class_names is None and "class_names" not in gan.get_config()
    plain = DCGAN(**DCGAN.tiny_config)
    plain.compile()
    plain.fit(source(photos, plain, labels=False), verbose=0)
    assert plain.class_names is None


def test_commands_and_exports_take_and_tell_the_names(trained, tmp_path):
    file = tmp_path / "gan.keras"
    trained.save(file)
    for name, labels in (("names.png", "cat,ant"), ("numbers.png", "1,0")):
        made = run("generate", file, "--labels", labels, "--count", 4, "-o", tmp_path / name)
        assert made.exit_code == 0, made.output
    assert (tmp_path / "names.png").read_bytes() == (tmp_path / "numbers.png").read_bytes()
    export.onnx(trained, tmp_path / "whole.onnx")
    export.onnx(trained, tmp_path / "cats.onnx", label="cat")
    onnx = pytest.importorskip("onnx")
    whole, cats = (
        {each.key: each.value for each in onnx.load(tmp_path / name).metadata_props}
        for name in ("whole.onnx", "cats.onnx")
    )
    assert json.loads(whole["class_names"]) == [*CLASSES] and "class_names" not in cats
