"""The house rules that a machine can check: who imports whom, how long things are, and that importing is fast."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import kerasgan

ROOT = Path(kerasgan.__file__).parent
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}
# A module may import those that stand before it, at its head or inside a function.
ORDER = [
    "glossary",
    "names",
    "scalars",
    "files",
    "keras_internals",
    "distribution",
    "gradients",
    "schedules",
    "optimizers",
    "penalties",
    "layers",
    "objectives",
    "latents",
    "augment",
    "data",
    "metrics",
    "gan",
    "models",
    "callbacks",
    "checkpoints",
    "doctor",
    "exploration",
    "export",
    "zoo",
    "evaluation",
    "training",
    "hub",
    "report",
    "cli",
]


def module(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def place(path, node):
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def imports(path):
    """(node, dotted name) of everything that a file imports anywhere, under TYPE_CHECKING too."""
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = (node.module or "").split(".")
            if node.level:  # relative
                package = ["kerasgan", *path.relative_to(ROOT).parts[: -node.level], *filter(None, package)]
            yield from ((node, ".".join([*package, alias.name])) for alias in node.names)


def test_every_module_has_a_place_in_the_order():
    assert {module(path) for path in TREES} - {"__init__", "__main__"} == set(ORDER)
    assert len(set(ORDER)) == len(ORDER)


def test_modules_import_only_those_before_them():
    rank = {name: index for index, name in enumerate(ORDER)}
    wrong = []
    for path in TREES:
        own = module(path)
        for node, name in imports(path):
            package, other, *_ = *name.split("."), ""
            if own not in rank or package != "kerasgan" or other not in rank:
                continue
            if rank[other] > rank[own]:
                wrong.append(f"{place(path, node)} imports {other}, which stands after {own}")
    assert not wrong, "\n".join(wrong)


def test_files_and_functions_stay_short():
    long = []
    for path, tree in TREES.items():
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > 400:
            long.append(f"{path.relative_to(ROOT)}: {lines} lines")
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                docstring = (ast.get_docstring(node, clean=False) or "").count("\n")
                if (lines := node.end_lineno - node.lineno - docstring) > 60:
                    long.append(f"{place(path, node)}: {node.name} has {lines} lines")
    assert not long, "\n".join(long)


def test_the_package_asserts_nothing():
    found = [place(path, node) for path in TREES for node in ast.walk(TREES[path]) if isinstance(node, ast.Assert)]
    assert not found, "\n".join(found)


# A module of networks that families are given, beside the families.
NO_FAMILIES = {"feature_networks"}


def test_no_family_imports_blocks_from_a_sibling():
    """A family takes from other modules of models/ only what its class derives from, and its own networks."""
    wrong = []
    for path in sorted((ROOT / "models").glob("*.py")):
        classes = [node for node in ast.walk(TREES[path]) if isinstance(node, ast.ClassDef)]
        bases = {ast.unparse(base) for node in classes for base in node.bases}
        for node, name in imports(path) if path.stem != "__init__" else ():
            package, _, taken = name.rpartition(".")
            allowed = taken in bases | NO_FAMILIES or package == f"kerasgan.models.{path.stem}_networks"
            if name.startswith("kerasgan.models.") and not allowed:
                wrong.append(f"{place(path, node)}: {name} belongs in kerasgan/layers")
    assert not wrong, "\n".join(wrong)


BACKENDS = {"jax", "tensorflow", "torch"}
# Outside the training path, but for its devices: export targets TensorFlow's formats, data reads tf.data and TFDS.
MAY_NAME_A_BACKEND = {"data", "distribution", "export", "gradients"}


def test_only_gradients_imports_a_backend_in_the_training_path():
    found = [
        f"{place(path, node)} imports {name}"
        for path in TREES
        if module(path) not in MAY_NAME_A_BACKEND
        for node, name in imports(path)
        if name.split(".")[0] in BACKENDS
    ]
    assert not found, "\n".join(found)


# Names that Keras alone has: those that keras_internals.py takes, and others that would do for the same.
PRIVATE_IN_KERAS = {
    "_deferred_initialize",
    "_direct_assign",
    "_flatten_layers",
    "_functional",
    "_get_variable_index",
    "_inbound_nodes",
    "_initialize_with_initializer",
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
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, (ast.Attribute, ast.FunctionDef))
    }
    found = {(path, name) for path, name in found if name in PRIVATE_IN_KERAS}
    assert {path for path, _ in found} == {"keras_internals.py"}, sorted(found)


def test_the_lowest_module_imports_keras_alone():
    assert {name.split(".")[0] for _, name in imports(ROOT / "keras_internals.py")} <= {
        "collections",
        "contextlib",
        "functools",
        "keras",
        "typing",
    }


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
