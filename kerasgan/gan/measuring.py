"""Computes the metrics of samples that `compile` was given while `fit` runs, and puts their values into its logs."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasgan import data, distribution
from kerasgan.gan.step_callback import StepCallback
from kerasgan.gan.task import Task
from kerasgan.metrics.sample_metrics import MOST_REALS, PairScore, SampleMetric

__all__ = ["Best", "Measurements", "Measuring", "in_proportion", "measuring", "refuse_unsuited", "suiting"]

BATCH = 64  # images that are generated and compared at a time


class Best(NamedTuple):
    """The best value of a metric so far, and the step at which it was measured."""

    value: float
    step: int


class Measurements:
    """What `fit` has measured of a GAN's samples: `gan.measurements`.

    Attributes:
        names: of the metrics of the `fit` that runs or ran last.
        values: for each name the steps at which it was measured, with its values.
        best: for each name its `Best`.
        seconds: how long the newest measurement took, of all metrics together.
        share: the share of the time of this `fit` that went into measurements.
    """

    def __init__(self) -> None:
        self.metrics: tuple[SampleMetric, ...] = ()
        self.values: dict[str, dict[int, float]] = {}
        self.best: dict[str, Best] = {}
        self.seconds = self._spent = 0.0
        self._begun = time.monotonic()

    @property
    def names(self) -> list[str]:
        return [metric.name for metric in self.metrics]

    @property
    def share(self) -> float:
        return self._spent / max(time.monotonic() - self._begun, 1e-9)

    def begin(self, metrics: Sequence[SampleMetric]) -> None:
        """Called by each `fit` with its metrics."""
        self.metrics, self._begun, self._spent = tuple(metrics), time.monotonic(), 0.0

    def add(self, step: int, values: Mapping[str, float], seconds: float) -> None:
        """Adds what was measured after `step` steps, and how long it took."""
        better = {metric.name: metric.better for metric in self.metrics}
        for name, value in values.items():
            self.values.setdefault(name, {})[step] = value
            if better[name](value, self.best[name].value if name in self.best else None):
                self.best[name] = Best(value, step)
        self.seconds, self._spent = seconds, self._spent + seconds

    def between(self, first: int, last: int) -> dict[str, float]:
        """The newest value of each metric that was measured after step `first` and up to step `last`."""
        found = {}
        for name in self.names:
            steps = [step for step in self.values.get(name, {}) if first < step <= last]
            if steps:
                found[name] = self.values[name][max(steps)]
        return found


class Measuring(StepCallback):
    """The first callback of a `fit` with metrics of samples: it measures, and adds the values to the logs.

    Args:
        gan: the model; its `measurements` are added to.
        metrics: of this `fit`.
        data: the argument of `fit`, by which it is known whether real images have been read already.
        source: its batches, with which samples are compared where a metric has no data of its own.
    """

    def __init__(self, gan: Any, metrics: Sequence[Any], data: Any, source: Any):
        super().__init__(every=1)
        self.metrics, self.record, self._data, self._source = metrics, gan.measurements, data, source
        suiting(metrics, gan)

    def begin(self, step: int) -> None:
        if self.resumed and self.resumed.state is not None:
            self._recall(self.resumed.state)
        self._seen = step

    def act(self, step: int) -> None:
        before, self._seen = self._seen, step
        due = [metric for metric in self.metrics if metric.every and step // metric.every > before // metric.every]
        self._measure(due, step)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_end(epoch, logs)
        known = self.record.between(self.step - 1, self.step)
        self._measure([each for each in self.metrics if each.at_epoch_ends and each.name not in known], self.step)
        if logs is not None:  # Keras hands the same logs to all callbacks
            logs.update(self.record.between(self.step - 1, self.step))

    def state(self) -> dict[str, Any]:
        state = super().state()
        for name, values in self.record.values.items():
            state |= {f"steps/{name}": [*values], f"values/{name}": [*values.values()]}
        return state

    def _recall(self, state: Mapping[str, np.ndarray]) -> None:
        for metric in self.metrics:
            if f"steps/{metric.name}" in state:
                pairs = zip(state[f"steps/{metric.name}"].tolist(), state[f"values/{metric.name}"].tolist())
                self.record.values.pop(metric.name, None)
                self.record.best.pop(metric.name, None)
                for step, value in pairs:
                    self.record.add(step, {metric.name: value}, 0.0)

    def _measure(self, metrics: Sequence[SampleMetric], step: int) -> None:
        if not metrics:
            return
        began = time.monotonic()
        gan = self.model  # on JAX this fetches the weights of this step
        values: dict[str, float] = {}
        for metric in metrics:
            if isinstance(metric, PairScore):
                values[metric.name] = _pair_score(metric, gan, self._pairs(metric))
        rest = [metric for metric in metrics if metric.name not in values]
        for alike in _alike(rest):
            values |= self._of_samples(alike, gan)
        values = {name: distribution.of_first(value) for name, value in values.items()}
        self.record.add(step, values, time.monotonic() - began)

    def _of_samples(self, metrics: Sequence[Any], gan: Any) -> dict[str, float]:
        """The values of metrics that compare the same samples."""
        labels = self._prepare(metrics, gan)
        first, writes = metrics[0], distribution.worker() == 0
        points = gan.prior.draw(first.samples, gan.latent_dim, first.seed)
        rows: dict[int, list[np.ndarray]] = {id(metric.features): [] for metric in metrics}
        features = {id(metric.features): metric.features for metric in metrics}
        for start in range(0, first.samples, BATCH):  # on every machine: those that share a model must not wait
            part = slice(start, start + BATCH)
            images = gan.generate(latents=points[part], labels=None if labels is None else labels[part])
            if not np.isfinite(images).all():
                return {metric.name: metric.worst for metric in metrics}
            images = np.clip(images, -1.0, 1.0)  # as pictures are; some generators end without tanh
            for key in rows if writes else ():
                rows[key].append(np.asarray(features[key](images)))
        return {metric.name: metric.measure(rows[id(metric.features)]) if writes else 0.0 for metric in metrics}

    def _prepare(self, metrics: Sequence[Any], gan: Any) -> Any:
        """Computes the features of the real images, once; returns the classes to generate, or None."""
        for metric in metrics:
            given = self._data if metric.data is None else metric.data
            if metric.compared is not given:
                batches = self._source if metric.data is None else gan.batches(metric.data, metric.labels)
                labels: list[np.ndarray] = []
                images = _real_images(batches, labels)
                if distribution.worker() == 0:
                    metric.compare_with(np.asarray(metric.features(part)) for part in images)
                else:
                    list(images)
                metric.compared = given
                metric.classes = _classes(gan, labels, metric.samples)
        return metrics[0].classes

    def _pairs(self, metric: PairScore) -> Any:
        given = self._data if metric.data is None else metric.data
        if metric.compared is not given:
            metric.compared, metric.pairs = given, _pairs(self.model, metric, self._source)
        return metric.pairs


class MeasuringBatches(Measuring):
    """Also adds to the logs of a batch what was measured after it, for callbacks that look at them.

    Such callbacks make Keras wait for each batch's logs, as this one would; so it is used beside them only.
    """

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        step = self._epoch_start + batch + 1
        self._arrive(step)
        if logs is not None:
            logs.update(self.record.between(step - 1, step))


def measuring(gan: Any, callbacks: Sequence[Any], data: Any, source: Any) -> list[Measuring]:
    """What `fit` needs for its metrics, those of `compile` and those that callbacks bring: one callback, or none."""
    brought = (getattr(callback, "metric", None) for callback in callbacks)
    metrics = [*gan.sample_metrics, *(metric for metric in brought if isinstance(metric, SampleMetric))]
    names = [metric.name for metric in metrics]
    if len(set(names)) < len(names):
        raise ValueError(f"Expected metrics with different names. Received: {', '.join(names)}")
    gan.measurements.begin(metrics)
    kind = MeasuringBatches if any(map(_looks_at_batches, callbacks)) else Measuring
    return [kind(gan, metrics, data, source)] if metrics else []


def _looks_at_batches(callback: Any) -> bool:
    base = keras.callbacks.Callback
    return any(
        getattr(type(callback), name) is not getattr(base, name) for name in ("on_batch_end", "on_train_batch_end")
    )


def suiting(metrics: Iterable[SampleMetric], gan: Any) -> tuple[SampleMetric, ...]:
    """The metrics; raises ValueError if one does not measure what a model makes."""
    found = tuple(metrics)
    for metric in found:
        refuse_unsuited(metric, gan)
    return found


def refuse_unsuited(metric: SampleMetric, gan: Any) -> None:
    """Raises ValueError for a metric that does not measure what a model makes."""
    family = type(gan).__name__
    received = f"Received: metrics={metric.name}"
    without = not gan.task.from_images or gan.task is Task.VIDEO_PREDICTION or gan.takes_kernel
    if gan.task is Task.MULTI_DOMAIN or (metric.of_pairs and without):
        usable = "FrechetDistance and the like" if not gan.task.from_images else "kerasgan.evaluation.evaluate"
        raise ValueError(f"Expected {usable} for {family}, whose outputs have no targets to compare. {received}")
    if not metric.of_pairs and gan.task.from_images:
        expected = f"Expected kerasgan.metrics.PairScore for {family}, whose outputs have targets"
        raise ValueError(f"{expected}. {received}")
    if metric.of_pairs and gan.task is Task.UNPAIRED and metric.data is None:
        expected = f"Expected data=(inputs, targets), held-out pairs, for {family}, which is trained without"
        raise ValueError(f"{expected}. {received}")


def _alike(metrics: Sequence[SampleMetric]) -> Iterator[list[SampleMetric]]:
    """Metrics that can share their samples: of one number, seed and reference."""
    groups: dict[Any, list[SampleMetric]] = {}
    for metric in metrics:
        groups.setdefault((metric.samples, metric.seed, id(metric.data)), []).append(metric)
    yield from groups.values()


def _real_images(batches: Any, labels: list[np.ndarray]) -> Iterable[np.ndarray]:
    """Real images in batches, all of a small set; the labels of those that have one are appended to `labels`."""
    if "Distributed" in type(batches).__name__:
        kind = type(batches).__name__
        raise ValueError(f"Expected data= for the metric, real images to compare with. Received: a {kind} in fit")
    small = isinstance(batches, data.Source) and batches.count is not None and batches.count <= MOST_REALS
    for images, classes in batches.in_order() if small else data.first_batches(batches, MOST_REALS):
        if classes is not None:
            labels.append(classes[classes >= 0])
        yield images


def _classes(gan: Any, labels: Sequence[np.ndarray], count: int) -> np.ndarray | None:
    """The classes to generate, in the real images' proportions; None for a model without."""
    if not gan.num_classes:
        return None
    known = np.concatenate([np.empty(0, "int32"), *labels])
    return in_proportion(known if len(known) else np.arange(gan.num_classes), count)


def in_proportion(labels: np.ndarray, count: int) -> np.ndarray:
    """`count` labels in the proportions of those, sorted: int32."""
    return np.sort(labels)[np.arange(count) * len(labels) // count].astype("int32")


def _pairs(gan: Any, metric: PairScore, source: Any) -> tuple[np.ndarray, np.ndarray]:
    """(inputs, targets) in [-1, 1] of a metric: its own, or the first ones of `fit`."""
    pairs = source
    if metric.data is not None:
        pairs = data.image_pairs(metric.data, **{**gan.data_options(), "paired": True})
    if hasattr(pairs, "examples"):
        return pairs.examples(metric.samples)
    inputs, targets = zip(*data.first_batches(pairs, metric.samples))
    return np.concatenate(inputs)[: metric.samples], np.concatenate(targets)[: metric.samples]


def _pair_score(metric: PairScore, gan: Any, pairs: tuple[np.ndarray, np.ndarray]) -> float:
    made = gan.predict(pairs[0], verbose=0)
    if not np.isfinite(made).all():
        return metric.worst
    return metric.measure(np.clip(made, -1.0, 1.0), pairs[1], scale=gan.scale)
