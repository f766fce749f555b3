"""A web page that generates images in a browser: the folder `web`, opened by its index.html.

ONNX Runtime Web computes in the page what ONNX Runtime computes elsewhere; the comparison opens the page's model.
"""

import functools
import tempfile
from pathlib import Path

from kerasgan.export import page
from kerasgan.export.formats.onnx import ONNX, opened
from kerasgan.export.formats.table import Format, Job, check_folder
from kerasgan.export.proof import Run

__all__ = ["WEB"]


def _write(job: Job, path: Path) -> None:
    (network,) = job.about["networks"]
    page.write(path, job.about, {network["file"]: _model(job)})


def _model(job: Job) -> bytes:
    if "onnx" in job.written:
        return job.written["onnx"].read_bytes()
    with tempfile.TemporaryDirectory(prefix="kerasgan-web-") as folder:
        path = Path(folder, "model.onnx")
        ONNX.write(job, path)
        return path.read_bytes()


def _open(path: Path) -> Run:
    return opened(page.model_in(path))


WEB = Format(
    runtime="ONNX Runtime",
    path="web",
    packages=ONNX.packages,
    precisions=ONNX.precisions,
    command="python -m http.server --bind 127.0.0.1 --directory {path}  # or open {path}/index.html in a browser",
    check_target=functools.partial(check_folder, sign=page.FACTS, kind="an explorer", own=lambda _: page.OWN),
    write=_write,
    open=_open,
    options=("opset", "directions", "vendor"),
    refused=("output", "noise", "batch_size"),
    newest_opset=page.NEWEST_OPSET,
    check=page.check,
    gather=page.gather,
)
