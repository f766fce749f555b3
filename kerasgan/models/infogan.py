"""InfoGAN: some latents are codes that a second head of the discriminator predicts from the image: they get a meaning.

Chen, Duan, Houthooft, Schulman, Sutskever, Abbeel: InfoGAN: Interpretable Representation Learning by Information
Maximizing Generative Adversarial Nets, 2016, https://arxiv.org/abs/1606.03657. Layers follow the authors' code for
MNIST, whose leaky slope is 0.01 where the paper's appendix has 0.1. Deviations: images are in [-1, 1] at both networks'
doors ([0, 1] inside); sampling uses running statistics of batch normalization; the entropy of continuous codes
is their own, where the code takes a standard normal's: another constant, the same gradients. Not in the paper: codes
may be mixtures and trees, whose component is read (the head predicts its posterior given the latents); and
the contrast, a term on real images, after Elastic-InfoGAN (Ojha, Singh, Hsieh, Lee 2020, 1910.01112), which has it on
the hidden features of the code head, not on its outputs, with temperature 0.5 and weight 10 in the authors' code.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy.special import softmax

from kerasgan.gan import GAN
from kerasgan.latents import Product
from kerasgan.latents.inputs import seed_or_drawn
from kerasgan.models.infogan_networks import code_prior, discriminator, generator, log_normal, output_slices
from kerasgan.objectives.contrastive import distort, nt_xent

__all__ = ["InfoGAN", "discriminator", "generator"]


@keras.saving.register_keras_serializable("kerasgan")
class InfoGAN(GAN):
    """GAN whose codes can be chosen (`generate(codes=...)`) and predicted from images (`codes(images)`); no labels.

    Args:
        image_size: in pixels, square, a multiple of 2^stages from 8 on.
        channels: of the images.
        latent_dim: size of the noise; 62 if neither it nor the prior gives a size.
        codes: parts as of `kerasgan.latents.Product`, each with a `code`, its name: categorical (or mixtures) and
            continuous ones. The paper's for MNIST if not given: a "category" of 10 and two numbers "continuous".
        width: channels of the largest map; each smaller one has twice as many.
        stages: halvings of the image, 2 for the paper's MNIST.
        units: of both networks' dense layers.
        code_units: of the code head's hidden layer.
        shared: whether the code head shares the hidden layer of the logits; else it has layers of its own.
        information_weight: lambda of equation 6: one for all codes, or one for each by its name.
        contrast_weight: of a term that favors the same category for two distortions of a real image, other categories
            for other images, and all of them equally often; then categories follow what distortions keep, such as the
            digit. 0, the paper's, for none.
        fixed_std: whether the posterior of a continuous code has the standard deviation 1, as in the authors' runs;
            otherwise the head also predicts its logarithmic variance.
        normalize: whether the discriminator normalizes over the batch.
        negative_slope: of the discriminator's leaky ReLUs.
        prior: of the noise, U(-1, 1) if not given; or of all latents, as a Product whose parts with a `code` are codes.

    Raises:
        ValueError: for a size that is not such a multiple, no code, weights of unknown codes, or a contrast that is
            negative or has no categories.
    """

    tiny_config = MappingProxyType(dict(image_size=8, latent_dim=8, width=4, units=16, code_units=8))
    extra_metrics: tuple[str, ...] = ("information",)  # the lower bound of the mutual information, in nats, unweighted

    def __init__(
        self,
        *,
        image_size: int = 28,
        channels: int = 1,
        latent_dim: int | None = None,
        codes: Sequence[Any] | Product | None = None,
        width: int = 64,
        stages: int = 2,
        units: int = 1024,
        code_units: int = 128,
        shared: bool = True,
        information_weight: float | Mapping[str, float] = 1.0,
        contrast_weight: float = 0.0,
        fixed_std: bool = True,
        normalize: bool = True,
        negative_slope: float = 0.01,
        prior: Any = None,
        name: str | None = None,
    ):
        if not isinstance(image_size, int) or image_size < 8 or image_size % 2**stages or stages < 1:
            expected = f"Expected image_size to be a multiple of {2**stages} from 8 on"
            raise ValueError(f"{expected}. Received: image_size={image_size}, stages={stages}")
        joint = code_prior(prior or "uniform", latent_dim, codes)
        slices, size = output_slices(joint)
        discrete = any(code.num_components for code, _ in joint.codes.values())
        if contrast_weight < 0 or (contrast_weight and not discrete):
            expected = "Expected a weight of the contrast from 0 on, and 0 without categories"
            raise ValueError(f"{expected}. Received: contrast_weight={contrast_weight}, codes={codes!r}")
        shape = (image_size, image_size, channels)
        sizes: dict[str, Any] = dict(width=width, stages=stages, units=units)
        head: dict[str, Any] = dict(
            code_units=code_units, shared=shared, normalize=normalize, negative_slope=negative_slope
        )
        super().__init__(
            generator(shape, joint.read_dim, **sizes),
            discriminator(shape, size, **sizes, **head),
            prior=joint,
            name=name,
        )
        self.code_slices, self.fixed_std = slices, fixed_std
        self.information_weights, self.contrast_weight = _weights(information_weight, joint), contrast_weight
        if contrast_weight:
            self.extra_metrics = ("information", "contrast")
        self.resolve_arguments(latent_dim=joint.read_dim, codes=[], prior=joint)

    def default_compile_args(self):
        def adam(learning_rate):
            return keras.optimizers.Adam(learning_rate, beta_1=0.5)

        return {
            "objective": "non_saturating",
            "generator_optimizer": adam(1e-3),
            "discriminator_optimizer": adam(2e-4),
        }

    def discriminate(self, images, labels=None):
        return self._logits_and_codes(images)[0]

    def discriminator_loss(self, batch):
        """Equation 6 for the discriminator, which trains the code head Q too, and the contrast if it has a weight."""
        real_logits = self.discriminate(batch.real)
        fake_logits, outputs = self._logits_and_codes(batch.fake)
        loss = self.adversarial_loss(real_logits, fake_logits) - self._information(batch.latents, outputs)
        return loss + self.contrast_weight * self._contrast(batch.real) if self.contrast_weight else loss

    def generator_loss(self, batch):
        """Equation 6 for the generator."""
        fake_logits, outputs = self._logits_and_codes(batch.fake)
        real_logits = self.discriminate(batch.real) if self.objective.paired else None
        return self.objective.generator_loss(real_logits, fake_logits) - self._information(batch.latents, outputs)

    def _logits_and_codes(self, images: Any) -> tuple[Any, Any]:
        logits, outputs = self.discriminator(self.augmented(images), training=True)
        return ops.cast(logits, "float32"), ops.cast(outputs, "float32")

    def _information(self, latents: Any, outputs: Any) -> Any:
        """Equation 5, weighted: L_I = E log Q(c|x) + H(c) <= I(c; G(z, c)), summed over the codes."""
        total, weighted = 0.0, 0.0
        for name, (prior, columns) in self.prior.codes.items():
            drawn, output = latents[:, columns], outputs[:, self.code_slices[name]]
            if prior.num_components:
                log_likelihood = ops.sum(prior.responsibilities(drawn) * ops.log_softmax(output, axis=-1), axis=-1)
                entropy = prior.component_entropy()
            else:
                log_likelihood = log_normal(drawn, output, fixed_std=self.fixed_std)
                entropy = prior.entropy(columns.stop - columns.start)
            information = ops.mean(log_likelihood) + entropy
            total, weighted = total + information, weighted + self.information_weights[name] * information
        self.log("information", total)
        return weighted

    def _contrast(self, images: Any) -> Any:
        """NT-Xent of Q's categories on two distortions of each image, less the entropy of their mean, over the codes.

        Without the entropy a category may stay empty, although the generator draws all of them equally often. Of a
        tree, the mean over its levels.
        """
        views, total = [self._logits_and_codes(distort(images, self.seed_generator))[1] for _ in range(2)], 0.0
        for name, (prior, _) in self.prior.codes.items():
            if prior.num_components:
                shares = (ops.softmax(outputs[:, self.code_slices[name]], axis=-1) for outputs in views)
                levels = list(zip(*map(prior.levels, shares)))
                for first, second in levels:
                    mean = ops.mean((first + second) / 2, axis=0)
                    contrast = nt_xent(first, second) + ops.sum(mean * ops.log(ops.maximum(mean, 1e-8)))
                    total = total + contrast / len(levels)
        self.log("contrast", total)
        return total

    def generate(self, count=None, *, latents=None, codes=None, seed=None, **options):
        """As `GAN.generate`; `codes` are the chosen ones, {"category": 3, "continuous": [0.5, -0.5]}; others are drawn.

        A categorical code is an int, or one per image; a continuous one its numbers, or a row of them per image.
        """
        if codes and latents is not None:
            raise ValueError(f"Expected either latents or codes. Received: both, codes={codes}")
        if codes:
            seed = seed_or_drawn(seed)
            latents = self.prior.draw_given(codes, count, self.latent_dim, seed)
        return super().generate(count, latents=latents, seed=seed, **options)

    def codes(self, images: np.ndarray, *, batch_size: int = 64) -> dict[str, np.ndarray]:
        """Q's predictions for images (count, height, width, channels) in [-1, 1], by the codes' names.

        For a categorical code (or mixture) the posterior probabilities (count, categories), for a continuous one the
        posterior's mean (count, size).
        """
        joined, read = self.examine(images, batch_size=batch_size)[1], {}
        for name, (prior, columns) in self.prior.codes.items():
            output = joined[:, self.code_slices[name]]
            if prior.num_components:
                read[name] = softmax(output, axis=1)
            else:
                read[name] = output[:, : columns.stop - columns.start]
        return read

    def _discrete_code(self) -> str | None:
        return next((name for name, (prior, _) in self.prior.codes.items() if prior.num_components), None)

    def sample_grid(self, count=None, *, seed=0):
        """A column per category of the first categorical code; one noise per row, then one continuous code per row.

        The lower half of the rows keeps the first row's noise and varies the first continuous code over its range.
        """
        name = self._discrete_code()
        if name is None:
            return super().sample_grid(count, seed=seed)
        columns = self.prior.codes[name][0].num_components
        rows = 8 if count is None else math.ceil(count / columns)
        base = self.prior.draw(rows, self.latent_dim, seed)
        varied = next(((prior, place) for prior, place in self.prior.codes.values() if not prior.num_components), None)
        if varied and rows > 1:
            half, (prior, place) = rows - rows // 2, varied
            base[half:] = base[0]
            base[half:, place.start] = np.linspace(*_ends(prior), rows - half)
        latents, place = np.repeat(base, columns, axis=0), self.prior.codes[name][1]
        category = np.tile(np.arange(columns), rows)
        latents[:, place] = self.prior.draw_given({name: category}, len(latents), self.latent_dim, seed)[:, place]
        return self.generate(latents=latents)[:count], columns

    def family_scores(self, images, labels, *, seed=0):
        """`code_error`: how often the first categorical code, taken as a class, is wrong on real images.

        Each category counts as the label that most of its images have.
        """
        name = self._discrete_code()
        if labels is None or name is None:
            return {}
        found = self.codes(images)[name].argmax(axis=1)
        right = sum(np.bincount(labels[found == category]).max() for category in np.unique(found))
        return {"code_error": float(1 - right / len(labels))}


def _weights(given: float | Mapping[str, float], joint: Product) -> Mapping[str, float]:
    weights = dict(given) if isinstance(given, Mapping) else dict.fromkeys(joint.codes, given)
    if weights.keys() != joint.codes.keys():
        expected = f"Expected the information_weight of each code: {', '.join(joint.codes)}"
        raise ValueError(f"{expected}. Received: {', '.join(map(str, weights)) or 'none'}")
    return MappingProxyType(weights)


def _ends(prior: Any) -> tuple[float, float]:
    """The range over which a continuous code varies: the whole one, or two standard deviations to each side."""
    config = prior.get_config()
    return config.get("low", -2.0), config.get("high", 2.0)
