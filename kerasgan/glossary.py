"""What the scores mean, in a sentence each: the one text for cards, reports and the command line."""

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["SCORES", "Score", "explained", "named"]


class Score(NamedTuple):
    """The short name of a score, for tables that have little room, and what it means."""

    short: str
    text: str


SCORES = {
    "agreement": Score(
        "agreement", "Share of the images that the feature network puts into the target's class; higher is better."
    ),
    "classification_error": Score(
        "class. error", "Share of the labeled real images that the model puts into another class; lower is better."
    ),
    "code_error": Score(
        "code error", "How often the first category, taken as a class, is wrong on real images; lower is better."
    ),
    "commonest_class": Score(
        "commonest", "Share of the class that is generated most often; the share of a real class is best."
    ),
    "coverage": Score("coverage", "Share of the real images that have a sample in their neighborhood; 1 is best."),
    "density": Score(
        "density", "How many real images' neighborhoods a sample lies in, relative to real images; 1 or more is good."
    ),
    "diversity": Score(
        "diversity",
        "How far each pixel varies over the samples, relative to the variation of the one picture's pixels; 0 is none.",
    ),
    "feature_error": Score(
        "feat. error",
        "Distance of the image's features from the given ones, relative to these; lower is better.",
    ),
    "fid": Score("FID", "Fréchet distance of Inception features, as the publisher states it; lower is better."),
    "frechet_distance": Score(
        "Fréchet",
        "Distance between Gaussians fitted to the features of real and generated images; lower is better. It is the "
        "FID if the features are Inception's, and grows with fewer samples.",
    ),
    "inception_score": Score(
        "IS", "Confident classes for each image, all classes over many images: from 1 to the number of classes."
    ),
    "kernel_distance": Score(
        "KID",
        "Squared distance of the features' means in a polynomial kernel, KID if they are Inception's; lower is better. "
        "It is unbiased, so that it may fall below 0.",
    ),
    "label_accuracy": Score(
        "accuracy", "Share of the samples that a classifier puts into the class they were asked for; higher is better."
    ),
    "mean_absolute_error": Score("MAE", "Mean difference of the pixels, in units of [-1, 1]; lower is better."),
    "modes": Score("modes", "How many of the data's modes, such as three-digit numbers, the samples hit."),
    "modes_divergence": Score("modes KL", "How unevenly the samples hit the modes, in nats; 0 is even."),
    "ms_ssim": Score(
        "MS-SSIM",
        "Similarity of pairs of samples: above that of pairs of real images there is less variety.",
    ),
    "near_copies": Score(
        "near copies", "Share of the samples as near to a training image as 1 % of the real images are; 0.01 is usual."
    ),
    "nearer_than_reals": Score(
        "nearer", "How often a sample is nearer to a training image than other real images are; above 0.5 it copies."
    ),
    "neighbor_accuracy": Score(
        "1-NN accuracy",
        "How often a real image's nearest neighbor among the others, by what is encoded, has its label.",
    ),
    "parzen_log_likelihood": Score(
        "Parzen", "Log-likelihood of held-out images under Gaussians around the samples, in nats; higher is better."
    ),
    "peak_signal_to_noise": Score(
        "PSNR", "Peak signal-to-noise ratio: closeness of the pixels to the target's, in dB; higher is better."
    ),
    "pixel_neighbor_accuracy": Score(
        "pixel 1-NN", "How often a real image's nearest neighbor among the others, by pixels, has its label."
    ),
    "precision": Score("precision", "Share of the samples that lie among the real images: how real they look."),
    "rarest_class": Score("rarest", "Share of the class that is generated least often; near 0 it has been dropped."),
    "recall": Score("recall", "Share of the real images that lie among the samples: how much of them is covered."),
    "reconstruction_error": Score(
        "rec. error",
        "Root of the mean squared difference between the one picture and what is drawn of its fixed noise, in units of "
        "[-1, 1]; lower is better.",
    ),
    "retrieval_top_1": Score(
        "top-1", "Share of the outputs whose nearest target, by 8x8 thumbnails, is their own; higher is better."
    ),
    "retrieval_top_5": Score(
        "top-5", "Share of the outputs whose own target is among the five nearest, by 8x8 thumbnails; higher is better."
    ),
    "self_similarity": Score(
        "self-sim.",
        "Multi-scale structural similarity of pairs of samples: above that of real pairs there is less variety.",
    ),
    "sharpness": Score(
        "sharpness", "Mean difference of neighboring pixels: below that of real images they are blurred."
    ),
    "sharpness_difference": Score(
        "sharp. diff.", "Closeness of the edges' strength to the target's, in dB; higher is better."
    ),
    "sharpness_ratio": Score("sharp. ratio", "Sharpness relative to the target's: 1 is equal, below 1 is blurred."),
    "sliced_wasserstein": Score(
        "SWD", "Distance of small patches of real and generated images, at several scales; lower is better."
    ),
    "structural_similarity": Score(
        "SSIM", "Structural similarity to the target: closeness of means, contrasts and structures; 1 is equal."
    ),
    "swd": Score(
        "SWD", "Distance of small patches of real and generated images, as the publisher states it; lower is better."
    ),
}


def named(name: str) -> tuple[str, str] | None:
    """The score that a name such as frechet_distance_digits is of, and the rest of the name; None if unknown."""
    plain = name.replace(" ", "_")
    known = [score for score in SCORES if plain == score or plain.startswith(f"{score}_")]
    if not known:
        return None
    longest = max(known, key=len)
    return longest, plain[len(longest) + 1 :].replace("_", " ")


def explained(names: Iterable[str]) -> dict[str, str]:
    """What each score means that one of the names is of, once, in their order."""
    found = [score[0] for name in names if (score := named(name))]
    return {score: SCORES[score].text for score in dict.fromkeys(found)}
