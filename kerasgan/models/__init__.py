"""One file per family, named after the paper."""

from kerasgan.models.conditional_dcgan import ConditionalDCGAN
from kerasgan.models.conditional_gan import ConditionalGAN
from kerasgan.models.dcgan import DCGAN
from kerasgan.models.gan2014 import GAN2014
from kerasgan.models.infogan import InfoGAN
from kerasgan.models.semi_supervised import SemiSupervisedGAN

__all__ = ["DCGAN", "GAN2014", "ConditionalDCGAN", "ConditionalGAN", "InfoGAN", "SemiSupervisedGAN"]
