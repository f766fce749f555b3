"""A page for each sub-package: every public name with its docstring."""

import importlib
import inspect
import re
from collections.abc import Iterable
from dataclasses import is_dataclass
from typing import Any

from sphinx.util.inspect import stringify_signature

import kerasgan
from pages.markdown import contents, table

TOP = {"GAN": "kerasgan.gan", "load": "kerasgan.training.load"}
# Modules beside those in `__all__` whose names tutorials use
FURTHER = {
    "kerasgan.checkpoints": ["kerasgan.checkpoints.inception", "kerasgan.checkpoints.lpips"],
    "kerasgan.metrics": ["kerasgan.metrics.features", "kerasgan.metrics.inception"],
}


def pages() -> dict[str, str]:
    """The API, one file for each module of `kerasgan.__all__` and what other modules have in `__all__`."""
    modules = [name for name in kerasgan.__all__ if name not in TOP]
    found = {f"api/{name}.md": module_page(name) for name in modules}
    rows = [(f"[`kerasgan.{name}`](../api/{name}.md)", first_line(f"kerasgan.{name}")) for name in modules]
    found |= {"api/gan.md": top(), "api/files.md": FILES, "api/distribution.md": DISTRIBUTION}
    rows.append(("[`kerasgan.distribution`](../api/distribution.md)", first_line("kerasgan.distribution")))
    rows.append(("[`kerasgan.files`](../api/files.md)", "Pictures and films of images, as the commands write them."))
    rows.insert(0, ("[`kerasgan.GAN`, `kerasgan.load`](../api/gan.md)", "The class of all models, and loading any."))
    text = "# API\n\nEvery public name; what has no page here is not part of the interface.\n\n"
    listed = contents(["gan", *modules, "distribution", "files"])
    found["api/index.md"] = f"{text}{table(['module', 'holds'], rows).replace('../api/', '')}\n\n{listed}\n"
    return found


def module_page(name: str) -> str:
    module = f"kerasgan.{name}"
    if name == "models":
        rows = [(f"[`{each}`](../families/{each}.md)", first_line(module, each)) for each in sorted_names(module)]
        text = "Every family has [a page](../families/index.md)."
        networks = rest(".. automodule:: kerasgan.models.feature_networks\n   :members:")
        parts = ["# kerasgan.models", text, table(["class", "is"], rows), "## Feature networks", networks]
        return "\n\n".join(parts) + "\n"
    return directive(module, module, inner_modules(module))


def inner_modules(module: str) -> list[str]:
    """Further modules, such as `kerasgan.data.derivations`, whose names are documented with it."""
    outer = importlib.import_module(module)
    inner = [getattr(outer, name) for name in sorted_names(module)]
    return [each.__name__ for each in inner if type(each) is type(importlib)] + FURTHER.get(module, [])


def directive(title: str, module: str, inner: list[str]) -> str:
    parts = [f"# {title}\n", rest(f".. automodule:: {module}\n   :members:")]
    for each in inner:
        parts += [f"\n## {each}\n", rest(f".. automodule:: {each}\n   :members:")]
    return "\n".join(parts) + "\n"


def rest(text: str) -> str:
    return f"```{{eval-rst}}\n{text}\n```"


def sorted_names(module: str) -> list[str]:
    return sorted(importlib.import_module(module).__all__, key=str.lower)


def first_line(module: str, name: str | None = None) -> str:
    """The first paragraph of a docstring."""
    found = importlib.import_module(module)
    text = (getattr(found, name) if name else found).__doc__ or ""
    return " ".join(text.strip().partition("\n\n")[0].split())


def as_rest(app: Any, what: str, name: str, subject: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are written for readers of the code: makes reStructuredText of their lists and examples."""
    found: list[str] = []
    bullet, code = -1, False  # the indent of the list that a line belongs to; whether it belongs to an example
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if what == "module" and indent >= 4 and not code and (not found or not found[-1]):
            found += [f".. code-block:: {'python' if 'kerasgan.' in line else 'text'}", ""]
            code = True
        code = code and (not line or indent >= 4)
        if code:
            found.append(line)
            continue
        begins = line.lstrip().startswith("- ")
        if line and ((begins and indent != bullet) or (bullet >= 0 and not begins and indent <= bullet)):
            found += [""] if found and found[-1] else []
            bullet = indent if begins else -1
        found.append(escaped(line))
    lines[:] = found


def escaped(line: str) -> str:
    """Without what reStructuredText would take for emphasis, references and substitutions."""
    if line.lstrip().startswith((":param ", ":type ")):
        field, colon, text = line.partition(": ")
        return field + colon + escaped(text)
    parts = re.split(r"(`[^`]*`)", line)
    for index in range(0, len(parts), 2):
        plain = re.sub(r"(?<![\\:])([*|]|(?<=\w)_(?=\W|$))", r"\\\1", parts[index])
        parts[index] = "\\ " + plain if index and plain[:1].isalnum() else plain  # `name`s
    return "".join(parts)


def signature(app: Any, what: str, name: str, subject: Any, options: Any, given: str, returned: str) -> Any:
    """Of a class its constructor's: Keras' classes hide theirs behind `__new__`."""
    if what != "class" or "__init__" not in vars(subject) or is_dataclass(subject):
        return given, returned
    found = inspect.signature(subject.__init__)
    shown = found.replace(parameters=[*found.parameters.values()][1:], return_annotation=inspect.Signature.empty)
    return stringify_signature(shown, unqualified_typehints=True), None


def class_with_members(name: str, subject: type, documented: Iterable[type] = ()) -> str:
    """A class with its members and those of its bases, such as `GAN.generate`.

    Left out are members of Keras' classes, and of the classes in `documented`, which have pages of their own.
    """
    others = {base for each in documented for base in each.__mro__}
    others |= {base for base in subject.__mro__ if not base.__module__.startswith("kerasgan")}
    names = ",".join(sorted({base.__name__ for base in others}))
    bases = "\n   :show-inheritance:" if documented else ""
    return rest(f".. autoclass:: {name}\n   :members:\n   :inherited-members: {names}{bases}")


def top() -> str:
    """The page of `kerasgan.GAN` and `kerasgan.load`."""
    parts = ["# kerasgan.GAN and kerasgan.load", rest(".. autofunction:: kerasgan.load")]
    parts += [class_with_members("kerasgan.GAN", kerasgan.GAN), "## Image-to-image models"]
    parts.append(class_with_members("kerasgan.gan.ImageToImage", kerasgan.gan.ImageToImage, [kerasgan.GAN]))
    parts += ["## Paused updates", rest(".. autoclass:: kerasgan.gan.Balance")]
    return "\n\n".join(parts) + "\n"


DISTRIBUTION = f"""# kerasgan.distribution

{rest(".. automodule:: kerasgan.distribution" + chr(10) + "   :members: scope, devices, MachineError")}
"""

FILES = f"""# Pictures and films

{rest(".. automodule:: kerasgan.files.pictures" + chr(10) + "   :members: grid, labeled, single, save")}

{rest(".. automodule:: kerasgan.files.films" + chr(10) + "   :members: save, read")}
"""
