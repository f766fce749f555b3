"""The report's templates, in which all text is escaped unless it is HTML from one of them."""

import functools
from typing import Any

import jinja2
from markupsafe import Markup

__all__ = ["Markup", "part", "render"]


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("kerasgan.report"),
        autoescape=True,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def render(template: str, **values: Any) -> Markup:
    """A template filled in."""
    return Markup(_environment().get_template(template).render(**values))


def part(name: str, *values: Any) -> Markup:
    """A macro of parts.html filled in."""
    macro: Any = getattr(_environment().get_template("parts.html").module, name)
    return Markup(macro(*values))
