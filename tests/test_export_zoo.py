"""Every bundled entry, and every family without one, in every format, opened in its own runtime and compared.

In every run those of a plain family and of one of each set of overridden methods that an export uses; the others are
among the slow tests.

The comparison is the export's own, in batches of 1, 3 and 8, of translators in two sizes, of one image with its
neighbors; here its report is read. An entry or a family that comes later is found by itself.
"""

import keras
import pytest
from families import FAMILIES, of_each_kind
from test_export_options import made

import kerasgan
from kerasgan import models, zoo
from kerasgan.export import formats

BOX = {name: zoo.recipe(name).family for name in zoo.names(pretrained=True) if zoo.recipe(name).bundled}
FIRST = {family: name for name, family in reversed(BOX.items())}
OTHERS = sorted(set(models.__all__) - FIRST.keys())
USUAL = {
    family.__name__
    for family in of_each_kind(FAMILIES, "truncated", "truncation_center", "translator", "_make_ema_generator")
}


def sampled(case, family):
    usual = family in USUAL and case in (family, FIRST.get(family))
    return pytest.param(case, marks=() if usual else pytest.mark.slow)


pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends: test_export_programs")


def check(gan, folder):
    for direction in getattr(gan, "directions", ()) or (None,):
        report = kerasgan.export.bundle(gan, folder / str(direction), direction=direction)
        network = gan.translator(direction) if gan.task.from_images else gan.sampler
        sizes = 2 if None in network.inputs[0].shape[1:] else 1
        channels = {network.inputs[0].shape[-1] if gan.task.from_images else 3, gan.image_shape[-1]}
        assert set(report["left_out"]) == (set() if channels <= {1, 3} else {"web"}), report["left_out"]
        for name in formats.FORMATS.keys() - report["left_out"].keys():
            found = report["formats"][name]
            batches = [1] * (sizes - 1) + [1, 3] if gan.task.from_images else [1, 3, 8]
            assert [row["batch"] for row in found["differences"]] == batches
            assert len({tuple(row["shape"][1:]) for row in found["differences"]}) == sizes
            assert max(row["max"] for row in found["differences"]) <= 5e-5
            assert found["neighbors"] <= 5e-5


@pytest.mark.parametrize("name", [sampled(name, family) for name, family in BOX.items()])
def test_every_bundled_entry_is_the_same_in_every_format(name, tmp_path):
    check(zoo.load(name), tmp_path)


@pytest.mark.parametrize("family", [sampled(family, family) for family in OTHERS])
def test_every_other_family_is_the_same_in_every_format(family, tmp_path):
    check(made(getattr(models, family)), tmp_path)
