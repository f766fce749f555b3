"""A network that is kept and trained with another one, without being a part of what that one computes."""

from typing import Any

import keras

__all__ = ["Companion"]


@keras.saving.register_keras_serializable("kerasgan")
class Companion(keras.layers.Layer):
    """Returns its input; `network` is beside it, with weights that are those of the model that has this layer.

    So an encoder, say, is trained, averaged and saved with the generator, whose images do not depend on it.

    Args:
        network: a built model, or a layer, which is built for this layer's input.
        **options: of `keras.layers.Layer`.
    """

    def __init__(self, network: Any, **options: Any):
        super().__init__(**options)
        self.network = network

    def build(self, input_shape):
        if not self.network.built:
            self.network.build(input_shape)

    def call(self, inputs):
        return inputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "network": keras.saving.serialize_keras_object(self.network)}

    @classmethod
    def from_config(cls, config):
        network = keras.saving.deserialize_keras_object(config["network"])
        return cls(**{**config, "network": network})
