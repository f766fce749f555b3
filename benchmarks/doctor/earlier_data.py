"""More troubles that earlier rules had not seen, most of them of the data: the present rules were made with them."""

import io
from collections.abc import Mapping

import keras
import numpy as np
from earlier import Each
from families import Setting
from PIL import Image
from troubles import ALL, ANY, Endless, Trouble, plain

import kerasgan


class Sees(kerasgan.GAN):
    """The discriminator is shown fakes instead of the real images."""

    def discriminator_loss(self, batch):
        return super().discriminator_loss(batch._replace(real=batch.fake))


class Loud(kerasgan.latents.Prior):
    """Latents a hundred times as large as usual."""

    factor = 100.0

    def sample(self, count, latent_dim, seed):
        return self.factor * keras.random.normal((count, latent_dim), seed=seed)

    def draw(self, count, latent_dim, seed=None):
        return self.factor * np.random.default_rng(seed).normal(size=(count, latent_dim)).astype("float32")


class Repeated(Endless):
    """Batches of the same image 32 times."""

    def __getitem__(self, index):
        return self.x[[index % len(self.x)]].repeat(32, axis=0)


def kept(setting: Setting) -> np.ndarray:
    """The images that the doctor is given, copied for a change of those of `fit`."""
    setting.reference = setting.x, setting.y
    return setting.x.copy()


def stamped(setting: Setting, rng: np.random.Generator) -> None:
    setting.x = kept(setting)
    setting.x[:, 10:15:2, 9:15] = 160  # three stripes in a corner


def palette(setting: Setting, rng: np.random.Generator) -> None:
    setting.x = rng.permutation(16).astype("uint8")[kept(setting) // 16] * 17


def jpeg(setting: Setting, rng: np.random.Generator) -> None:
    def compressed(image: np.ndarray) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(image[..., 0]).save(file, "JPEG", quality=5)
        return np.asarray(Image.open(file))[..., None]

    setting.x = np.stack([compressed(image) for image in kept(setting)])


def corner(setting: Setting, rng: np.random.Generator) -> None:
    setting.x = kept(setting)[:, :8, :8].repeat(2, axis=1).repeat(2, axis=2)


def interlaced(setting: Setting, rng: np.random.Generator) -> None:
    x = kept(setting)
    setting.x = np.concatenate([x[:, ::2], x[:, 1::2]], axis=1)


def gamma_twice(setting: Setting, rng: np.random.Generator) -> None:
    setting.x = np.round(255 * (kept(setting) / 255) ** (2.2**2)).astype("uint8")


def enlarged(setting: Setting, rng: np.random.Generator) -> None:
    small = keras.ops.image.resize(kept(setting).astype("float32"), (6, 6), antialias=True)
    setting.x = np.round(np.array(keras.ops.image.resize(small, (16, 16)))).clip(0, 255).astype("uint8")


def salted(setting: Setting, rng: np.random.Generator) -> None:
    setting.x = kept(setting)
    setting.x[rng.random(setting.x.shape) < 0.05] = 255


def from_another_offset(setting: Setting, rng: np.random.Generator) -> None:
    setting.x = np.roll(kept(setting).reshape(-1), 16 * 16 // 3).reshape(setting.x.shape)


def mixed_polarity(setting: Setting, rng: np.random.Generator) -> None:
    x = kept(setting)
    setting.x = np.where(rng.random((len(x), 1, 1, 1)) < 0.5, 255 - x, x)


def coarse_labels(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference, setting.steps = (setting.x, setting.y), 400
    setting.y = setting.y // 2


def late_targets(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference = setting.x, setting.y
    setting.y = np.roll(setting.y, (3, 3), axis=(1, 2))


def some_swapped(setting: Setting, rng: np.random.Generator) -> None:
    setting.reference, setting.y = (setting.x, setting.y), setting.y.copy()
    rows = rng.permutation(len(setting.y))[: len(setting.y) // 3]
    setting.y[rows] = setting.y[np.roll(rows, 1)]


def dark_inputs(setting: Setting, rng: np.random.Generator) -> None:
    setting.x = kept(setting) // 4


def eight_bits(setting: Setting, rng: np.random.Generator) -> None:
    def rounded(gan) -> None:
        for variable in gan.generator.trainable_variables:
            own = np.array(variable)
            step = max(float(np.abs(own).max()), 1e-6) / 127
            variable.assign(np.round(own / step) * step)

    setting.callbacks = (Each(1, rounded),)


def restarts(setting: Setting, rng: np.random.Generator) -> None:
    rates = [keras.optimizers.schedules.CosineDecayRestarts(0.1, 60) for _ in range(2)]
    for role, rate in zip(("generator", "discriminator"), rates):
        setting.compile[f"{role}_optimizer"] = keras.optimizers.Adam(rate, beta_1=setting.momentum)


def same_image(setting: Setting, rng: np.random.Generator) -> None:
    setting.loader = Repeated


def loud_latents(setting: Setting, rng: np.random.Generator) -> None:
    setting.prior = Loud()


def large_epsilon(setting: Setting, rng: np.random.Generator) -> None:
    for role, rate in zip(("generator", "discriminator"), setting.rates):
        setting.compile[f"{role}_optimizer"] = keras.optimizers.Adam(rate, beta_1=setting.momentum, epsilon=1.0)


def fakes_only(setting: Setting, rng: np.random.Generator) -> None:
    setting.build = plain(setting, Sees)


DATA = ("data mismatch",)
EARLIER_DATA: Mapping[str, Trouble] = {
    "a watermark": Trouble(stamped, DATA, ("GAN2014", "LSGAN")),
    "palette indices": Trouble(palette, DATA, ("LSGAN", "GAN2014")),
    "JPEG of quality 5": Trouble(jpeg, DATA, ("GAN2014", "LSGAN"), sure=False),
    "one corner enlarged": Trouble(corner, DATA, ("DCGAN", "GAN2014")),
    "interlaced rows": Trouble(interlaced, DATA, ("LSGAN", "GAN2014")),
    "gamma twice": Trouble(gamma_twice, DATA, ("GAN2014", "LSGAN")),
    "enlarged from six pixels": Trouble(enlarged, DATA, ("LSGAN", "GAN2014")),
    "salt": Trouble(salted, DATA, ("GAN2014", "DCGAN")),
    "read from another offset": Trouble(from_another_offset, DATA, ("DCGAN", "GAN2014")),
    "half in negative": Trouble(mixed_polarity, DATA, ("GAN2014", "LSGAN")),
    "coarse labels": Trouble(coarse_labels, ("labels ignored",), ("ConditionalDCGAN", "ConditionalGAN")),
    "targets moved by three pixels": Trouble(late_targets, DATA, ("Pix2Pix", "DeblurGAN")),
    "a third of the pairs exchanged": Trouble(some_swapped, DATA, ("DeblurGAN", "Pix2Pix"), sure=False),
    "dark inputs": Trouble(dark_inputs, DATA, ("Pix2Pix", "DeblurGAN")),
    "weights of eight bits": Trouble(eight_bits, ALL, ("GAN2014", "DCGAN"), sure=False),
    "warm restarts at 0.1": Trouble(restarts, ANY, ("DCGAN", "LSGAN"), sure=False),
    "the same image 32 times": Trouble(same_image, ALL, ("GAN2014", "DCGAN"), sure=False),
    "latents times 100": Trouble(loud_latents, ALL, ("DCGAN", "LSGAN"), sure=False),
    "Adam's epsilon of one": Trouble(large_epsilon, ALL, ("GAN2014", "Pix2Pix"), sure=False),
    "fakes for real images": Trouble(fakes_only, ALL, ("DCGAN",)),
}
