"""What a GAN is for."""

import enum

__all__ = ["Task"]


class Task(enum.StrEnum):
    """What a GAN makes, and of what: `gan.task`. Whoever treats models of several kinds asks this, and nothing else.

    GENERATION: images of latents, and of a class where the model has any (`gan.num_classes`).
    IMAGE_TO_IMAGE: images of images, learnt from pairs; larger ones where `gan.scale` exceeds 1 (super-resolution).
    UNPAIRED: likewise, learnt from images of two domains.
    VIDEO_PREDICTION: frames of the frames before them.
    """

    GENERATION = "image-generation"
    IMAGE_TO_IMAGE = "image-to-image"
    UNPAIRED = "unpaired-image-to-image"
    VIDEO_PREDICTION = "video-prediction"

    @property
    def from_images(self) -> bool:
        """Whether the generator starts from images, and `predict` translates them; else `generate` draws."""
        return self is not Task.GENERATION
