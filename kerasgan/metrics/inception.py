"""The Inception network of FID and the Inception score, in Keras; its weights come from `kerasgan.checkpoints`.

Inception v3 (Szegedy et al. 2015, 1512.00567) as in the graph of 2015-12-05: 1,008 classes, average pools that do
not count the padding, and a maximum pool in the last block. Layers are named after the tensors of the published
`pt_inception-2015-12-05-6726825d.pth`, with two underscores for its dots, which PyTorch forbids in a name. Keras' own
`InceptionV3` differs in pools and normalization.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from kerasgan.metrics import checks
from kerasgan.metrics.features import NetworkFeatures, prepared

__all__ = ["OUTPUTS", "SCALES", "inception_features", "inception_v3"]

SIZE = 299
OUTPUTS = ("pool", "logits", "probabilities")

# Divisor and offset of each published protocol: TTUR and clean-fid 128, pytorch-fid 127.5.
SCALES = {"legacy": 128.0, "clean": 128.0, "half_pixel": 127.5}


def _convolution(inputs: Any, name: str, width: int, kernel: int | tuple[int, int], **options: Any) -> Any:
    """Convolution, normalization, ReLU; `valid=True` leaves out the padding, strides are 1 unless given."""
    from keras import layers

    padding = "valid" if options.pop("valid", False) else "same"
    outputs = layers.Conv2D(width, kernel, padding=padding, use_bias=False, name=f"{name}__conv", **options)(inputs)
    outputs = layers.BatchNormalization(epsilon=1e-3, name=f"{name}__bn")(outputs)
    return layers.ReLU(name=f"{name}__relu")(outputs)


def _chain(inputs: Any, block: str, *steps: tuple[str, int, int | tuple[int, int]], last_stride: int = 1) -> Any:
    """Convolutions one after the other; with a last stride of 2 the last one is not padded."""
    for name, width, kernel in steps:
        halve = last_stride > 1 and name == steps[-1][0]
        inputs = _convolution(
            inputs, f"{block}__{name}", width, kernel, strides=last_stride if halve else 1, valid=halve
        )
    return inputs


def _joined(block: str, branches: Sequence[Any]) -> Any:
    from keras import layers

    return layers.Concatenate(name=block)(branches)


def _average(inputs: Any, block: str) -> Any:
    from keras import layers

    return layers.AveragePooling2D(3, 1, padding="same", name=f"{block}__average")(inputs)


def _halving_pool(inputs: Any, name: str) -> Any:
    from keras import layers

    return layers.MaxPooling2D(3, 2, name=f"{name}__maximum")(inputs)


def _block_a(inputs: Any, block: str, pool_width: int) -> Any:
    """35x35: kernels 1, 5, and 3 twice."""
    branches = [
        _chain(inputs, block, ("branch1x1", 64, 1)),
        _chain(inputs, block, ("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5)),
        _chain(inputs, block, ("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)),
        _chain(_average(inputs, block), block, ("branch_pool", pool_width, 1)),
    ]
    return _joined(block, branches)


def _block_b(inputs: Any, block: str) -> Any:
    """35x35 to 17x17."""
    steps = ("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)
    branches = [
        _chain(inputs, block, ("branch3x3", 384, 3), last_stride=2),
        _chain(inputs, block, *steps, last_stride=2),
        _halving_pool(inputs, block),
    ]
    return _joined(block, branches)


def _block_c(inputs: Any, block: str, width: int) -> Any:
    """17x17: kernels of 7 in one direction at a time."""
    once = ("branch7x7_1", width, 1), ("branch7x7_2", width, (1, 7)), ("branch7x7_3", 192, (7, 1))
    twice = (
        ("branch7x7dbl_1", width, 1),
        ("branch7x7dbl_2", width, (7, 1)),
        ("branch7x7dbl_3", width, (1, 7)),
        ("branch7x7dbl_4", width, (7, 1)),
        ("branch7x7dbl_5", 192, (1, 7)),
    )
    branches = [
        _chain(inputs, block, ("branch1x1", 192, 1)),
        _chain(inputs, block, *once),
        _chain(inputs, block, *twice),
        _chain(_average(inputs, block), block, ("branch_pool", 192, 1)),
    ]
    return _joined(block, branches)


def _block_d(inputs: Any, block: str) -> Any:
    """17x17 to 8x8."""
    seven = (
        ("branch7x7x3_1", 192, 1),
        ("branch7x7x3_2", 192, (1, 7)),
        ("branch7x7x3_3", 192, (7, 1)),
        ("branch7x7x3_4", 192, 3),
    )
    branches = [
        _chain(inputs, block, ("branch3x3_1", 192, 1), ("branch3x3_2", 320, 3), last_stride=2),
        _chain(inputs, block, *seven, last_stride=2),
        _halving_pool(inputs, block),
    ]
    return _joined(block, branches)


def _block_e(inputs: Any, block: str, *, maximum: bool) -> Any:
    """8x8: branches that fork into a flat and a tall kernel; the last block pools maxima, as the published graph."""
    from keras import layers

    three = _chain(inputs, block, ("branch3x3_1", 384, 1))
    double = _chain(inputs, block, ("branch3x3dbl_1", 448, 1), ("branch3x3dbl_2", 384, 3))
    forks = [
        _chain(stem, block, (f"{name}{end}", 384, kernel))
        for stem, name in ((three, "branch3x3_2"), (double, "branch3x3dbl_3"))
        for end, kernel in (("a", (1, 3)), ("b", (3, 1)))
    ]
    if maximum:
        pooled = layers.MaxPooling2D(3, 1, padding="same", name=f"{block}__maximum")(inputs)
    else:
        pooled = _average(inputs, block)
    branches = [_chain(inputs, block, ("branch1x1", 320, 1)), *forks, _chain(pooled, block, ("branch_pool", 192, 1))]
    return _joined(block, branches)


def inception_v3() -> Any:
    """The network, with random weights: images (batch, height, width, 3), about [-1, 1], to `pool` and `logits`.

    Returns:
        A Keras model with two outputs in a mapping: `pool` (batch, 2048) and `logits` (batch, 1008). 299x299 images in
        the published use, at least 75x75; 23,850,960 trainable weights.
    """
    import keras
    from keras import layers

    images = keras.Input((None, None, 3), name="images")
    outputs = _convolution(images, "Conv2d_1a_3x3", 32, 3, strides=2, valid=True)
    outputs = _convolution(outputs, "Conv2d_2a_3x3", 32, 3, valid=True)
    outputs = _halving_pool(_convolution(outputs, "Conv2d_2b_3x3", 64, 3), "Conv2d_2b_3x3")
    outputs = _convolution(outputs, "Conv2d_3b_1x1", 80, 1, valid=True)
    outputs = _halving_pool(_convolution(outputs, "Conv2d_4a_3x3", 192, 3, valid=True), "Conv2d_4a_3x3")
    for block, pool_width in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
        outputs = _block_a(outputs, block, pool_width)
    outputs = _block_b(outputs, "Mixed_6a")
    for block, width in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        outputs = _block_c(outputs, block, width)
    outputs = _block_d(outputs, "Mixed_7a")
    outputs = _block_e(outputs, "Mixed_7b", maximum=False)
    outputs = _block_e(outputs, "Mixed_7c", maximum=True)
    pool = layers.GlobalAveragePooling2D(name="pool")(outputs)
    logits = layers.Dense(1008, name="fc")(pool)
    return keras.Model(images, {"pool": pool, "logits": logits}, name="inception_v3")


def inception_features(
    network: Any, *, output: str = "pool", resize: str = "clean", batch_size: int = 32, weights: str | None = None
) -> NetworkFeatures:
    """A callable from images to Inception's features, by one of the published protocols.

    Args:
        network: an `inception_v3()` with its weights; `kerasgan.checkpoints.inception.load()` returns one.
        output: "pool" (2048, for FID and KID), "logits" (1008), or "probabilities" (1008, for the Inception score:
            softmax of the logits without bias, as the official score).
        resize: "legacy" as the original FID, "clean" as clean-fid, "half_pixel" as pytorch-fid; with their scaling.
        batch_size: images per call.
        weights: sha256 of the file they came from; computed of the weights if not given.

    Raises:
        ValueError: for an unknown output or resize.
    """
    if output not in OUTPUTS or resize not in SCALES:
        raise ValueError(
            f"Expected an output of {OUTPUTS} and a resize of {sorted(SCALES)}. "
            f"Received: output={output!r}, resize={resize!r}"
        )
    return NetworkFeatures(
        partial(_output, network, name=output),
        name="Inception v3 of 2015-12-05",
        prepare=partial(prepared, size=SIZE, resize=resize, scale=SCALES[resize], channels=3),
        settings=f"{output}, {resize} resizing to {SIZE}, divided by {SCALES[resize]:g}",
        batch_size=checks.integer(batch_size, name="batch_size"),
        weights=weights,
    )


def _output(network: Any, images: np.ndarray, *, name: str) -> np.ndarray:
    found = network.predict_on_batch(images)  # compiled, unlike a plain call
    if name in found:
        return found[name]
    from scipy.special import softmax

    bias = checks.array(network.get_layer("fc").bias.value)
    return softmax(checks.array(found["logits"]) - bias, axis=1)
