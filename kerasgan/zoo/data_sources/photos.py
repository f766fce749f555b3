"""Crops of the photographs that are bundled with scikit-learn and scikit-image."""

from kerasgan.zoo.data_sources.base import FLAG, NUMBER, SIZE, TEXT, WHOLE, DataSource, Option, Settings

__all__ = ["Photos"]


class Photos(DataSource):
    """Parts of the photographs bundled with scikit-learn and scikit-image: see `kerasgan.data.photos`."""

    name = "photos"
    options = (
        Option("image_size", 64, SIZE),
        Option("channels", 3, WHOLE),
        Option("split", "train", TEXT),
        Option("scale", 1.0, NUMBER),
        Option("further", False, FLAG, variation=True),
        Option("vary", False, FLAG, variation=True),
    )
    held_out = ("test", "regions")
    about = (
        "Photographs embedded in scikit-image (astronaut: NASA, public domain; coffee: Rachel Michetti, CC0; rocket: "
        "SpaceX, public domain; chelsea: Stefan van der Walt, CC0) and in scikit-learn (china: daniel buechele, "
        "flower: vultilion, both CC BY 2.0), read at run time. Six pictures are a toy set: the model learns colors "
        "and textures from them alone. The split *test* holds two whole photographs (chelsea, flower), *regions* the "
        "right fifth of the other four."
    )

    def card_text(self, settings: Settings) -> str:
        if not settings.get("further"):
            return self.about
        from kerasgan.data.photos import FURTHER

        added = "; ".join(f"{name}: {license}" for name, (_, license) in FURTHER.items())
        return f"{self.about} Training adds gray ones of scikit-image's ({added})."
