"""Family and arguments of a checkpoint's model, from its tensors alone."""

import numpy as np
import pytest
from pth_writer import Writer
from published_dcgan import published_dcgan

import kerasgan
from kerasgan import models, zoo
from kerasgan.checkpoints import CheckpointError, detect, pytorch_tutorial, wrappers
from kerasgan.checkpoints.detection import candidates
from kerasgan.checkpoints.nearest import network_of
from kerasgan.checkpoints.persistence import PersistentObject
from kerasgan.checkpoints.recognition import PUBLISHERS
from kerasgan.keras_internals import lazy_variables

# Arguments that do not change the generator, or only the size of the images that it is trained on.
OF_TRAINING = {
    "adversarial_weight",
    "blur_steps",
    "discriminator_norm",
    "discriminator_width",
    "distance",
    "feature_weight",
    "features",
    "group_size",
    "identity_weight",
    "judge",
    "orthogonal_weight",
    "path_length_weight",
    "pixel_weight",
    "residual",
    "style_mixing",
}


def tensors(gan, layout, prefix=""):
    """What a file of the model has, without memory for the values."""
    places = layout.placements(network_of(gan))
    return {prefix + each.tensor: np.broadcast_to(np.float32(0), each.expected_shape) for each in places}


def in_file(gan, publisher):
    """A model's tensors as its publisher keeps them."""
    layout = publisher.FAMILIES[type(gan).__name__]
    if publisher.NAME in ("StyleGAN2-ADA", "StyleGAN3"):
        return {"G_ema": PersistentObject("Generator", {"_parameters": tensors(gan, layout)})}
    if publisher.NAME == "BasicSR":
        return {"params_ema": tensors(gan, layout)}
    if publisher.NAME == "Keras-GAN":
        return {f"{name}:0": value for name, value in tensors(gan, layout).items()}
    if publisher.NAME != "OpenMMLab":
        return tensors(gan, layout)
    if isinstance(gan, models.CycleGAN | models.Pix2Pix):
        several = ["generators.photo.", "generators.map."][: len(gan.directions) or 1]
        return {"state_dict": {name: value for each in several for name, value in tensors(gan, layout, each).items()}}
    return {"meta": {}, "state_dict": tensors(gan, layout, "generator_ema.")}


def published():
    """An entry of each published architecture, and its publisher."""
    found = {}
    for name in zoo.names(pretrained=True):
        recipe = zoo.recipe(name)
        if "format" in recipe.weights:
            size = {"image_size"} if recipe.family in ("CycleGAN", "ESRGAN", "SRGAN", "Pix2Pix") else set()
            model = {key: value for key, value in recipe.model.items() if key not in OF_TRAINING | size}
            found.setdefault(f"{recipe.weights['format']}: {recipe.family} {model}", name)
    return sorted(found.values())


@pytest.mark.parametrize("name", published())
def test_every_published_entry_is_found_from_its_tensors(name):
    recipe = zoo.recipe(name)
    (publisher,) = [each for each in PUBLISHERS if each.NAME.lower() == recipe.weights["format"]]
    with lazy_variables():
        gan = getattr(models, recipe.family)(**recipe.model)
    first = next(candidates(in_file(gan, publisher), "x.pth"))
    assert (first.family, first.publisher) == (recipe.family, publisher)
    arguments = first.arguments
    settled = {**gan.get_config(), **recipe.model}
    assert {key: settled[key] for key in arguments} == arguments
    untold = recipe.model.keys() - arguments.keys() - OF_TRAINING
    assert untold <= ({"image_size"} if gan.task.from_images else set())


STORED = {"spectral_estimate": "stored"}
TABLES = {**STORED, "spectral_tables": True, "epsilon": 1e-4}
BIGGAN = dict(image_size=16, channels=1, num_classes=3, latent_dim=12, width=2, embedding_dim=5, attention_size=8)
STYLES = dict(latent_dim=6, style_dim=7, mapping_layers=3, channel_base=64, channel_limit=8)
RRDB = dict(image_size=16, blocks=2, width=5, growth=3)
NETWORKS = [
    ("OpenMMLab", "BigGAN", BIGGAN),
    ("OpenMMLab", "BigGAN", {**BIGGAN, "embedding_dim": 0, "attention_size": 0, **STORED}),
    (
        "OpenMMLab",
        "BigGANDeep",
        {**BIGGAN, "image_size": 24, "width": 4, "latent_dim": 9, "attention_size": 12, **STORED},
    ),
    ("OpenMMLab", "CycleGAN", dict(input_channels=1, channels=3, blocks=2, width=5, identity_weight=0.0)),
    ("OpenMMLab", "DCGAN", dict(image_size=24, channels=1, latent_dim=5, width=6, variant="torch", output_bias=True)),
    ("OpenMMLab", "ESRGAN", {**RRDB, "channels": 1, "scale": 1}),
    ("OpenMMLab", "LSGAN", dict(image_size=24, latent_dim=12, width=3, variant="torch", doublings=3, prior="normal")),
    ("OpenMMLab", "PGGAN", dict(image_size=16, latent_dim=5, channel_base=64, channel_limit=8, root_epsilon=1e-6)),
    ("OpenMMLab", "Pix2Pix", dict(image_size=16, input_channels=1, channels=2, depth=3, width=5, norm="batch")),
    ("OpenMMLab", "SAGAN", dict(image_size=16, latent_dim=9, width=8, attention_size=8, num_classes=3, **TABLES)),
    ("OpenMMLab", "SAGAN", dict(image_size=16, width=8, growth=1, attention_size=16, num_classes=3, **STORED)),
    ("OpenMMLab", "SNGAN", dict(image_size=64, num_classes=3, latent_dim=7, width=2, epsilon=1e-4)),
    ("OpenMMLab", "SRGAN", dict(image_size=16, scale=2, variant="modified", blocks=3, width=5)),
    ("OpenMMLab", "StyleGAN", dict(image_size=[16, 32], variant="rectified", **STYLES)),
    ("OpenMMLab", "StyleGAN2", dict(image_size=16, channels=1, **STYLES)),
    ("OpenMMLab", "StyleGAN3", dict(image_size=16, channels=1, num_layers=4, **STYLES)),
    ("OpenMMLab", "WGANGP", dict(image_size=24, latent_dim=9, width=3, variant="plain")),
    ("BasicSR", "ESRGAN", {**RRDB, "scale": 8}),
    ("BasicSR", "ESRGAN", {**RRDB, "scale": 2, "unshuffle": 1}),
    ("BasicSR", "ESRGAN", {**RRDB, "scale": 1, "unshuffle": 1, "input_channels": 1}),
    ("BasicSR", "ESRGAN", {**RRDB, "scale": 4, "input_channels": 6}),
    ("BasicSR", "ESRGAN", dict(image_size=126, scale=3, variant="compact", blocks=2, width=5)),
    ("BasicSR", "ESRGAN", dict(image_size=16, channels=1, scale=1, variant="compact", blocks=3, width=5)),
    ("PyTorch's DCGAN tutorial", "DCGAN", dict(image_size=28, channels=2, latent_dim=5, width=7, variant="torch")),
    ("pytorch-CycleGAN-and-pix2pix", "CycleGAN", dict(blocks=1, width=3)),
    ("pytorch-CycleGAN-and-pix2pix", "CycleGAN", dict(blocks=2, width=5, affine=True)),
    ("pytorch-CycleGAN-and-pix2pix", "CycleGAN", dict(input_channels=1, blocks=2, width=5, identity_weight=0.0)),
    ("pytorch-CycleGAN-and-pix2pix", "Pix2Pix", dict(image_size=16, depth=4, width=5, norm="batch")),
    ("mimicry", "SNGAN", dict(latent_dim=7, width=2, epsilon=1e-5, interpolation="bilinear")),
    ("mimicry", "SNGAN", dict(image_size=64, num_classes=3, width=2, epsilon=1e-5, interpolation="bilinear")),
    ("Keras-GAN", "DCGAN", dict(image_size=20, channels=1, latent_dim=5, width=3, variant="upsampling")),
    ("StyleGAN2-ADA", "StyleGAN2", dict(image_size=16, num_classes=3, **STYLES)),
    ("StyleGAN2-ADA", "StyleGAN2", dict(image_size=32, **STYLES)),
    ("StyleGAN3", "StyleGAN3", dict(image_size=32, num_layers=5, num_classes=3, **STYLES)),
    ("StyleGAN3", "StyleGAN3", dict(image_size=16, variant="r", **STYLES)),
]


def of(publisher, family, arguments):
    """The publisher, and a small model without values."""
    (found,) = [each for each in PUBLISHERS if publisher == each.NAME]
    with lazy_variables():
        return found, getattr(models, family)(**{"image_size": 32, **arguments})


@pytest.mark.parametrize(("publisher", "family", "arguments"), NETWORKS)
def test_networks_of_any_size_are_found_from_their_tensors(publisher, family, arguments):
    publisher, gan = of(publisher, family, arguments)
    first, *others = candidates(in_file(gan, publisher), "x.pth")
    assert (first.publisher, first.family) == (publisher, family)
    alike = (
        publisher.NAME.endswith("pix2pix") and family == "CycleGAN" and not {"affine", "input_channels"} & {*arguments}
    )
    assert [each.family for each in others] == (["DeblurGAN"] if alike else [])
    settled = {**gan.get_config(), **arguments}
    found = {key: [*value] if isinstance(value, tuple) else value for key, value in first.arguments.items()}
    assert {key: settled[key] for key in found} == found
    told = {"image_size"} if gan.task.from_images and "image_size" not in found else set()
    assert arguments.keys() - found.keys() - told <= OF_TRAINING


WRAPPED = {
    "bare": lambda state: state,
    "params": lambda state: {"params": state},
    "netG": lambda state: {"netG_state_dict": state, "netD_state_dict": {"main.0.weight": np.ones(3)}, "epoch": 3},
    "twice": lambda state: {"model": {"net": state}, "optimizer": {"lr": 0.1}},
    "several GPUs": lambda state: {f"module.{name}": value for name, value in state.items()},
    "compiled, in a module": lambda state: {
        "state_dict": {f"_orig_mod.netG.{name}": value for name, value in state.items()}
        | {"_orig_mod.netD.main.0.weight": np.ones(3)}
    },
    "generator": lambda state: {f"generator.{name}": value for name, value in state.items()},
}
PLAIN = [each for each in NETWORKS if each[0] not in ("OpenMMLab", "StyleGAN2-ADA", "StyleGAN3", "Keras-GAN")]


@pytest.mark.parametrize("wrap", WRAPPED)
def test_what_scripts_save_around_a_network_is_taken_off_for_every_publisher(wrap):
    for chosen in {each[0]: each for each in PLAIN}.values():
        publisher, gan = of(*chosen)
        contents = in_file(gan, publisher)
        contents = contents.get("params_ema", contents)
        arguments = next(candidates(contents, "x.pth")).arguments
        found = [each for each in candidates(WRAPPED[wrap](contents), "x.pth") if each.publisher is publisher]
        assert found[0].arguments == arguments


@pytest.fixture
def file(tmp_path):
    return Writer().zipped({"meta": {}, "state_dict": published_dcgan()}, tmp_path / "dcgan.pth")


def test_a_file_loads_as_it_is_and_says_what_it_does_not_tell(file):
    found = detect(file)
    assert (found.family, found.publisher, found.channel_order) == ("DCGAN", "OpenMMLab", "bgr")
    expected = dict(image_size=16, channels=3, latent_dim=5, width=8, variant="torch", output_bias=True)
    assert found.arguments == expected and list(found.assumed) == ["channel_order", "prior"]
    assert "channel_order: bgr, as in most of OpenMMLab's files of DCGAN" in str(found)
    images = kerasgan.load(file).generate(3, seed=0)
    gan = models.DCGAN(**expected)
    kerasgan.checkpoints.assign(gan, file, channel_order="bgr")
    np.testing.assert_array_equal(images, gan.generate(3, seed=0))
    np.testing.assert_array_equal(kerasgan.load(file, channel_order="rgb").generate(3, seed=0), images[..., ::-1])
    uniform = kerasgan.load(str(file), prior="uniform")
    assert type(uniform.prior).__name__ == "Uniform" and uniform.loaded == ("generator",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channel_order": "rbg"}, "channel_order='rbg'"),
        ({"family": "DCGANN"}, "a family such as DCGAN.*family='DCGANN'"),
        ({"imagesize": 3}, "an argument of DCGAN such as image_size.*imagesize=3"),
        ({"width": 4}, r"(?s)known family.*Nearest: DCGAN\(.*width=4.*expected \(5, 8, 4, 4\)"),
        ({"family": "SNGAN"}, "(?s)known architecture.*No family has tensors with such names: 'generator.noise2feat"),
    ],
)
def test_arguments_that_a_file_contradicts_are_named(options, message, file):
    with pytest.raises(ValueError, match=message):
        kerasgan.load(file, **options)


def test_arguments_of_an_entry_are_its_recipes(tmp_path):
    with pytest.raises(ValueError, match=r"for a published checkpoint alone\. Received: width=3 for dcgan-digits"):
        kerasgan.load("dcgan-digits", width=3)
    with pytest.raises(FileNotFoundError, match=r"no\.pth, which does not exist"):
        kerasgan.load(tmp_path / "no.pth")
    with pytest.raises(ValueError, match=r"a checkpoint, which has its own.*weights=None"):
        kerasgan.load(tmp_path / "no.pth", weights=None)


def test_a_file_of_a_thousand_blocks_builds_no_model(tmp_path):
    names = ["conv_first", "conv_last", *(f"body.{block}.rdb1.conv1" for block in range(1000))]
    state = {f"{name}.weight": np.zeros((3, 3, 3, 3), "float32") for name in names}
    assert not list(candidates({"params": state}, "x.pth"))


def test_names_and_dicts_of_a_file_cost_no_more_than_it_has():
    ring = {}
    ring |= {str(number): ring for number in range(2000)}  # a pickle may do so: paths, but not dicts, are 2000 ** 4
    assert list(wrappers.views(ring)) == [ring]
    shared = {"weight": np.zeros(1)}
    assert next(wrappers.views({"model": {"netG": shared}, "net": shared})) is shared
    shapes = {"main.0.weight": (1, 1, 4, 4), "main.300000000000000.weight": (1, 3, 4, 4)}
    with pytest.raises(KeyError, match="300000000000000 layers"):  # not an image of 2 ** 100000000000000 pixels
        pytorch_tutorial.detect(shapes)


def test_weights_of_keras_2_are_not_taken_for_keras_3s(tmp_path):
    keras_gan = pytest.importorskip("test_checkpoints_keras_gan")
    keras_gan.write(tmp_path / "generator_weights.h5", keras_gan.weights())
    gan = kerasgan.load(tmp_path / "generator_weights.h5")
    assert gan.get_config()["variant"] == "upsampling" and gan.image_shape == (8, 8, 2)


@pytest.mark.slow
def test_files_of_no_known_architecture_name_the_nearest_ones(tmp_path):
    publisher, gan = of("BasicSR", "ESRGAN", RRDB)
    state = {name: np.zeros(value.shape, "float32") for name, value in in_file(gan, publisher)["params_ema"].items()}
    state["conv_extra.weight"] = np.zeros((2, 2), "float32")
    with pytest.raises(CheckpointError, match=r"(?s)Nearest: ESRGAN\(.*conv_extra.weight: left over.*blocks = 2"):
        detect(Writer().zipped({"params": state}, tmp_path / "x.pth"))
    del state["conv_first.weight"]
    with pytest.raises(CheckpointError) as caught:
        detect(Writer().zipped({"params": state}, tmp_path / "y.pth"))
    text = str(caught.value)
    assert "Nearest: ESRGAN, " in text and "conv_first.weight: missing in the file" in text
    assert "'conv_extra.weight': the family has no such tensor" in text and "kerasgan list --family ESRGAN" in text
    with pytest.raises(CheckpointError, match=r"No family has tensors with such names: 'a\.weight'"):
        detect(Writer().zipped({"a.weight": np.zeros(3, "float32")}, tmp_path / "z.pth"))
