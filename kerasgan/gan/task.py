"""What a GAN generates, and from what."""

import enum

__all__ = ["Task"]


class Task(enum.StrEnum):
    """What a GAN generates: `gan.task`. Code that handles models of several kinds branches on this property only.

    GENERATION: images from latents, and from a class if the model has classes (`gan.num_classes`).
    IMAGE_TO_IMAGE: images from images, trained on pairs; larger ones if `gan.scale` exceeds 1 (super-resolution).
    UNPAIRED: images from images, trained on images of two domains.
    MULTI_DOMAIN: images from images, trained on images of several domains, which labels tell apart.
    VIDEO_PREDICTION: frames from the frames before them.
    """

    GENERATION = "image-generation"
    IMAGE_TO_IMAGE = "image-to-image"
    UNPAIRED = "unpaired-image-to-image"
    MULTI_DOMAIN = "multi-domain-image-to-image"
    VIDEO_PREDICTION = "video-prediction"

    @property
    def from_images(self) -> bool:
        """Whether the generator's inputs are images (for `predict`) instead of latents (for `generate`)."""
        return self is not Task.GENERATION
