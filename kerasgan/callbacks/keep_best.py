"""Keeps the model whose samples were best, by a metric that `fit` computes."""

import json
import os
from pathlib import Path
from typing import Any

from kerasgan.files.paths import local, replacing
from kerasgan.files.toml import write_text
from kerasgan.gan.step_callback import StepCallback
from kerasgan.metrics.sample_metrics import SampleMetric

__all__ = ["KeepBest"]


class KeepBest(StepCallback):
    """Saves the whole GAN as a `.keras` file whenever a metric of its samples is better than ever before.

    Unlike Keras' `ModelCheckpoint` it also does so within an epoch, always with the weights that were measured, and a
    `Checkpoint` keeps what was best for a `fit` that resumes. Beside the file a `.json` of the same name says the
    metric, its best value and step, and what measuring has cost.

    Args:
        path: the `.keras` file; its folder is created if need be.
        monitor: the name of a metric of `compile(metrics=[...])`, or a metric of its own, such as
            `kerasgan.metrics.FrechetDistance(every=500)`.
        patience: steps without a better value after which the training ends; None for no end.

    Raises:
        ValueError: for another file, a patience below 1, or when training begins, if there is no such metric.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        monitor: "str | SampleMetric" = "frechet_distance",
        patience: int | None = None,
    ):
        super().__init__(every=1)
        self.path = local(path)
        if self.path.suffix != ".keras":
            raise ValueError(f"Expected a .keras file. Received: path={os.fspath(path)!r}")
        if patience is not None and not (isinstance(patience, int) and patience >= 1):
            raise ValueError(f"Expected a positive whole number of steps. Received: patience={patience!r}")
        self.metric = monitor if isinstance(monitor, SampleMetric) else None
        self.monitor = monitor.name if isinstance(monitor, SampleMetric) else monitor
        self.patience = patience

    def begin(self, step: int) -> None:
        known = self.gan.measurements.names
        if self.monitor not in known:
            expected = f"Expected a metric of compile(metrics=[...]): {', '.join(known) or 'there is none'}"
            raise ValueError(f"{expected}. Received: monitor={self.monitor!r}")
        best = self.gan.measurements.best.get(self.monitor)
        self._kept = -1 if best is None else best.step
        self._since = step if best is None or self.resumed is None else best.step

    def act(self, step: int) -> None:
        best = self.gan.measurements.best.get(self.monitor)
        if best is not None and best.step > self._kept:
            self._save()
            self._kept = self._since = best.step
            self._note(step)
        if self.patience is not None and step - self._since >= self.patience:
            self.gan.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        super().on_train_end(logs)
        if self._kept >= 0:
            self._note(self.step)

    def _save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as partial:
            self.model.save(partial)

    def _note(self, step: int) -> None:
        record = self.gan.measurements
        metric = next(metric for metric in record.metrics if metric.name == self.monitor)
        content = {
            "metric": self.monitor,
            "value": record.best[self.monitor].value,
            "step": self._kept,
            "steps_done": step,
            "samples": metric.samples,
            "features": getattr(metric, "features_name", None),
            "seconds_per_measurement": round(record.seconds, 3),
            "share_of_time": round(record.share, 4),
        }
        write_text(json.dumps(content, indent=1) + "\n", Path(self.path.with_suffix(".json")))
