"""The command line, from the program itself."""

from typing import Any

from typer.main import get_command

from kerasgan.cli import PANELS, app
from pages.markdown import one_line, table


def pages() -> dict[str, str]:
    program: Any = get_command(app)
    text = ["# Command line\n", one_line(program.help), "", one_line(program.epilog), "", "## kerasgan\n"]
    text += [options(program), ""]
    by_function = {command.callback.__name__: name for name, command in program.commands.items()}
    for panel, functions in PANELS.items():
        text.append(f"## {panel}\n")
        for function in functions:
            name = by_function[function.__name__]
            command = program.commands[name]
            text += [f"### kerasgan {name}\n", one_line(command.help), "", usage(name, command), "", options(command)]
            text.append("")
    return {"reference/commands.md": "\n".join(text)}


def usage(name: str, command: Any) -> str:
    places = [shown(parameter) for parameter in command.params if not is_option(parameter)]
    return f"```text\nkerasgan {' '.join([name, *places])} [OPTIONS]\n```"


def is_option(parameter: Any) -> bool:
    return parameter.opts[0].startswith("-")


def shown(parameter: Any) -> str:
    """An argument's place in a command."""
    word = parameter.metavar or parameter.name.upper()
    word = f"{word}..." if parameter.nargs == -1 else word
    return word if parameter.required else f"[{word}]"


def options(command: Any) -> str:
    """A table of the arguments and options."""
    rows = []
    for parameter in command.params:
        if getattr(parameter, "hidden", False):
            continue
        names = [*parameter.opts, *parameter.secondary_opts] if is_option(parameter) else [shown(parameter)]
        code = ", ".join(f"`{name}`" for name in names)
        rows.append((code, one_line(getattr(parameter, "help", None) or ""), default(parameter)))
    return table(["option", "meaning", "default"], rows)


def default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "required"
    empty = value is None or value is False or value == () or callable(value) or "Sentinel" in type(value).__name__
    return "" if empty else f"`{value}`"
