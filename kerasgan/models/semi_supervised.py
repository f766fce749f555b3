"""Semi-supervised GAN: the discriminator classifies, with an extra class for fakes, and learns from unlabeled images.

Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen: Improved Techniques for Training GANs, 2016,
https://arxiv.org/abs/1606.03498, sections 3 and 5; networks follow the authors' Theano code. Deviations: labeled and
unlabeled images pass the discriminator in one batch; its trained weights classify, where the code averages them over
time; virtual batch normalization (section 3.4) is left out, as in the authors' semi-supervised experiments.
"""

from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy.special import softmax

from kerasgan import data, gradients
from kerasgan.gan import GAN, Batch
from kerasgan.gan.constructor_checks import check_doublings
from kerasgan.layers import HistoricalAveraging, fit_layers
from kerasgan.models.semi_supervised_networks import dense_discriminator, dense_generator, discriminator, generator

__all__ = ["SemiSupervisedGAN", "discriminator", "generator"]

VARIANTS = ("dense", "convolutional")
MATCHINGS = {"squared": ops.square, "absolute": ops.abs}


@keras.saving.register_keras_serializable("kerasgan")
class SemiSupervisedGAN(GAN):
    """A classifier trained on few labeled and many unlabeled images, and a generator; square images.

    `fit` takes labels from 0 to num_classes - 1, and -1 for images without one.

    Args:
        image_size: in pixels; for the variant "convolutional" 4, 5, 6 or 7 times a power of two, from 16 on.
        channels: of the images.
        num_classes: the real classes, K.
        latent_dim: size of the latent vector.
        variant: "dense" (the paper's networks for MNIST) or "convolutional" (CIFAR-10, SVHN).
        generator_variant: likewise of the generator alone; as `variant` if not given.
        width: factor of the discriminator's units; 1 is the paper's for MNIST and CIFAR-10, 2/3 for SVHN.
        generator_width: likewise of the generator; as `width` if not given.
        noise: deviation of the noise on the discriminator's hidden layers ("dense"), or rate of dropout between them.
        input_noise: likewise on its input; 0.3 ("dense", in images from 0 to 1) or 0.2 if not given, as the paper's.
        matching: the generator's loss of the difference of mean features: "squared" (MNIST) or "absolute".
        matching_weight: of feature matching in the generator's loss.
        adversarial_weight: of the objective in the generator's loss; the paper's semi-supervised models have none.
        minibatch_kernels: of minibatch discrimination, after the features; the paper's 100 make better samples and
            a worse classifier, whose outputs then depend on the batch.
        history_weight: of historical averaging in both networks' losses.
        prior: of the latents; uniform on the unit cube if not given.

    Raises:
        ValueError: for an unknown variant or matching, fewer than two classes, or a size that it does not make.
    """

    tiny_config = MappingProxyType(dict(image_size=8, num_classes=3, latent_dim=8, width=0.05))
    accepts_unlabeled = True
    extra_metrics = ("supervised_loss", "labeled_error")

    def __init__(
        self,
        *,
        image_size: int = 28,
        channels: int = 1,
        num_classes: int = 10,
        latent_dim: int = 100,
        variant: str = "dense",
        generator_variant: str | None = None,
        width: float = 1.0,
        generator_width: float | None = None,
        noise: float = 0.5,
        input_noise: float | None = None,
        matching: str | None = None,
        matching_weight: float = 1.0,
        adversarial_weight: float = 0.0,
        minibatch_kernels: int = 0,
        history_weight: float = 0.0,
        prior: Any = None,
        name: str | None = None,
    ):
        _check(num_classes, variant=variant, generator_variant=generator_variant or variant, matching=matching)
        if "convolutional" in (variant, generator_variant):
            check_doublings(image_size, smallest=16)
        shape, dense = (image_size, image_size, channels), variant == "dense"
        generator_variant = generator_variant or variant
        make_generator = dense_generator if generator_variant == "dense" else generator
        make_discriminator = dense_discriminator if dense else discriminator
        generator_width = width if generator_width is None else generator_width
        noises = ((0.3 if dense else 0.2) if input_noise is None else input_noise, noise)
        super().__init__(
            make_generator(shape, latent_dim, width=generator_width),
            make_discriminator(shape, num_classes, width=width, noises=noises, minibatch_kernels=minibatch_kernels),
            prior=prior or {"name": "uniform", "low": 0.0, "high": 1.0},
            name=name,
        )
        self.variant, self.classes = variant, num_classes
        self.matching = matching or ("squared" if dense else "absolute")
        self.matching_weight, self.adversarial_weight = matching_weight, adversarial_weight
        self.history_weight = history_weight
        networks = (self.generator, self.discriminator) if history_weight else ()
        self.histories = [HistoricalAveraging(network.trainable_variables) for network in networks]
        self.resolve_arguments(
            generator_variant=generator_variant,
            generator_width=generator_width,
            input_noise=noises[0],
            matching=self.matching,
        )

    @property
    def label_classes(self):
        return self.classes

    def default_compile_args(self):
        rate = 3e-3 if self.variant == "dense" else 3e-4
        adam = [keras.optimizers.Adam(rate, beta_1=0.5) for _ in range(2)]
        return {"objective": "non_saturating", "generator_optimizer": adam[0], "discriminator_optimizer": adam[1]}

    def adapt(self, source):
        """Sets gains and biases of weight normalization from 500 images, as the authors' code does."""
        images = data.first_images(source, 500)
        with gradients.none():
            fit_layers(self.discriminator, ops.convert_to_tensor(images))
            fit_layers(self.generator, self.sample_latents(images))

    def discriminator_loss(self, batch: Batch) -> Any:
        """Section 5: -log p(y | x, y <= K) for labeled images, and 1/2 of the objective with D = Z / (Z + 1)."""
        class_logits, _ = self._logits_and_features(batch.real)
        labeled = ops.cast(batch.labels >= 0, "float32")
        labels = ops.maximum(ops.cast(batch.labels, "int32"), 0)
        entropies = keras.losses.sparse_categorical_crossentropy(labels, class_logits, from_logits=True)
        supervised = _mean(entropies, labeled)
        wrong = ops.cast(ops.argmax(class_logits, axis=-1), "int32") != labels
        self.log("supervised_loss", supervised)
        self.log("labeled_error", _mean(ops.cast(wrong, "float32"), labeled))
        real_logits = _real_logit(ops.take(class_logits, _unlabeled_rows(batch.labels), axis=0))
        unsupervised = 0.5 * self.adversarial_loss(real_logits, self.discriminate(batch.fake))
        return supervised + unsupervised + self._history(-1, self.discriminator)

    def generator_loss(self, batch: Batch) -> Any:
        """Section 3.1: mean features of fakes like those of unlabeled images; the adversarial loss if weighted."""
        rows = _unlabeled_rows(batch.labels)
        real_logits, real = self._logits_and_features(batch.real)
        fake_logits, fake = self._logits_and_features(batch.fake)
        difference = ops.mean(ops.take(real, rows, axis=0), axis=0) - ops.mean(fake, axis=0)
        loss = self.matching_weight * ops.mean(MATCHINGS[self.matching](difference))
        if self.adversarial_weight:
            paired = _real_logit(ops.take(real_logits, rows, axis=0)) if self.objective.paired else None
            loss += self.adversarial_weight * self.objective.generator_loss(paired, _real_logit(fake_logits))
        return loss + self._history(0, self.generator)

    def discriminate(self, images: Any, labels: Any = None) -> Any:
        """The logit (batch, 1) of an image being real: D = Z / (Z + 1) with Z = sum of exp(class logits)."""
        return _real_logit(self._logits_and_features(images)[0])

    def synthesize(self, batch: Batch) -> Any:
        return super().synthesize(batch._replace(labels=None))  # only the discriminator is trained on labels

    def _logits_and_features(self, images: Any) -> tuple[Any, Any]:
        class_logits, features = self.discriminator(self.augmented(images), training=True)
        return ops.cast(class_logits, "float32"), ops.cast(features, "float32")

    def _history(self, index: int, network: keras.Model) -> Any:
        if not self.histories:
            return 0.0
        return self.history_weight * self.histories[index](network.trainable_variables)

    def classify(self, images: Any, *, batch_size: int = 256) -> np.ndarray:
        """Probabilities of the classes, given that the images are real: float32 (count, num_classes).

        Args:
            images: (count, height, width, channels), uint8 or float in [-1, 1].
            batch_size: images computed at a time.

        Raises:
            TypeError, ValueError: for arrays that are not images of a valid size.
        """
        return softmax(self.examine(images, batch_size=batch_size)[0], axis=-1)

    def family_scores(self, images, labels, *, seed=0):
        """`classification_error`: the share of the labeled images that `classify` puts into another class."""
        known = np.full(len(images), -1) if labels is None else np.asarray(labels)
        if not (known >= 0).any():
            return {}
        found = self.classify(images[known >= 0]).argmax(axis=1)
        return {"classification_error": float(np.mean(found != known[known >= 0]))}


def _check(num_classes: int, **choices: str | None) -> None:
    for key, value in choices.items():
        known = tuple(MATCHINGS) if key == "matching" else VARIANTS
        if value not in known and not (key == "matching" and value is None):
            raise ValueError(f"Expected {key} to be one of {', '.join(known)}. Received: {key}={value!r}")
    if num_classes < 2:
        raise ValueError(f"Expected at least two classes. Received: num_classes={num_classes}")


def _real_logit(class_logits: Any) -> Any:
    return ops.logsumexp(class_logits, axis=-1, keepdims=True)


def _mean(values: Any, weights: Any) -> Any:
    return ops.sum(values * weights) / ops.maximum(ops.sum(weights), 1.0)


def _unlabeled_rows(labels: Any) -> Any:
    """Indices (batch,) that repeat the unlabeled rows; all rows if every row has a label.

    So every objective averages over unlabeled images alone, in tensors of a fixed shape; this is exact if they are half
    of the batch, as in the batches of `kerasgan.data.SemiSupervised`, or another whole fraction.
    """
    labeled = ops.cast(labels >= 0, "int32")
    count = ops.shape(labels)[0]
    unlabeled = count - ops.sum(labeled)
    unlabeled = ops.where(unlabeled == 0, count, unlabeled)
    first = ops.argsort(labeled * count + ops.arange(count))  # unlabeled rows, then labeled ones
    return ops.take(first, ops.arange(count) % unlabeled)
