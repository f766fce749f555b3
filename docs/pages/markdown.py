"""Small pieces of Markdown."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


def contents(names: Iterable[str], *, options: str = ":hidden:") -> str:
    return "\n".join(["```{toctree}", options, "", *names, "```"])


def one_line(text: str) -> str:
    return " ".join(text.split())


def arguments(docstring: str, section: str = "Args") -> dict[str, str]:
    """The texts of a docstring's arguments by name."""
    found: dict[str, str] = {}
    inside, name = False, ""
    for line in docstring.splitlines():
        text, indent = line.strip(), len(line) - len(line.lstrip())
        if text == f"{section}:":
            inside, base = True, indent + 4
        elif inside and text and indent < base:
            break
        elif inside and text and indent == base:
            name, _, words = text.partition(": ")
            found[name] = words
        elif inside and text:
            found[name] += " " + text
    return found
