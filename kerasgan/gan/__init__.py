"""GAN: two networks and the one adversarial training step that every family shares."""

from kerasgan.gan.balance import Balance
from kerasgan.gan.model import GAN
from kerasgan.gan.step import AdversarialStep, Round
from kerasgan.gan.task import Task
from kerasgan.gan.translation import ImageToImage

__all__ = ["GAN", "AdversarialStep", "Balance", "ImageToImage", "Round", "Task"]
