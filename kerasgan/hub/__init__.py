"""Models to share: a folder that anybody can load, and the same on the Hugging Face Hub.

The folder holds

- recipe.toml: model, data and training, as in the zoo; `kerasgan.load` reads it and one file of weights,
- config.json: with metadata.json and model.weights.h5 what `keras.saving.load_model("hf://user/repository")` opens,
  where kerasgan is imported,
- model.weights.h5: all networks, without the state of their optimizers,
- generator.weights.h5: of a model of which the generator alone is trained, that; `kerasgan.load` then takes it,
- generator.safetensors: the network to sample from, for other programs,
- onnx/: likewise, for ONNX Runtime, one file for each direction,
- samples.png, card.json: samples and scores, if there are any,
- README.md: the card, headed by what the Hub shows and finds models by.

`kerasgan.load("hf://user/repository@revision")` loads either.
"""

from kerasgan.files.hub import HubError
from kerasgan.hub.folder import write
from kerasgan.hub.publishing import push
from kerasgan.scalars import guard

__all__ = ["HubError", "push", "write"]

guard(globals(), __all__)
