"""Files of weights, read into a model: checked, finite, whole."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerasgan.gan import GAN

__all__ = ["WeightsError", "all_networks", "load_weights", "parts", "refuse_not_finite"]


class WeightsError(ValueError):
    """The weights of an entry are not available; the message says why and what can be done."""


def load_weights(gan: "GAN", path: Path, network: Any) -> None:
    """Loads a `.weights.h5` of the whole GAN, or of one network; those of a moving average also fill the generator."""
    from keras import ops

    from kerasgan.keras_internals import initialize_later

    whole = "generator" in parts(path)
    try:
        with warnings.catch_warnings(), _named_for_keras(path) as named:
            # Keras only warns, and keeps weights that were never trained.
            warnings.filterwarnings("error", message="Skipping nested container")
            (gan if whole else network).load_weights(named)
    except (KeyError, UserWarning, ValueError) as error:
        raise WeightsError(
            f"Expected weights of this {type(gan).__name__}'s architecture in {path}: {error}"
        ) from error
    averages = gan.ema_generator
    if not whole and averages is not None and network is averages:
        for weight, average in zip(gan.generator.weights, averages.weights):
            initialize_later(weight, partial(ops.copy, average))
    gan.loaded = all_networks(gan) if whole else (*gan.loaded, _name(gan, network))


def parts(path: Path) -> set[str]:
    """What a `.weights.h5` has values of, after a check of all that is in it."""
    from kerasgan.checkpoints.keras_files import check_weights

    try:
        return check_weights(path)
    except OSError as error:
        raise WeightsError(f"Expected a .weights.h5 file. Received: {path}: {error}") from None


def all_networks(gan: "GAN") -> tuple[str, ...]:
    """What `gan.loaded` is after all of it has been loaded."""
    return ("generator", "discriminator") if gan.ema_generator is None else ("generator", "discriminator", "average")


def _name(gan: "GAN", network: Any) -> str:
    return "discriminator" if network is gan.discriminator else "generator"


@contextmanager
def _named_for_keras(path: Path) -> Iterator[Path]:
    """The file under a name with a dot before "weights.h5": without the dot Keras reads it as a file of Keras 2."""
    if path.name.endswith(".weights.h5"):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(shutil.copy(path, Path(folder) / "generator.weights.h5"))


def refuse_not_finite(gan: "GAN", path: Path) -> None:
    """Raises WeightsError that names the weights, of the sampler and the discriminator, which are NaN or infinite."""
    from keras import ops

    from kerasgan.keras_internals import waits

    weights = [*gan.sampler.weights, *gan.discriminator.weights]
    read = [weight for weight in weights if "float" in weight.dtype and not waits(weight)]
    wrong = [weight.path for weight in read if not bool(ops.all(ops.isfinite(weight)))]
    if wrong:
        shown = ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
        raise WeightsError(f"Expected finite weights in {path}. Received: NaN or infinite values in {shown}")
