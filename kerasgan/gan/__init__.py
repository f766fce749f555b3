"""GAN: two networks and the one adversarial training step that every family shares."""

from kerasgan.gan.model import GAN
from kerasgan.gan.step import AdversarialStep, Round

__all__ = ["GAN", "AdversarialStep", "Round"]
