"""The ONNX opsets that can be written: as far as the installed ONNX Runtime reads them."""

import functools
import importlib.metadata

__all__ = ["NEWEST_OF_TF2ONNX", "check_opset", "newest"]

OLDEST = 13
NEWEST_OF_TF2ONNX = 18  # onnx's own converter raises a file to later ones


def check_opset(opset: int) -> None:
    """Raises ValueError for an opset that cannot be written."""
    if opset not in range(OLDEST, newest() + 1):
        version = importlib.metadata.version("onnxruntime")
        expected = f"Expected an opset from {OLDEST} to {newest()}, the newest of ONNX Runtime {version}"
        raise ValueError(f"{expected}. Received: opset={opset!r}")


@functools.cache
def newest() -> int:
    """The newest opset that onnx knows and ONNX Runtime opens: it does not say which, so it is given files to open."""
    import onnx

    known = onnx.defs.onnx_opset_version()
    return next((opset for opset in range(known, NEWEST_OF_TF2ONNX, -1) if _opens(opset)), NEWEST_OF_TF2ONNX)


def _opens(opset: int) -> bool:
    import onnxruntime
    from onnx import TensorProto, helper

    given, made = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("given", "made"))
    graph = helper.make_graph([helper.make_node("Identity", ["given"], ["made"])], "opset", [given], [made])
    imports = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=helper.find_min_ir_version_for(imports))
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    try:
        onnxruntime.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    except Exception:  # whatever it raises, it does not open the file
        return False
    return True
