"""GAN: two networks and the one adversarial training step that every family shares."""

from kerasgan.gan.balance import Balance
from kerasgan.gan.image_to_image import ImageToImage
from kerasgan.gan.model import GAN
from kerasgan.gan.task import Task
from kerasgan.gan.train_step import AdversarialStep, Batch

__all__ = ["GAN", "AdversarialStep", "Balance", "Batch", "ImageToImage", "Task"]
