"""Options of an exported file: precision, fixed sizes, inputs and outputs."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from kerasgan.export.opsets import check_opset
from kerasgan.scalars import check

__all__ = ["PRECISIONS", "Bound", "Options"]


class Bound(NamedTuple):
    """The largest accepted difference from Keras: a statistic of |difference|, "max" or "mean", and its limit."""

    statistic: str
    limit: float


# Float32 rounding was measured to reach 5e-6 in DCGAN-64; one level of an 8-bit image is 8e-3. Coarser weights differ
# much in single pixels, so that their mean difference is limited; the loss is measured and stated in the report.
PRECISIONS = {
    "float32": Bound("max", 5e-5),
    "float16": Bound("mean", 0.01),
    "dynamic_int8": Bound("mean", 0.1),
    "static_int8": Bound("mean", 0.1),
}
LEVEL = 1 / 127.5  # one level of an 8-bit image, in units of the [-1, 1] range
INPUT = "input"
BESIDE = ("directions", "vendor", "title", "description", "credit")  # options of what is beside the network


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of an exported file, besides its generator; every function of `kerasgan.export` accepts them.

    Args:
        entry: the zoo's name of the weights, for the metadata.
        license: license of the weights, for the metadata.
        direction: for a family that translates in both directions, such as "ab".
        precision: precision of the weights.
            - "float32".
            - "float16": half the size, computed in float32.
            - "dynamic_int8": the runtime also rounds the activations, in ranges that it determines for each batch, so
              that an image depends slightly on the others in its batch.
            - "static_int8": the ranges are measured at export, on draws from the prior.
            The report states the loss of quality.
        output: "float32" images in [-1, 1], or "uint8" levels from 0 to 255.
        truncation: as in `gan.generate`, fixed in the file; or "input", for an input `truncation` (batch,).
        label: a fixed class for all images, as a number or a name; if not given, a class-conditional file has an input
            `labels`.
        noise: for style-based generators: "constant", as in `gan.generate`; or "input", for an input `noise`
            (batch, pixels of all its maps), drawn from N(0, 1).
        batch_size: a fixed number of images; any number if not given.
        image_size: for image-to-image models, a fixed int or (height, width); any if not given.
        opset: ONNX opset, from 13 to the newest of the installed ONNX Runtime, such as 28 for 1.32; 15 if not given.
        directions: for the web page: number of sliders for the directions along which the images change most, see
            `kerasgan.exploration.sensitive_directions`; their search is slow for large models.
        vendor: for the web page: whether ONNX Runtime Web is written beside it, for offline use, or loaded from
            jsDelivr, pinned by its hashes.
        title: for the web page and the card: a heading instead of the entry's name.
        description: likewise: a text about the model, instead of the one about its family.
        credit: for the web page: origin and license of its examples.

    Raises:
        ValueError: for unknown choices, and numbers out of range.
    """

    entry: str | None = None
    license: str | None = None
    direction: str | None = None
    precision: str = "float32"
    output: str = "float32"
    truncation: float | str = 1.0
    label: int | str | None = None
    noise: str = "constant"
    batch_size: int | None = None
    image_size: int | Sequence[int] | None = None
    opset: int | None = None
    directions: int = 0
    vendor: bool = False
    title: str | None = None
    description: str | None = None
    credit: str | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            check(field.name, getattr(self, field.name), field.type)
        choices = {"precision": tuple(PRECISIONS), "output": ("float32", "uint8"), "noise": ("constant", INPUT)}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise ValueError(f"Expected {name} to be {', '.join(known)}. Received: {name}={getattr(self, name)!r}")
        if isinstance(self.truncation, str) and self.truncation != INPUT:
            raise ValueError(f'Expected a truncation, or "{INPUT}". Received: truncation={self.truncation!r}')
        if self.opset is not None:
            check_opset(self.opset)

    @property
    def sides(self) -> tuple[int, int] | None:
        """(height, width) if they are fixed."""
        if self.image_size is None:
            return None
        height, width = [self.image_size] * 2 if isinstance(self.image_size, int) else self.image_size
        return height, width

    @property
    def given(self) -> dict[str, Any]:
        """The options that differ from their defaults."""
        fields = type(self).__dataclass_fields__
        return {name: getattr(self, name) for name in fields if getattr(self, name) != fields[name].default}

    @property
    def chosen(self) -> dict[str, Any]:
        """Those of them that describe the network."""
        return {name: value for name, value in self.given.items() if name not in BESIDE}

    def bound(self, tolerance: float | None) -> Bound:
        """The accepted difference of the file's images; `tolerance` replaces the precision's own limit."""
        statistic, limit = PRECISIONS[self.precision]
        limit = limit if tolerance is None else tolerance
        return Bound(statistic, limit + LEVEL if self.output == "uint8" else limit)  # roundings may differ by a level
