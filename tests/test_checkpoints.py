"""Published checkpoints in the models: every tensor in its place, or the model as it was and an error that names it."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from pth_writer import FORMATS, Writer
from published_dcgan import published_dcgan, reference_images

from kerasgan.checkpoints import CheckpointError, MismatchError, assign

SHARED = Path(__file__).parents[2] / "shared" / "checkpoints"


def model(**arguments):
    from kerasgan.models.dcgan import DCGAN

    settings = {"image_size": 16, "channels": 3, "latent_dim": 5, "width": 8, "variant": "torch", "output_bias": True}
    return DCGAN(**{**settings, **arguments})


def images(network, latents):
    return keras.ops.convert_to_numpy(network(latents.astype("float32"), training=False)).transpose(0, 3, 1, 2)


def values(network):
    return [keras.ops.convert_to_numpy(variable).copy() for variable in network.variables]


@pytest.fixture
def latents():
    return np.random.default_rng(3).normal(size=(4, 5))


@FORMATS
@pytest.mark.parametrize("prefix", ["generator.", "generator_ema.", ""])
def test_a_published_dcgan_makes_the_images_of_its_publisher(write, prefix, latents, tmp_path):
    state = published_dcgan(prefix=prefix) | {"discriminator.conv.weight": np.ones((1, 3, 4, 4))}
    path = write(Writer(), {"meta": {"iter": 5}, "state_dict": state}, tmp_path / "x.pth")
    gan = model()
    report = assign(gan, path)
    expected = reference_images(state, latents, prefix=prefix)
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(images(gan.generator, latents), expected, atol=1e-4)
    assert set(report.assigned) | set(report.skipped) == set(state) and report.fits
    assert set(report.assigned.values()) == {variable.path for variable in gan.generator.variables}


def test_the_report_is_a_table_of_every_tensor(tmp_path):
    state = published_dcgan() | {"discriminator.conv.weight": np.ones((1, 3, 4, 4))}
    report = assign(model(), Writer().zipped({"state_dict": state}, tmp_path / "x.pth"))
    lines = str(report).splitlines()
    assert len(lines) == 1 + len(state) and "12 tensors assigned, 3 skipped" in lines[0]
    assert report.assigned["generator.noise2feat.bn.running_var"] == "project_norm/moving_variance"
    assert report.skipped["discriminator.conv.weight"] == "belongs to the discriminator"
    assert any("num_batches_tracked" in line and "counts training steps" in line for line in lines)


def test_blue_green_red_comes_out_as_red_green_blue(latents, tmp_path):
    state = published_dcgan()
    gan = model()
    assign(gan, Writer().zipped({"state_dict": state}, tmp_path / "x.pth"), channel_order="bgr")
    np.testing.assert_allclose(images(gan.generator, latents), reference_images(state, latents)[:, ::-1], atol=1e-4)


def test_gray_images_have_no_color_order(latents, tmp_path):
    state = published_dcgan(channels=1)
    gan = model(channels=1)
    assign(gan, Writer().zipped({"state_dict": state}, tmp_path / "x.pth"), channel_order="bgr")
    np.testing.assert_allclose(images(gan.generator, latents), reference_images(state, latents), atol=1e-4)


def test_an_unknown_color_order_is_named(tmp_path):
    with pytest.raises(ValueError, match="channel_order='gbr'"):
        assign(model(), tmp_path / "x.pth", channel_order="gbr")


def test_a_moving_average_takes_its_own_tensors(latents, tmp_path):
    plain, averaged = published_dcgan(1), published_dcgan(2, prefix="generator_ema.")
    path = Writer().zipped({"state_dict": plain | averaged}, tmp_path / "x.pth")
    gan = model()
    gan.compile(ema_half_life=1000)
    assign(gan, path)
    np.testing.assert_allclose(images(gan.generator, latents), reference_images(plain, latents), atol=1e-4)
    expected = reference_images(averaged, latents, prefix="generator_ema.")
    np.testing.assert_allclose(images(gan.sampler, latents), expected, atol=1e-4)


def test_without_a_moving_average_in_the_file_both_networks_take_the_same(latents, tmp_path):
    state = published_dcgan()
    gan = model()
    gan.compile(ema_half_life=1000)
    assign(gan, Writer().zipped({"state_dict": state}, tmp_path / "x.pth"))
    for network in (gan.generator, gan.sampler):
        np.testing.assert_allclose(images(network, latents), reference_images(state, latents), atol=1e-4)


def test_a_single_network_takes_the_moving_average(latents, tmp_path):
    plain, averaged = published_dcgan(1), published_dcgan(2, prefix="generator_ema.")
    gan = model()
    report = assign(gan, Writer().zipped({"state_dict": plain | averaged}, tmp_path / "x.pth"))
    expected = reference_images(averaged, latents, prefix="generator_ema.")
    np.testing.assert_allclose(images(gan.generator, latents), expected, atol=1e-4)
    assert "generator.output_layer.conv.bias" in report.skipped


def without(name):
    return lambda state: state.pop(name)


def instead(name, value):
    return lambda state: state.update({name: value})


KERNEL, BIAS = "generator.upsampling.0.conv.weight", "generator.output_layer.conv.bias"


@pytest.mark.parametrize(
    ("change", "message", "place"),
    [
        (instead(KERNEL, np.ones((16, 8, 3, 3))), r"expected \(16, 8, 4, 4\).*received \(16, 8, 3, 3\)", "mismatched"),
        (instead(KERNEL, np.ones((8, 16, 4, 4))), r"expected \(16, 8, 4, 4\).*received \(8, 16, 4, 4\)", "mismatched"),
        (instead(BIAS, np.arange(3)), "received .*int64", "mismatched"),
        (without(KERNEL), "missing, needed by up1/kernel", "missing"),
        (instead(KERNEL, "text"), "missing, needed by up1/kernel", "missing"),
        (instead("generator.to_rgb.weight", np.ones(3)), "no place for it", "left_over"),
    ],
)
def test_a_tensor_that_does_not_fit_leaves_the_model_as_it_was(change, message, place, tmp_path):
    state = published_dcgan()
    change(state)
    gan = model()
    before = values(gan.generator)
    with pytest.raises(MismatchError, match=message) as caught:
        assign(gan, Writer().zipped({"state_dict": state}, tmp_path / "x.pth"))
    assert len(getattr(caught.value.report, place)) == 1
    assert all(np.array_equal(a, b) for a, b in zip(before, values(gan.generator), strict=True))


@pytest.mark.parametrize("arguments", [{"width": 16}, {"image_size": 32}, {"output_bias": False}, {"variant": "paper"}])
def test_the_error_for_another_architecture_names_the_published_one(arguments, tmp_path):
    path = Writer().zipped({"state_dict": published_dcgan()}, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match="variant='torch', output_bias=True"):
        assign(model(**arguments), path)


def test_the_error_for_a_family_without_published_format_names_those_with_one(tmp_path):
    path = Writer().zipped({"state_dict": published_dcgan()}, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match=r"publishes: .*DCGAN, .*SNGAN.*\. Received: gan=object"):
        assign(object(), path)


@pytest.mark.parametrize("contents", [{"a": 1}, [1], {"state_dict": {1: np.ones(2)}}, {"state_dict": {}}])
def test_the_error_for_an_unknown_format_names_the_known_ones(contents, tmp_path):
    path = Writer().zipped(contents, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match="OpenMMLab"):
        assign(model(), path)


@pytest.mark.skipif(not (SHARED / "dcgan.pth").exists(), reason="the reference checkpoints are not beside this copy")
def test_the_reference_checkpoint_makes_the_reference_images():
    arguments, reference = json.loads((SHARED / "dcgan.json").read_text()), np.load(SHARED / "dcgan.npz")
    size = arguments["output_scale"]
    gan = model(image_size=size, latent_dim=100, width=arguments["base_channels"] * 8 // size)
    assign(gan, SHARED / "dcgan.pth")
    assert np.abs(images(gan.generator, reference["input_0"]) - reference["output"]).max() <= 1e-4


def test_files_are_read_and_downloaded_without_importing_keras():
    program = "import sys, kerasgan.checkpoints; sys.exit(bool({'keras', 'tensorflow', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[1], check=False).returncode == 0
