"""A tiny DCGAN generator as OpenMMLab publishes it, and its images computed in NumPy by definition."""

from collections import OrderedDict

import numpy as np


def published_dcgan(seed=0, *, prefix="generator.", width=16, latent_dim=5, channels=3):
    """A state dict of a 16x16 generator under OpenMMLab's names, with weights that keep every layer alive."""
    random = np.random.default_rng(seed)
    state = OrderedDict()
    sizes = [("noise2feat", latent_dim, width), ("upsampling.0", width, width // 2)]
    for name, inputs, outputs in sizes:
        state[f"{prefix}{name}.conv.weight"] = random.normal(0, 0.5, (inputs, outputs, 4, 4))
        state[f"{prefix}{name}.bn.weight"] = random.uniform(0.5, 1.5, outputs)
        state[f"{prefix}{name}.bn.bias"] = random.normal(0, 0.3, outputs)
        state[f"{prefix}{name}.bn.running_mean"] = random.normal(0, 0.3, outputs)
        state[f"{prefix}{name}.bn.running_var"] = random.uniform(0.2, 2.0, outputs)
        state[f"{prefix}{name}.bn.num_batches_tracked"] = np.array(1000)
    state[f"{prefix}output_layer.conv.weight"] = random.normal(0, 0.1, (width // 2, channels, 4, 4))
    state[f"{prefix}output_layer.conv.bias"] = random.normal(0, 0.3, channels)
    return state


def reference_images(state, latents, *, prefix="generator."):
    """The generator in NumPy: images (batch, channels, 16, 16)."""
    x = latents[:, :, None, None]
    for name, stride, padding in (("noise2feat", 1, 0), ("upsampling.0", 2, 1)):
        x = transposed_convolution(x, state[f"{prefix}{name}.conv.weight"], stride, padding)
        mean, variance = (state[f"{prefix}{name}.bn.running_{what}"][:, None, None] for what in ("mean", "var"))
        scale, shift = (state[f"{prefix}{name}.bn.{what}"][:, None, None] for what in ("weight", "bias"))
        x = np.maximum((x - mean) / np.sqrt(variance + 1e-5) * scale + shift, 0)
    x = transposed_convolution(x, state[f"{prefix}output_layer.conv.weight"], 2, 1)
    return np.tanh(x + state[f"{prefix}output_layer.conv.bias"][:, None, None])


def transposed_convolution(x, kernel, stride, padding):
    """By its definition: every input pixel adds its kernel to the output, which is then cropped."""
    batch, _, height, width = x.shape
    _, outputs, rows, columns = kernel.shape
    full = np.zeros((batch, outputs, (height - 1) * stride + rows, (width - 1) * stride + columns))
    for row in range(height):
        for column in range(width):
            patch = np.einsum("bi,iohw->bohw", x[:, :, row, column], kernel)
            full[:, :, row * stride : row * stride + rows, column * stride : column * stride + columns] += patch
    return full[:, :, padding : full.shape[2] - padding, padding : full.shape[3] - padding]
