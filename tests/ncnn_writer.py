"""Writes ncnn's .param and .bin from layers: files for tests, good and hostile."""

import struct

import numpy as np

HALF = 0x01306B47


def layer(kind, name, parameters="", *arrays, half=True, tag=None):
    """A line of the .param and the bytes of the .bin: the first array behind a tag, the others bare."""
    content = b""
    if arrays and kind != "PReLU":
        first, *arrays = arrays
        raw = first.astype("<f2" if half else "<f4").tobytes()
        content = struct.pack("<I", (HALF if half else 0) if tag is None else tag) + raw + bytes(-len(raw) % 4)
    content += b"".join(array.astype("<f4").tobytes() for array in arrays)
    return f"{kind:24} {name} 1 1 a b {parameters}", content


def convolution(name, weight, bias, **options):
    """A convolution, its arrays in PyTorch's axes."""
    outputs, _, height, width = weight.shape
    return layer("Convolution", name, f"0={outputs} 1={width} 11={height} 5=1 6={weight.size}", weight, bias, **options)


def write(folder, layers, *, name="net", count=None):
    """The path of the .bin, beside which the .param is."""
    lines = [line for line, _ in layers]
    text = f"7767517\n{len(lines) if count is None else count} {2 * len(lines)}\n" + "\n".join(lines) + "\n"
    (folder / f"{name}.param").write_text(text)
    path = folder / f"{name}.bin"
    path.write_bytes(b"".join(content for _, content in layers))
    return path


def rrdb(*, blocks=1, width=4, growth=2, half=False, seed=0):
    """The layers of an RRDBNet in ncnn's order, and the same weights by xinntao's names."""
    rng, state, layers = np.random.default_rng(seed), {}, []
    shapes = {"conv_first": (width, 3)}
    for block in range(blocks):
        for dense in (1, 2, 3):
            for part in range(1, 6):
                outputs = growth if part < 5 else width
                shapes[f"body.{block}.rdb{dense}.conv{part}"] = (outputs, width + growth * (part - 1))
    shapes |= dict.fromkeys(("conv_body", "conv_up1", "conv_up2", "conv_hr"), (width, width))
    shapes["conv_last"] = (3, width)
    for index, (name, (outputs, inputs)) in enumerate(shapes.items()):
        weight = rng.standard_normal((outputs, inputs, 3, 3)).astype("f2").astype("f4")
        bias = rng.standard_normal(outputs).astype("f4")
        state |= {f"{name}.weight": weight, f"{name}.bias": bias}
        layers += [convolution(f"Conv_{index}", weight, bias, half=half), layer("Split", f"split_{index}")]
    return layers, state
