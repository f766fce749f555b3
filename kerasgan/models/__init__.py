"""One file per family, named after the paper."""

from kerasgan.models.aae import AAE
from kerasgan.models.acgan import ACGAN
from kerasgan.models.began import BEGAN
from kerasgan.models.bicyclegan import BicycleGAN
from kerasgan.models.bigan import BiGAN
from kerasgan.models.biggan import BigGAN
from kerasgan.models.biggan_deep import BigGANDeep
from kerasgan.models.cogan import CoGAN
from kerasgan.models.conditional_dcgan import ConditionalDCGAN
from kerasgan.models.conditional_gan import ConditionalGAN
from kerasgan.models.context_encoder import ContextEncoder
from kerasgan.models.cut import CUT
from kerasgan.models.cyclegan import CycleGAN
from kerasgan.models.dcgan import DCGAN
from kerasgan.models.deblurgan import DeblurGAN
from kerasgan.models.deepsim import DeePSiM
from kerasgan.models.esrgan import ESRGAN
from kerasgan.models.fastgan import FastGAN
from kerasgan.models.frame_prediction import FramePrediction
from kerasgan.models.gan2014 import GAN2014
from kerasgan.models.gran import GRAN
from kerasgan.models.infogan import InfoGAN
from kerasgan.models.lapgan import LAPGAN
from kerasgan.models.lsgan import LSGAN
from kerasgan.models.pggan import PGGAN
from kerasgan.models.pix2pix import Pix2Pix
from kerasgan.models.r3gan import R3GAN
from kerasgan.models.sagan import SAGAN
from kerasgan.models.semi_supervised import SemiSupervisedGAN
from kerasgan.models.singan import SinGAN
from kerasgan.models.sngan import SNGAN
from kerasgan.models.spade import SPADE
from kerasgan.models.srgan import SRGAN
from kerasgan.models.stargan import StarGAN
from kerasgan.models.stylegan import StyleGAN
from kerasgan.models.stylegan2 import StyleGAN2
from kerasgan.models.stylegan3 import StyleGAN3
from kerasgan.models.wgan_gp import WGANGP

__all__ = [
    "AAE",
    "ACGAN",
    "BEGAN",
    "CUT",
    "DCGAN",
    "ESRGAN",
    "GAN2014",
    "GRAN",
    "LAPGAN",
    "LSGAN",
    "PGGAN",
    "R3GAN",
    "SAGAN",
    "SNGAN",
    "SPADE",
    "SRGAN",
    "WGANGP",
    "BiGAN",
    "BicycleGAN",
    "BigGAN",
    "BigGANDeep",
    "CoGAN",
    "ConditionalDCGAN",
    "ConditionalGAN",
    "ContextEncoder",
    "CycleGAN",
    "DeblurGAN",
    "DeePSiM",
    "FastGAN",
    "FramePrediction",
    "InfoGAN",
    "Pix2Pix",
    "SemiSupervisedGAN",
    "SinGAN",
    "StarGAN",
    "StyleGAN",
    "StyleGAN2",
    "StyleGAN3",
]
