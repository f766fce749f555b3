"""The house rules that a machine can check: who imports whom, how long things are, and that importing is fast."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import kerasgan

ROOT = Path(kerasgan.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
# A module may import those of its own level and below.
LEVELS = {
    0: {
        "animations",
        "augment",
        "contrastive",
        "data",
        "distribution",
        "events",
        "gradients",
        "keras_internals",
        "latents",
        "layers",
        "metrics",
        "objectives",
        "optimizers",
        "penalties",
        "pictures",
        "recipes",
        "pyramid",
        "schedules",
        "startup",
        "storage",
    },
    1: {"gan"},
    2: {"models", "backups", "callbacks", "exploration", "export", "doctor", "steps", "progress"},
    3: {"checkpoints"},
    4: {"zoo"},
    5: {"conversion", "evaluation", "explorer", "report", "runs", "sampling", "styling", "tables", "training"},
    6: {"quickstart", "workplace"},
    7: {"cli"},
}
LEVEL = {name: level for level, names in LEVELS.items() for name in names}


def module(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path):
    """(module of kerasgan, whether at module level) for each import in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {id(node) for statement in tree.body for node in ast.walk(statement) if not _deferred(statement)}
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "kerasgan":
            parts = node.module.split(".")
            names = [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".")[1] for alias in node.names if alias.name.startswith("kerasgan.")]
        yield from ((name, id(node) in top) for name in names)


def _deferred(statement):
    return isinstance(statement, (ast.FunctionDef, ast.ClassDef)) or (
        isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING"
    )


@pytest.mark.parametrize(
    "path", [path for path in FILES if module(path) != "__init__"], ids=lambda p: str(p.relative_to(ROOT))
)
def test_modules_import_their_own_level_and_below(path):
    own = module(path)
    assert own in LEVEL, f"{own} has no level: add it to LEVELS"
    for name, at_module_level in imports(path):
        if name in LEVEL and at_module_level:
            assert LEVEL[name] <= LEVEL[own], f"{own} (level {LEVEL[own]}) imports {name} (level {LEVEL[name]})"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_short_and_assert_nothing(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        assert not isinstance(node, ast.Assert), f"{path}:{node.lineno}"
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            docstring = (ast.get_docstring(node, clean=False) or "").count("\n")
            assert node.end_lineno - node.lineno - docstring <= 60, f"{path}:{node.lineno} {node.name}"


BACKENDS = {"jax", "tensorflow", "torch"}
# Outside the training path, but for its devices: export targets TensorFlow's formats, data reads tf.data and TFDS.
MAY_NAME_A_BACKEND = {"data", "distribution", "export", "gradients"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_gradients_imports_a_backend_in_the_training_path(path):
    if module(path) in MAY_NAME_A_BACKEND:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not BACKENDS & {name.split(".")[0] for name in names}, f"{path}:{node.lineno}"


# Names that Keras alone has: those that keras_internals.py takes, and others that would do for the same.
PRIVATE_IN_KERAS = {
    "_flatten_layers",
    "_functional",
    "_get_variable_index",
    "_inbound_nodes",
    "_keras_history",
    "_maybe_symbolic_build",
    "_momentums",
    "_nodes_by_depth",
    "_non_trainable_variables",
    "_operations_by_depth",
    "_symbolic_build",
    "_tracker",
    "_trainable_variables",
    "_trainable_variables_indices",
    "_velocities",
}


def test_only_one_file_names_what_is_private_in_keras():
    found = {
        (str(path.relative_to(ROOT)), getattr(node, "attr", getattr(node, "name", None)))
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Attribute, ast.FunctionDef))
    }
    found = {(path, name) for path, name in found if name in PRIVATE_IN_KERAS}
    assert {path for path, _ in found} == {"keras_internals.py"}, sorted(found)


def test_the_lowest_module_imports_keras_alone():
    assert not list(imports(ROOT / "keras_internals.py"))


def test_the_programs_beside_exported_files_import_neither_kerasgan_nor_keras():
    programs = ROOT.parent / "export"
    if not programs.is_dir():
        pytest.skip("installed without the checkout")
    for path in programs.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {"keras", "kerasgan"} & {name.split(".")[0] for name in names}, path


def test_importing_the_package_imports_no_framework():
    heavy = {"keras", "tensorflow", "jax", "torch", "sklearn"}
    code = f"import kerasgan, sys; kerasgan.zoo.names(); print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_can_be_had():
    for name in kerasgan.__all__:
        assert getattr(kerasgan, name) is not None
    assert set(kerasgan.__all__) <= set(dir(kerasgan))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        kerasgan.nonsense  # noqa: B018
