"""What works in the games, on images: small trainings on Fashion-MNIST that differ in one setting."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from kerasgan import data, schedules
from kerasgan.metrics import frechet_distance
from kerasgan.metrics.features import thumbnails
from kerasgan.models import dcgan
from kerasgan.optimizers import OptimisticAdam

STEPS, BATCH, RATE, SAMPLES = 600, 64, 5e-4, 4000
LOOKS = 2  # scores of a training
SIZE, LATENTS, WIDTH = 16, 32, 16


def adam(beta_1: float = 0.5) -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(RATE, beta_1=beta_1, beta_2=0.99)


# By name: the optimizer, further arguments of `compile`, and gradients of each network in a step.
METHODS: Mapping[str, tuple[Any, dict[str, Any], int]] = {
    "alternating": (adam, {}, 1),
    "extragradient": (adam, {"updates": "extragradient"}, 2),
    "optimistic Adam": (lambda: OptimisticAdam(RATE, beta_1=0.5, beta_2=0.99), {}, 1),
    "R1, weight 0.5": (adam, {"penalties": [{"name": "r1", "weight": 0.5}]}, 1),
    "instance noise, 0.3 to 0": (
        adam,
        {
            "augment": {
                "name": "instance_noise",
                "deviation": {"name": "Cosine", "start": 0.3, "end": 0.0, "steps": STEPS},
            }
        },
        1,
    ),
    "beta_1 = -0.5": (lambda: adam(-0.5), {}, 1),
    "simultaneous": (adam, {"updates": "simultaneous"}, 1),
}


def train(name: str, seed: int, folder: Path | None = None) -> dict[str, Any]:
    """Frechet distances by step, and the processor time of the training; `folder` as of `data.fashion_mnist`."""
    optimizer, options, gradients = METHODS[name]
    keras.utils.set_random_seed(seed)
    images = data.fashion_mnist(folder, image_size=SIZE, seed=seed).images()
    test = thumbnails(data.fashion_mnist(folder, image_size=SIZE, split="test").images()[:SAMPLES])
    gan = dcgan.DCGAN(
        image_size=SIZE, channels=1, latent_dim=LATENTS, width=WIDTH, variant="torch", discriminator_norm="none"
    )
    options = {key: schedules.over(value, STEPS) for key, value in options.items()}
    gan.compile(generator_optimizer=optimizer(), discriminator_optimizer=optimizer(), **options)
    distances, seconds, each = {}, 0.0, STEPS // LOOKS
    for look in range(LOOKS):
        part = images[look * each * BATCH % len(images) :][: each * BATCH]
        started = time.process_time()
        gan.fit(part, batch_size=BATCH, epochs=-(-each * BATCH // len(part)), verbose=0)
        seconds += time.process_time() - started
        fakes = thumbnails(gan.generate(SAMPLES, seed=1, batch_size=500))
        distances[str(gan.optimizer.steps)] = round(frechet_distance(fakes, test), 4)
    return {"distances": distances, "seconds": round(seconds, 1), "gradients": gradients}
