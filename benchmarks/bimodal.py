"""Two futures: squared errors predict their mean, an adversarial loss one of them. The demonstration of the lectures.

    python benchmarks/bimodal.py    # 2 minutes on a core; writes results/bimodal.png and bimodal.md

A frame is followed by one of two others, each with probability 1/2. Theory, with D the mean squared difference of the
two: the best prediction by squared error is their mean, at an expected error of D/4, which is also its distance from
either. A sample of one of the two has twice that error, D/2 (3.01 dB), although every prediction is a possible frame.
The same generator learns both ways: by squared errors, and against a discriminator of frame and prediction.
"""

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers

from kerasgan import data
from kerasgan.files import pictures
from kerasgan.gan import ImageToImage

RESULTS = Path(__file__).with_name("results")
BATCH, AT_ONCE = 128, 50  # pairs in a step, and steps in one call


@dataclass(frozen=True)
class Scene:
    """Frames (count, height, width, 1) in [-1, 1], and the two futures of each, (2, count, height, width, 1).

    The frames from `held_out` on are not trained on, if any are left.
    """

    name: str
    frames: np.ndarray
    futures: np.ndarray
    held_out: int

    @property
    def difference(self) -> float:
        """D of the measured frames."""
        first, second = self.futures[:, self.measured]
        return float(np.mean((first - second) ** 2))

    @property
    def measured(self) -> slice:
        return slice(self.held_out % len(self.frames), None)


def moved(frame: np.ndarray, by: int) -> np.ndarray:
    """Frames (count, height, width, 1) shifted to the right; what leaves on one side enters on the other."""
    return np.roll(frame, by, axis=2)


def block() -> Scene:
    """A block of 3 pixels in a row of 16, at 8 places; the next frame has it 3 pixels to the left or right."""
    frames = np.full((8, 1, 16, 1), -1.0, "float32")
    for index in range(8):
        frames[index, 0, 3 + index : 6 + index] = 1.0
    return Scene("a block in a row", frames, np.stack([moved(frames, -3), moved(frames, 3)]), held_out=8)


def digits() -> Scene:
    """Real digits of 8x8 pixels on 8x12; the next frame has them 2 pixels to the left or right."""
    still = data.digits(image_size=8, batch_size=1).images().astype("float32") / 127.5 - 1.0
    frames = np.pad(still, ((0, 0), (0, 0), (2, 2), (0, 0)), constant_values=-1.0)
    return Scene("handwritten digits", frames, np.stack([moved(frames, -2), moved(frames, 2)]), held_out=1500)


def generator(size: tuple[int, int], width: int) -> keras.Model:
    """Frames with a channel of noise to predictions."""
    images = keras.Input((*size, 2), name="images")
    x = layers.Flatten()(images)
    for _ in range(2):
        x = layers.LeakyReLU(negative_slope=0.2)(layers.Dense(width)(x))
    x = layers.Dense(size[0] * size[1], activation="tanh")(x)
    return keras.Model(images, layers.Reshape((*size, 1))(x))


def discriminator(size: tuple[int, int], width: int) -> keras.Model:
    """[Prediction, frame with noise] to logits; the noise is ignored."""
    images, inputs = keras.Input((*size, 1), name="images"), keras.Input((*size, 2), name="inputs")
    x = layers.Concatenate()([images, layers.Lambda(lambda both: both[..., :1])(inputs)])
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.LeakyReLU(negative_slope=0.2)(layers.Dense(width)(x))
    return keras.Model([images, inputs], layers.Dense(1)(x))


def adam() -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(1e-3, beta_1=0.5, beta_2=0.9)


def noisy(frames: np.ndarray, seed: int) -> np.ndarray:
    """Frames with a second channel of uniform noise, which chooses between the futures."""
    noise = np.random.default_rng(seed).uniform(-1, 1, frames.shape).astype("float32")
    return np.concatenate([frames, noise], axis=-1)


def drawn(scene: Scene, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames with noise, and one of the futures of each."""
    rng = np.random.default_rng(seed)
    which, coin = rng.integers(scene.held_out, size=count), rng.integers(2, size=count)
    return noisy(scene.frames[which], seed), scene.futures[coin, which]


def by_squared_errors(scene: Scene, *, width: int, steps: int, seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    network = generator(scene.frames.shape[1:3], width)
    network.compile(adam(), "mean_squared_error", steps_per_execution=AT_ONCE)
    network.fit(*drawn(scene, BATCH * min(steps, 1000), seed), batch_size=BATCH, epochs=-(-steps // 1000), verbose=0)
    return network


def adversarially(scene: Scene, *, width: int, steps: int, penalty: float, seed: int = 0) -> keras.Model:
    """The generator of a GAN without any other loss."""
    keras.utils.set_random_seed(seed)
    size = scene.frames.shape[1:3]
    gan = ImageToImage(generator(size, width), discriminator(size, width), image_size=size)
    gan.compile(
        "non_saturating",
        generator_optimizer=adam(),
        discriminator_optimizer=adam(),
        penalties=[{"name": "r1", "weight": penalty}],  # of the frame's gradient: keeps both futures likely
        steps_per_execution=AT_ONCE,
    )
    gan.fit(*drawn(scene, BATCH * min(steps, 1000), seed), batch_size=BATCH, epochs=-(-steps // 1000), verbose=0)
    return gan.generator


@dataclass(frozen=True)
class Verdict:
    """Mean squared errors of predictions: from the future that came, from the nearer one, from the mean of both."""

    error: float
    nearest: float
    from_mean: float
    share: float  # of predictions that are nearer to the first future


def evaluate(predict: keras.Model, scene: Scene, seed: int = 1) -> Verdict:
    """Errors of predictions for all measured frames, at least 2,000, each with noise of its own."""
    frames, futures = scene.frames[scene.measured], scene.futures[:, scene.measured]
    repeats = -(-2000 // len(frames))
    made = predict.predict(noisy(np.tile(frames, (repeats, 1, 1, 1)), seed), batch_size=500, verbose=0)
    distances = np.stack([np.mean((made - np.tile(each, (repeats, 1, 1, 1))) ** 2, axis=(1, 2, 3)) for each in futures])
    middle = np.tile(futures.mean(axis=0), (repeats, 1, 1, 1))
    return Verdict(
        error=float(distances.mean()),  # both futures are equally likely
        nearest=float(distances.min(axis=0).mean()),
        from_mean=float(np.mean((made - middle) ** 2)),
        share=float(np.mean(distances[0] < distances[1])),
    )


def picture(scene: Scene, squared: keras.Model, adversarial: keras.Model, columns: int = 10) -> pictures.Picture:
    """Rows: the frame, both futures, the prediction by squared error, and three draws of the adversarial one."""
    frames, futures = scene.frames[scene.measured][:columns], scene.futures[:, scene.measured][:, :columns]
    draws = [adversarial.predict(noisy(frames, seed), verbose=0) for seed in range(3)]
    rows = [frames, *futures, squared.predict(noisy(frames, 0), verbose=0), *draws]
    return pictures.grid(np.concatenate(rows), columns=columns)


def report(results: list[tuple[Scene, Verdict, Verdict]], seconds: float) -> str:
    rows = []
    for scene, *verdicts in results:
        theory = Verdict(scene.difference / 4, scene.difference / 4, 0.0, 0.5)
        one = Verdict(scene.difference / 2, 0.0, scene.difference / 4, 0.5)
        named = ("mean of both, theory", theory), ("learned by squared errors", verdicts[0])
        named += ("a draw of one, theory", one), ("learned adversarially", verdicts[1])
        for name, each in named:
            share = "" if name.startswith(("mean", "learned by")) else f"{each.share:.2f}"
            rows.append(
                f"| {scene.name} | {name} | {each.error:.3f} | {each.nearest:.3f} | {each.from_mean:.3f} | {share} |"
            )
    return f"""# Two futures

![frames, futures and predictions](bimodal.png)

Rows: the frame; the two frames that may follow, one as likely as the other; the prediction of a network that was
trained by squared errors; three predictions of the same network trained against a discriminator, each with other noise.

Squared errors are least for the mean of both futures, which is none of them. The adversarial prediction is one of them
or the other, by its noise; it has about twice the squared error, and that is the theory, not a failure.

| scene | prediction | squared error | from the nearer future | from the mean | first future |
|---|---|---|---|---|---|
{chr(10).join(rows)}

Mean squared errors per pixel of images in [-1, 1]; digits that the networks were not trained on.
Measured and written by `python benchmarks/bimodal.py` in {seconds:.0f} seconds.
"""


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    started, results = time.monotonic(), []
    for scene, width, steps, penalty in ((block(), 128, 4000, 1.0), (digits(), 256, 6000, 0.3)):
        squared = by_squared_errors(scene, width=width, steps=steps // 2)
        adversarial = adversarially(scene, width=width, steps=steps, penalty=penalty)
        results.append((scene, evaluate(squared, scene), evaluate(adversarial, scene)))
        print(scene.name, f"D={scene.difference:.3f}", *results[-1][1:], sep="\n", flush=True)
    RESULTS.mkdir(exist_ok=True)
    pictures.save(picture(scene, squared, adversarial), RESULTS / "bimodal.png")
    (RESULTS / "bimodal.md").write_text(report(results, time.monotonic() - started), encoding="utf-8")


if __name__ == "__main__":
    main()
