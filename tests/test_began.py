"""BEGAN: layer counts, the equilibrium term and the convergence measure in closed form, and the doctor's sentence."""

import keras
import numpy as np
import pytest

from kerasgan.doctor import diagnose
from kerasgan.models import BEGAN

pytestmark = pytest.mark.backends("jax", "torch")


def parameters(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def still(**options):
    """A model whose networks do not learn, so that only k changes."""
    keras.utils.set_random_seed(0)
    gan = BEGAN(**{**BEGAN.tiny_config, **options})
    eager = keras.backend.backend() == "tensorflow"
    sgd = [keras.optimizers.SGD(0.0) for _ in range(2)]
    gan.compile(generator_optimizer=sgd[0], discriminator_optimizer=sgd[1], run_eagerly=eager)
    return gan


def pictures(count=4):
    return np.random.default_rng(0).uniform(-1, 1, (count, 8, 8, 1)).astype("float32")


@pytest.mark.slow
def test_the_networks_have_the_weights_of_the_papers_table():
    gan, n, code = BEGAN(image_size=64, width=128, latent_dim=64), 128, 64

    def convolution(inputs, outputs):
        return 9 * inputs * outputs + outputs

    decoder = (code + 1) * 64 * n + 8 * convolution(n, n) + convolution(n, 3)
    encoder, before = convolution(3, n), n
    for level in (1, 2, 3, 4):
        encoder += convolution(before, level * n) + convolution(level * n, level * n)
        encoder += convolution(level * n, level * n) if level < 4 else 64 * 4 * n * code + code
        before = level * n
    assert parameters(gan.generator) == decoder == 1_716_611
    assert parameters(gan.discriminator) == encoder + decoder == 13_405_379


def test_k_and_the_measure_follow_the_errors():
    """k begins at 0: the loss is then L(x), and M - L(x) = gamma L(x) - L(G(z)), which lambda k adds to k."""
    gan, images = still(proportional_gain=0.5), pictures()
    logs = gan.train_on_batch(images, return_dict=True)
    error = float(np.abs(images - gan.examine(images)).mean())
    assert logs["discriminator_loss"] == pytest.approx(error, rel=1e-5)
    balance = logs["convergence_measure"] - error
    assert balance > 0 and float(gan.fake_weight) == pytest.approx(0.5 * balance, rel=1e-4)
    weight = float(gan.fake_weight)
    again = gan.fit(images, batch_size=4, verbose=0).history
    # Other fakes, of the same networks: their error, by the loss, is the one by which k has moved.
    second = (error - again["discriminator_loss"][0]) / weight
    assert float(gan.fake_weight) == pytest.approx(weight + 0.5 * (0.5 * error - second), rel=1e-4)
    assert 0 < second < error


def test_k_stays_from_0_to_1_and_in_files(tmp_path):
    gan = still(proportional_gain=1e3)
    gan.train_on_batch(pictures())
    assert float(gan.fake_weight) == 1.0
    gan.save(tmp_path / "gan.keras")
    assert float(keras.saving.load_model(tmp_path / "gan.keras").fake_weight) == 1.0
    gan = still(proportional_gain=1e3, diversity_ratio=1e-3)
    gan.train_on_batch(pictures())
    assert float(gan.fake_weight) == 0.0


def test_impossible_arguments_are_refused():
    for wrong in ({"diversity_ratio": 0.0}, {"diversity_ratio": 1.5}, {"proportional_gain": -1.0}, {"image_size": 9}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))}={next(iter(wrong.values()))}"):
            BEGAN(**{**BEGAN.tiny_config, **wrong})


def record(measure):
    noise = np.random.default_rng(0).normal(0, 0.01, len(measure))
    losses = {"discriminator_loss": 0.1 + noise, "generator_loss": 0.05 - noise}
    return {"step": np.arange(len(measure)) * 10, **losses, "convergence_measure": measure}


@pytest.mark.parametrize(
    ("measure", "sentence"),
    [
        (np.geomspace(0.4, 0.1, 160), "it still falls"),
        (np.r_[np.geomspace(0.4, 0.1, 80), np.full(80, 0.1)], "it has stalled"),
        (np.r_[np.geomspace(0.4, 0.1, 80), np.geomspace(0.1, 0.2, 80)], "it has risen from its lowest, 0.1"),
    ],
)
def test_the_doctor_says_where_the_measure_stands(measure, sentence):
    assert any(sentence in each for each in diagnose(record(measure)).evidence)


def test_the_doctor_says_nothing_of_a_measure_that_is_not_there():
    columns = record(np.full(10, 0.1))
    assert not any("convergence measure" in each for each in diagnose(columns).evidence)
