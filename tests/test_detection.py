"""Family and arguments of a checkpoint's model, from its tensors alone."""

import numpy as np
import pytest

from kerasgan import models, zoo
from kerasgan.checkpoints.detection import candidates
from kerasgan.checkpoints.nearest import network_of
from kerasgan.checkpoints.recognition import PUBLISHERS
from kerasgan.keras_internals import lazy_variables

PREFIXES = {"OpenMMLab": "generator_ema.", "StyleGAN2-ADA": "G_ema."}
# Arguments that do not change the generator, or only the size of the images that it is trained on.
OF_TRAINING = {
    "adversarial_weight",
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
    layout, prefix = publisher.FAMILIES[type(gan).__name__], PREFIXES.get(publisher.NAME, "")
    if publisher.NAME == "OpenMMLab" and gan.task.from_images and gan.scale == 1:
        several = ["generators.photo.", "generators.map."][: len(gan.directions) or 1]
        return {"state_dict": {name: value for each in several for name, value in tensors(gan, layout, each).items()}}
    found = tensors(gan, layout, prefix)
    return {"params_ema": found} if publisher.NAME == "BasicSR" else found


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
    contents = in_file(gan, publisher)
    if publisher.NAME == "StyleGAN2-ADA":  # whose files hold modules
        shapes = {name: value.shape for name, value in contents.items()}
        arguments = publisher.FAMILIES[recipe.family].detect(shapes)
    else:
        first = next(candidates(contents, "x.pth"))
        assert (first.family, first.publisher) == (recipe.family, publisher)
        arguments = first.arguments
    settled = {**gan.get_config(), **recipe.model}
    assert {key: settled[key] for key in arguments} == arguments
    untold = recipe.model.keys() - arguments.keys() - OF_TRAINING
    assert untold <= ({"image_size"} if gan.task.from_images else set())
