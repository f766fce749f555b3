"""Score cards: every number of an evaluation with its interval, and everything it depends on.

A card contains no date and no path, so that two evaluations with the same seeds, weights and data are identical files.
"""

import importlib.metadata
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerasgan.evaluation import scores
from kerasgan.evaluation.material import FeatureNetwork, RealImages, feature_network, generated, real_images
from kerasgan.files.paths import local
from kerasgan.files.text import in_markdown
from kerasgan.gan.measuring import in_proportion
from kerasgan.glossary import explained
from kerasgan.metrics import checks
from kerasgan.metrics.features import weights_hash

__all__ = ["ScoreCard", "interval", "library_versions", "rounded", "score_card"]

MOST_SAMPLES = 50_000  # the number for published scores
SIGNIFICANT = 6  # digits: further ones differ between machines
LIBRARIES = ("keras", "numpy", "pillow", "scikit-learn", "scipy")


@dataclass(frozen=True)
class ScoreCard:
    """The result of `score_card`.

    Args:
        content: everything, as plain data: `scores` maps a name to its `mean`, 95 % `interval`, values by seed, the
            value `real` that one half of the real images has against the other, and the feature network.
    """

    content: Mapping[str, Any]

    def mean(self, name: str) -> float:
        """The mean of a score. Raises KeyError with the names that the card has."""
        if name not in self.content["scores"]:
            raise KeyError(f"Expected one of {', '.join(self.content['scores'])}. Received: {name!r}")
        return self.content["scores"][name]["mean"]

    @property
    def beside(self) -> str:
        """The name of the baseline beside each score, in its `real`."""
        return "inputs" if "pairs" in self.content else "real halves"

    def to_json(self) -> str:
        """The content as JSON text."""
        return json.dumps(self.content, indent=1, ensure_ascii=False) + "\n"

    def to_markdown(self) -> str:
        """The scores as a table, what they depend on, and what they mean."""
        rows = [f"| score | mean | 95 % interval | {self.beside} | features |", "|---|---|---|---|---|"]
        content = self.content
        for name, found in content["scores"].items():
            low, high = found["interval"]
            real = "" if found["real"] is None else f"{found['real']:.4g}"
            facts = (name.replace("_", " "), f"{found['mean']:.4g}", f"{low:.4g} to {high:.4g}", real)
            rows.append(f"| {' | '.join((*facts, found['features'] or ''))} |")
        meanings = [f"- *{name.replace('_', ' ')}*: {text}" for name, text in explained(content["scores"]).items()]
        parts = ["\n".join(rows), "\n".join(self._protocol()), "\n".join(["What the scores mean:", "", *meanings])]
        return "\n\n".join(parts if meanings else parts[:2]) + "\n"

    def _protocol(self) -> Iterator[str]:
        content = self.content
        if "pairs" in content:
            yield "- Means over pairs; intervals: Student's t over pairs, which are not independent draws."
            if any(found["real"] is not None for found in content["scores"].values()):
                yield "- Inputs: the same scores of the inputs as they are, in the size and the colors of the targets."
        else:
            seeds = ", ".join(map(str, content["seeds"]))
            count = f"{content['samples']:,} samples each"
            yield f"- Means over the seeds {seeds}, {count}; intervals: Student's t over seeds."
            yield "- Real halves: the same score between two random halves of the real images."
        for part, facts in content.get("pairs", {}).items():
            name = in_markdown(facts["name"])
            yield f"- Pairs *{part}*: {facts['count']:,} of {name}, sha256 {facts['sha256'][:16]}."
            if "equal" in facts:
                yield f"- Of {facts['equal']:,} of them outputs equal targets: no mean has their infinite ratios."
        for kind in ("data", "held_out"):
            if kind in content:
                facts = content[kind]
                title = "Real images" if kind == "data" else "Held out"
                yield f"- {title}: {facts['count']:,} of {in_markdown(facts['name'])}, sha256 {facts['sha256'][:16]}."
        for name, facts in content.get("features", {}).items():
            shown = [f"weights {fact[:16]}" if key == "weights" else fact for key, fact in facts.items() if fact]
            yield f"- Features *{name}*: {', '.join(shown)}."
        if "class_names" in content:
            yield f"- Classes, in the order of the labels: {', '.join(map(in_markdown, content['class_names']))}."
        if "class_shares" in content:
            yield f"- Shares of the classes: {', '.join(f'{share:.1%}' for share in content['class_shares'])}."
        yield f"- Generator: {content['parameters']:,} parameters, sha256 {content['weights'][:16]}."
        yield f"- {', '.join(f'{name} {version}' for name, version in content['versions'].items())}."

    def write(self, directory: str | Path) -> Path:
        """Writes card.json and card.md into a folder, created if need be; returns the folder."""
        folder = local(directory)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "card.json").write_text(self.to_json(), encoding="utf-8")
        (folder / "card.md").write_text(self.to_markdown(), encoding="utf-8")
        return folder


def score_card(
    gan: Any,
    real: Any,
    *,
    metrics: Sequence[str] = ("frechet_distance", "precision_recall", "density_coverage"),
    features: "Sequence[str | FeatureNetwork]" = ("thumbnails",),
    samples: int | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    held_out: Any = None,
    name: str | None = None,
    batch_size: int = 64,
    cache: str | Path | None = None,
) -> ScoreCard:
    """Measures a generator against real images.

    Args:
        gan: a `kerasgan.GAN`. A class-conditional one generates the classes in the real images' proportions.
        real: a source of `kerasgan.data`, or an array (count, height, width, channels), uint8 or floats in [-1, 1].
        metrics: some of "class_shares", "density_coverage", "frechet_distance", "inception_score", "kernel_distance",
            "label_accuracy", "memorization", "mode_coverage", "parzen_log_likelihood", "precision_recall",
            "self_similarity", "sharpness" and "sliced_wasserstein".
        features: some of "thumbnails", "pixels", "digits", "stacked-digits", "fashion" and "emoji", or
            `kerasgan.metrics.features.FeatureNetwork`s. Scores that compare features are computed with each, the others
            (class shares, memorization) with the first.
        samples: number of images generated for each seed; if not given, the number of real images, at most 50,000. The
            Fréchet distance depends on the number.
        seeds: seeds of the latents, three or more: the interval is computed over them.
        held_out: real images that the generator was not trained on, for memorization, the Parzen window and the scores
            that the model's family adds.
        name: name of the model, for the card.
        batch_size: images generated and compared at a time.
        cache: a folder where the real images' features are kept for the next card.

    Raises:
        ValueError: for unknown metrics or features, fewer than three seeds, images of another shape than the
            generator's, or a metric that does not suit the model or the images.
    """
    wanted, networks = scores.checked(metrics), [feature_network(choice) for choice in features]
    if len(set(seeds)) < 3 or not networks:
        raise ValueError(f"Expected features, and three different seeds or more. Received: seeds={tuple(seeds)!r}")
    reading = {"batch_size": batch_size, "shape": gan.image_shape, "cache": cache}
    reals = real_images(real, networks, **reading)
    held = None if held_out is None else real_images(held_out, networks[:1], **reading)
    several = [metric for metric in wanted if metric not in scores.OF_PIXELS]
    if reals.count < 2 and several:
        raise ValueError(f"Expected at least two real images for {several[0]}. Received: {reals.count}")
    count = min(MOST_SAMPLES, reals.count) if samples is None else checks.integer(samples, name="samples", least=2)
    labels = _labels(gan, reals, count)
    results = _Results(wanted, networks, reals, held)
    for seed in seeds:
        fakes = generated(gan, networks, count=count, labels=labels, seed=seed, batch_size=batch_size)
        results.add(fakes, _family_scores(gan, (held or reals).views[0], seed), seed=seed)
    sets = {"data": reals} if held is None else {"data": reals, "held_out": held}
    content = {
        "name": name or gan.name,
        "family": getattr(gan, "family", type(gan).__name__),
        **results.summary(),
        "samples": count,
        "seeds": [int(seed) for seed in seeds],
        **{kind: {"name": s.name, "count": s.count, "sha256": s.sha256} for kind, s in sets.items()},
        "features": {network.name: network.describe() for network in networks},
        **({"class_names": list(names)} if (names := getattr(gan, "class_names", None)) else {}),
        "parameters": int(gan.sampler.count_params()),
        "weights": weights_hash(gan.sampler),
        "versions": library_versions(),
    }
    return ScoreCard(content)


class _Results:
    """The numbers of all seeds, for generated images and for one half of the real ones against the other."""

    def __init__(
        self,
        metrics: Sequence[str],
        networks: Sequence[FeatureNetwork],
        reals: RealImages,
        held_out: RealImages | None,
    ) -> None:
        self.metrics, self.networks, self.reals, self.held_out = metrics, networks, reals, held_out
        self.values: dict[str, list[float]] = {}
        self.halves: dict[str, list[float]] = {}
        self.features: dict[str, str | None] = {}
        self.shares: list[np.ndarray] = []

    def add(self, fakes: list[scores.View], own: Mapping[str, float], *, seed: int) -> None:
        """Adds one seed's images, and the scores that their family adds."""
        order = np.random.default_rng(seed).permutation(self.reals.count)
        half = len(order) // 2
        held_out = self.held_out.views[0] if self.held_out else None
        for metric in self.metrics:
            for network, fake, real in zip(self.networks, fakes, self.reals.views):
                if network not in self._suited(metric):
                    continue
                self._keep(self.values, metric, network, scores.Case(fake, real, held_out, seed))
                if not half:  # of a single real image
                    continue
                halves = real.part(np.sort(order[:half])), real.part(np.sort(order[half:]))
                self._keep(self.halves, metric, network, scores.Case(*halves, held_out, seed))
        for name, number in own.items():
            self.values.setdefault(name, []).append(float(number))
        if "class_shares" in self.metrics:
            self.shares.append(scores.class_shares(fakes[0], self.reals.views[0]))

    def _suited(self, metric: str) -> Sequence[FeatureNetwork]:
        if metric in scores.OF_PROBABILITIES:
            return [network for network in self.networks if network.probabilities] or self.networks[:1]
        return self.networks if metric in scores.OF_FEATURES else self.networks[:1]

    def _keep(self, values: dict, metric: str, network: FeatureNetwork, case: scores.Case) -> None:
        for name, number in scores.score(metric, case).items():
            title = name if network is self.networks[0] else f"{name}_{network.name}"
            self.features[title] = None if metric in scores.OF_PIXELS else network.name
            values.setdefault(title, []).append(float(number))

    def summary(self) -> dict[str, Any]:
        """`scores`, and `class_shares` if they were chosen."""
        found = {
            name: {
                "mean": rounded(np.mean(values)),
                "interval": interval(values),
                "values": [rounded(value) for value in values],
                "real": rounded(np.mean(self.halves[name])) if name in self.halves else None,
                "features": self.features.get(name),
            }
            for name, values in self.values.items()
        }
        shares = [rounded(share) for share in np.mean(self.shares, axis=0)] if self.shares else None
        return {"scores": found} if shares is None else {"scores": found, "class_shares": shares}


def _family_scores(gan: Any, view: scores.View, seed: int) -> Mapping[str, float]:
    images = view.images.astype("float32") / 127.5 - 1.0
    return gan.family_scores(images, view.labels_of_images, seed=seed)


def _labels(gan: Any, reals: RealImages, count: int) -> np.ndarray | None:
    """Classes to generate: in the real images' proportions, or equally many of each if these have no labels."""
    if not gan.num_classes:
        return None
    known = reals.views[0].labels
    if known is not None and known.max() >= gan.num_classes:
        raise ValueError(f"Expected labels below {gan.num_classes} classes. Received: a label {known.max()}")
    if known is None:
        return np.resize(np.arange(gan.num_classes), count).astype("int32")
    if count == len(known):
        return known.astype("int32")
    return np.random.default_rng(0).permutation(in_proportion(known, count))  # batches of several classes


def rounded(value: Any) -> float:
    return float(f"{float(value):.{SIGNIFICANT}g}")


def interval(values: Any) -> list[float]:
    """The mean's 95 % confidence interval by Student's t."""
    from scipy.stats import t

    spread = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return [rounded(np.mean(values) - spread), rounded(np.mean(values) + spread)]


def library_versions() -> dict[str, str]:
    import keras

    import kerasgan

    backend = keras.backend.backend()
    versions = {"kerasgan": kerasgan.__version__, "python": platform.python_version()}
    return versions | {name: importlib.metadata.version(name) for name in (*LIBRARIES, backend)}
