"""The order in which `fit` sees the images: further calls go on in it, and `set_random_seed` decides it."""

import keras
import numpy as np
import pytest

from kerasgan import GAN, data

IMAGES = np.zeros((6, 4, 4, 1), "uint8")
IMAGES[:, 0, 0, 0] = np.arange(6)  # each names itself


class Watched(GAN):
    def __init__(self):
        layers = keras.layers
        generator = keras.Sequential([keras.Input((3,)), layers.Dense(16), layers.Reshape((4, 4, 1))])
        super().__init__(generator, keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(1)]))
        self.compile(run_eagerly=True)

    def unpack(self, batch):
        images, labels = super().unpack(batch)
        self.seen.extend(np.rint((np.asarray(images)[:, 0, 0, 0] + 1) * 127.5).astype(int).tolist())
        return images, labels

    def fit(self, *arguments, **options):
        self.__dict__["seen"] = []
        super().fit(*arguments, verbose=0, **options)
        return self.seen


def source():
    return data.arrays(IMAGES, batch_size=2, seed=3)


def test_two_fits_see_what_one_of_as_many_epochs_sees():
    gan, whole = Watched(), Watched().fit(source(), epochs=3)
    parts = [gan.fit(source()), gan.fit(source(), epochs=3, initial_epoch=1)]
    assert parts[0] + parts[1] == whole and len(whole) == 18


def test_two_fits_of_arrays_and_of_passes_that_are_no_epochs_see_another_order():
    gan = Watched()
    first, second = gan.fit(IMAGES, batch_size=2), gan.fit(IMAGES, batch_size=2)
    assert first != second and sorted(first) == sorted(second) == list(range(6))
    gan = Watched()
    first, second, third = (
        gan.fit(source(), steps_per_epoch=2, initial_epoch=each, epochs=each + 1) for each in (0, 5, 9)
    )
    assert len({*map(tuple, (first, second, third))}) == 3


@pytest.mark.parametrize("seeds", [(1, 1), (1, 2)])
def test_the_seed_of_keras_decides_the_order_of_arrays_and_not_that_of_a_source(seeds):
    orders, of_sources = [], []
    for seed in seeds:
        gan, other = Watched(), Watched()
        keras.utils.set_random_seed(seed)
        orders.append(gan.fit(IMAGES, batch_size=2, epochs=2))
        of_sources.append(other.fit(source()))
    assert (orders[0] == orders[1]) == (seeds[0] == seeds[1])
    assert of_sources[0] == of_sources[1]
