"""Score cards of models that translate images: how near their images come to the targets of pairs."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kerasgan.evaluation.score_card import ScoreCard, interval, library_versions, rounded
from kerasgan.metrics.features import weights_hash
from kerasgan.metrics.frames import clip_scores
from kerasgan.metrics.pair_scores import likened, pair_scores

__all__ = ["pair_card", "translation_scores"]


def translation_scores(
    gan: Any, inputs: np.ndarray, targets: np.ndarray, *, direction: str | None = None
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Scores by name, one number for each pair: of what a model makes of the inputs, and of the inputs as they are.

    Where the inputs are the targets themselves, only of the first. Of clips `clip_scores`, else `pair_scores` and those
    that only the model's family has.

    Args:
        gan: a `kerasgan.gan.ImageToImage`.
        inputs: float32 (count, height, width, channels) in [-1, 1].
        targets: what they should become.
        direction: as of `gan.predict`.
    """
    if gan.task == "video-prediction":
        from kerasgan.data.clips import unstacked

        given, true = (unstacked(images, gan.image_shape[-1]) for images in (inputs, targets))
        return clip_scores(given[:, -1], gan.predict_frames(given, count=true.shape[1]), true)
    made = gan.predict(inputs, direction=direction)
    scores = {**pair_scores(made, targets, scale=gan.scale), **gan.family_pair_scores(made, targets)}
    return scores, {} if inputs is targets else pair_scores(likened(inputs, targets), targets, scale=gan.scale)


def pair_card(gan: Any, pairs: Mapping[str, Any], *, count: int | None = None, name: str | None = None) -> ScoreCard:
    """Measures what an image-to-image model makes of the inputs of pairs against their targets.

    Beside each score stands that of the inputs themselves, enlarged bicubically and in the colors of the targets where
    they differ; of clips that of the newest frame given; nothing, where the inputs are the targets.

    Args:
        gan: a `kerasgan.gan.ImageToImage`. A family that translates both ways is measured both ways.
        pairs: sources of pairs by name, such as {"test": kerasgan.data.derive_pairs(...)}; the scores of all but the
            first end in their names.
        count: pairs of each source, all if not given.
        name: of the model, for the card.

    Raises:
        ValueError: for sources that are no pairs, or hold fewer than two.
    """
    found: dict[str, Any] = {}
    facts = {}
    for place, (part, source) in enumerate(pairs.items()):
        if not getattr(source, "paired", False) or (source.count or 2) < 2:
            raise ValueError(f"Expected a source of two pairs or more. Received: {part}={source!r}")
        inputs, targets = source.examples(count or source.count)
        inputs = targets if np.array_equal(inputs, targets) else inputs
        digest = hashlib.sha256(inputs.tobytes() + targets.tobytes()).hexdigest()
        where = Path(source.name)  # no card tells where a folder lay
        known = where.name if where.is_absolute() else source.name
        facts[part] = {"name": known, "count": len(targets), "sha256": digest}
        for direction in gan.directions or (None,):
            given, wanted = (inputs, targets) if direction in (None, *gan.directions[:1]) else (targets, inputs)
            ending = "".join(f"_{each}" for each in (direction, part if place else None) if each)
            scores, plain = translation_scores(gan, given, wanted, direction=direction)
            for key, values in scores.items():
                beside = rounded(np.mean(plain[key])) if key in plain else None
                mean = rounded(np.mean(values))
                found[key + ending] = {"mean": mean, "interval": interval(values), "real": beside, "features": None}
    content = {
        "name": name or gan.name,
        "family": type(gan).__name__,
        "scores": found,
        "pairs": facts,
        "parameters": int(gan.sampler.count_params()),
        "weights": weights_hash(gan.sampler),
        "versions": library_versions(),
    }
    return ScoreCard(content)
