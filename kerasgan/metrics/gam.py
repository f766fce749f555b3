"""Generative adversarial metric: two GANs exchange generators, and each discriminator scores the other's samples."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from kerasgan.metrics import checks

__all__ = ["GAMResult", "gam"]


@dataclass(frozen=True, kw_only=True)
class GAMResult:
    """Error rates in [0, 1] of the discriminators, and the ratios that follow from them."""

    first_error_on_test: float
    second_error_on_test: float
    first_error_on_second: float
    second_error_on_first: float

    @property
    def test_error_ratio(self) -> float:
        """The paper's r_test: error of the first discriminator on test images over that of the second."""
        return _ratio(self.first_error_on_test, self.second_error_on_test)

    @property
    def sample_error_ratio(self) -> float:
        """The paper's r_samples: the first discriminator's error on the second's samples over the reverse; < 1 wins."""
        return _ratio(self.first_error_on_second, self.second_error_on_first)

    @property
    def test_accuracy_ratio(self) -> float:
        """The ratio on test images in the authors' code: of accuracies, above 1 if the first is better."""
        return _ratio(1 - self.first_error_on_test, 1 - self.second_error_on_test)

    @property
    def sample_accuracy_ratio(self) -> float:
        """The ratio on samples in the authors' code: of accuracies, above 1 if the first GAN wins."""
        return _ratio(1 - self.first_error_on_second, 1 - self.second_error_on_first)

    def winner(self, *, tolerance: float = 0.1) -> str:
        """ "first", "second", "draw", or "unfair" if test accuracies differ by more than a share `tolerance`.

        If a discriminator is worse on test images, its errors on samples are no evidence.
        """
        accuracies = 1 - self.first_error_on_test, 1 - self.second_error_on_test
        if max(accuracies) > min(accuracies) * (1 + tolerance):
            return "unfair"
        if self.first_error_on_second == self.second_error_on_first:
            return "draw"
        return "first" if self.sample_error_ratio < 1 else "second"


def _ratio(above: float, below: float) -> float:
    if above == below:  # also 0 / 0: a draw
        return 1.0
    return above / below if below else float("inf")


def gam(
    *, first_on_test: Any, second_on_test: Any, first_on_second: Any, second_on_first: Any, threshold: float = 0.5
) -> GAMResult:
    """Compare two GANs by their discriminators (Im et al. 2016, 1602.05110: GAM).

    Args:
        first_on_test: probabilities of "real" (count,) that the first discriminator gives real test images.
        second_on_test: those of the second discriminator, of the same images.
        first_on_second: those of the first discriminator, of the second generator's samples.
        second_on_first: those of the second discriminator, of the first generator's samples; the code takes 1,000.
        threshold: from this score on an image counts as classified real; pass 0 for logits.

    Returns:
        `GAMResult`: ratios of errors as in the paper and of accuracies as in the authors' code, and `.winner()`.

    Raises:
        ValueError: if an array is not (count,) or not finite, or the two on test images differ in count.
    """
    on_test = [checks.scores(first_on_test, name="first_on_test"), checks.scores(second_on_test, name="second_on_test")]
    if len(on_test[0]) != len(on_test[1]):
        raise ValueError(f"Expected both on the same test images. Received: {len(on_test[0])} and {len(on_test[1])}")
    first_fooled = checks.scores(first_on_second, name="first_on_second") >= threshold
    second_fooled = checks.scores(second_on_first, name="second_on_first") >= threshold
    return GAMResult(
        first_error_on_test=float(np.mean(on_test[0] < threshold)),
        second_error_on_test=float(np.mean(on_test[1] < threshold)),
        first_error_on_second=float(np.mean(first_fooled)),
        second_error_on_first=float(np.mean(second_fooled)),
    )
