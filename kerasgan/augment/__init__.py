"""Differentiable augmentation: changes of the discriminator's inputs, real and fake, in both networks' updates.

Augmenting only the real images would teach the generator the augmentations. Augmenting both does not, as long as the
augmentation is invertible on distributions of images (Karras et al. 2020, 2006.06676, section 2), and makes a small
data set more varied.
"""

from kerasgan.augment.adaptive import ADA
from kerasgan.augment.diff_augment import DiffAugment
from kerasgan.augment.instance_noise import InstanceNoise
from kerasgan.augment.scheme import Augmentation
from kerasgan.names import made, resolve
from kerasgan.scalars import guard

__all__ = ["ADA", "Augmentation", "DiffAugment", "InstanceNoise", "get", "names"]

_SCHEMES: dict[str, type[Augmentation]] = {
    "ada": ADA,
    "diff_augment": DiffAugment,
    "instance_noise": InstanceNoise,
}


def names() -> list[str]:
    """The names that `get` accepts, sorted."""
    return sorted(_SCHEMES)


def get(augment: "str | dict | Augmentation | bool | None") -> Augmentation | None:
    """An augmentation from its name, from `{"name": "ada", "cutout": 1.0}`, or as it is; None for False or None.

    Raises:
        ValueError: for an unknown name, with the nearest known ones.
    """
    if isinstance(augment, Augmentation):
        return augment
    if augment is None or augment is False:
        return None
    settings = dict(augment) if isinstance(augment, dict) else {"name": augment}
    name = settings.pop("name", None)
    base = "kerasgan.augment.Augmentation"
    name = resolve(name, names(), expected="an augmentation", received=f"augment={augment!r}", base=base)
    return made(_SCHEMES[name], settings, received=f"augment={augment!r}")


guard(globals(), __all__)
