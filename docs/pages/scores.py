"""The glossary of scores, from `kerasgan.glossary`."""

from kerasgan import glossary
from pages.markdown import table

HEAD = """# Scores

What cards, reports and tables call the scores, and what each means. How to trust them is a
tutorial of its own.

"""


def pages() -> dict[str, str]:
    rows = [(f"`{name}`", score.short, score.text) for name, score in glossary.SCORES.items()]
    return {"reference/scores.md": HEAD + table(["name", "short", "meaning"], rows) + "\n"}
