"""Score cards of image-to-image models: how close their images are to the targets of pairs."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kerasgan.evaluation.score_card import ScoreCard, interval, library_versions, rounded
from kerasgan.metrics.features import weights_hash
from kerasgan.metrics.frames import clip_scores
from kerasgan.metrics.pair_scores import likened, pair_scores
from kerasgan.metrics.retrieval import retrieval

__all__ = ["pair_card", "translation_scores"]


def translation_scores(
    gan: Any, inputs: np.ndarray, targets: np.ndarray, *, direction: str | None = None, find: bool = False
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Scores by name, one number for each pair: first those of the model's outputs, then those of the inputs as they
    are.

    If the inputs are the targets themselves, the second mapping is empty. For clips these are `clip_scores`, otherwise
    `pair_scores` and the scores that the model's family adds.

    Args:
        gan: a `kerasgan.gan.ImageToImage`.
        inputs: float32 (count, height, width, channels) in [-1, 1].
        targets: the true outputs.
        direction: as in `gan.predict`.
        find: whether to add `kerasgan.metrics.retrieval`.
    """
    if gan.task == "video-prediction":
        from kerasgan.data.clips import unstacked

        given, true = (unstacked(images, gan.image_shape[-1]) for images in (inputs, targets))
        return clip_scores(given[:, -1], gan.predict_frames(given, count=true.shape[1]), true)
    made = gan.predict(inputs, direction=direction)

    def compared(images: np.ndarray) -> dict[str, np.ndarray]:
        found = retrieval(images, targets) if find else {}
        return {**pair_scores(images, targets, scale=gan.scale), **found}

    scores = {**compared(made), **gan.family_pair_scores(made, targets)}
    return scores, {} if inputs is targets else compared(likened(inputs, targets))


def pair_card(
    gan: Any,
    pairs: Mapping[str, Any],
    *,
    count: int | None = None,
    name: str | None = None,
    find: bool = False,
) -> ScoreCard:
    """Measures how close an image-to-image model's outputs for the inputs of pairs are to the targets.

    Beside each score is that of a baseline: the inputs themselves, enlarged bicubically and with the color channels of
    the targets if they differ; for clips the newest input frame; none if the inputs are the targets. Infinite scores,
    as the signal-to-noise ratio of an output that equals its target, are left out of means, and counted.

    Args:
        gan: a `kerasgan.gan.ImageToImage`. A family that translates in both directions is measured in both.
        pairs: sources of pairs by name, such as {"test": kerasgan.data.derive_pairs(...)}; the scores of all but the
            first end in their names.
        count: pairs of each source, all if not given.
        name: name of the model, for the card.
        find: whether to score, too, how often the nearest target is the own one, among those of the source.

    Raises:
        ValueError: for sources that do not hold pairs, or hold fewer than two.
    """
    found: dict[str, Any] = {}
    facts: dict[str, dict[str, Any]] = {}
    for place, (part, source) in enumerate(pairs.items()):
        if not getattr(source, "paired", False) or (source.count or 2) < 2:
            raise ValueError(f"Expected a source of two pairs or more. Received: {part}={source!r}")
        inputs, targets = source.examples(count or source.count)
        inputs = targets if np.array_equal(inputs, targets) else inputs
        digest = hashlib.sha256(inputs.tobytes() + targets.tobytes()).hexdigest()
        where = Path(source.name)  # only its own name: a card contains no paths
        known = where.name if where.is_absolute() else source.name
        facts[part] = {"name": known, "count": len(targets), "sha256": digest}
        for direction in gan.directions or (None,):
            given, wanted = (inputs, targets) if direction in (None, *gan.directions[:1]) else (targets, inputs)
            ending = "".join(f"_{each}" for each in (direction, part if place else None) if each)
            scores, plain = translation_scores(gan, given, wanted, direction=direction, find=find)
            equal = 0
            for key, values in scores.items():
                beside = rounded(np.mean(_finite(plain[key]))) if key in plain else None
                kept = _finite(values)
                equal, mean = max(equal, len(values) - len(kept)), rounded(np.mean(kept))
                found[key + ending] = {"mean": mean, "interval": interval(kept), "real": beside, "features": None}
            if equal:
                facts[part]["equal"] = facts[part].get("equal", 0) + equal
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


def _finite(values: np.ndarray) -> np.ndarray:
    """Those that are not infinite, as the signal-to-noise ratio of equal images is; all of them if fewer than two."""
    finite = values[np.isfinite(values)]
    return finite if len(finite) > 1 else values
