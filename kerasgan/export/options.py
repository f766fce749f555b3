"""What an exported file may be like: precision, fixed sizes, and which inputs and outputs it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["PRECISIONS", "Bound", "Options"]


class Bound(NamedTuple):
    """The largest difference from Keras that a file may make: a statistic of |difference|, "max" or "mean"."""

    statistic: str
    limit: float


# Float32 rounding was measured to make up to 5e-6 in DCGAN-64; one level of an 8-bit image is 8e-3. Coarser weights
# stray far in single pixels, so that of them the mean is bounded; what they lose is measured and stated in the report.
PRECISIONS = {
    "float32": Bound("max", 5e-5),
    "float16": Bound("mean", 0.01),
    "dynamic_int8": Bound("mean", 0.1),
    "static_int8": Bound("mean", 0.1),
}
LEVEL = 1 / 127.5  # one level of an 8-bit image, in units of the [-1, 1] range
INPUT = "input"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a file is like, beside the generator that it holds; every function of `kerasgan.export` takes these.

    Args:
        entry: the zoo's name of the weights, for the metadata.
        license: of the weights, for the metadata.
        direction: of a family that translates both ways, such as "ab".
        precision: of the weights. "float32"; "float16", half as large, computed in float32; "dynamic_int8", where the
            runtime also rounds what flows between layers, in ranges that it finds in each batch, so that an image
            depends a little on its neighbors; "static_int8", in ranges measured at export on draws from the prior.
            What the images lose is in the report.
        output: "float32" images in [-1, 1], or their "uint8" levels from 0 to 255.
        truncation: as `gan.generate` takes it, fixed in the file; or "input", for an input `truncation` (batch,).
        label: a class that the file always draws; if not given, a class-conditional file has an input `labels`.
        noise: of style-based generators: "constant", as `gan.generate` uses it; or "input", for an input `noise`
            (batch, pixels of all its maps), drawn from N(0, 1).
        batch_size: a fixed number of images; any number if not given.
        image_size: of models that translate images, a fixed int or (height, width); any if not given.
        opset: of ONNX, 13 to 18; 15 if not given.
        directions: of the web page: how many of the directions along which the images change most get a slider, see
            `kerasgan.exploration.sensitive_directions`; large models take long to search.
        vendor: of the web page: whether ONNX Runtime Web lies beside it, for use without a network, or is loaded from
            jsDelivr by its hashes.

    Raises:
        ValueError: for choices that there are not, and numbers out of range.
    """

    entry: str | None = None
    license: str | None = None
    direction: str | None = None
    precision: str = "float32"
    output: str = "float32"
    truncation: float | str = 1.0
    label: int | None = None
    noise: str = "constant"
    batch_size: int | None = None
    image_size: int | Sequence[int] | None = None
    opset: int | None = None
    directions: int = 0
    vendor: bool = False

    def __post_init__(self) -> None:
        choices = {"precision": tuple(PRECISIONS), "output": ("float32", "uint8"), "noise": ("constant", INPUT)}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise ValueError(f"Expected {name} to be {', '.join(known)}. Received: {name}={getattr(self, name)!r}")
        if isinstance(self.truncation, str) and self.truncation != INPUT:
            raise ValueError(f'Expected a truncation, or "{INPUT}". Received: truncation={self.truncation!r}')
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError(f"Expected a positive number of images. Received: batch_size={self.batch_size}")
        if self.opset is not None and self.opset not in range(13, 19):
            raise ValueError(f"Expected an opset from 13 to 18. Received: opset={self.opset!r}")
        if self.directions < 0:
            raise ValueError(f"Expected a number of directions from 0 on. Received: directions={self.directions}")

    @property
    def sides(self) -> tuple[int, int] | None:
        """(height, width) where they are fixed."""
        if self.image_size is None:
            return None
        height, width = [self.image_size] * 2 if isinstance(self.image_size, int) else self.image_size
        return height, width

    @property
    def given(self) -> dict[str, Any]:
        """The options that are not as they are without being given."""
        fields = type(self).__dataclass_fields__
        return {name: getattr(self, name) for name in fields if getattr(self, name) != fields[name].default}

    @property
    def chosen(self) -> dict[str, Any]:
        """Those of them that say what the network is like."""
        return {name: value for name, value in self.given.items() if name not in ("directions", "vendor")}

    def bound(self, tolerance: float | None) -> Bound:
        """What the file's images may differ by; `tolerance` replaces the precision's own limit."""
        statistic, limit = PRECISIONS[self.precision]
        limit = limit if tolerance is None else tolerance
        return Bound(statistic, limit + LEVEL if self.output == "uint8" else limit)  # roundings to levels may part
