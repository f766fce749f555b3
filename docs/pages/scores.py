"""The glossary of scores, from `kerasgan.glossary`."""

from kerasgan import glossary
from pages.markdown import table

HEAD = """# Scores

What the scores of cards, reports and tables are called, and what each means. A tutorial explains
[when to trust them](../tutorials/scores.md).

"""


def pages() -> dict[str, str]:
    rows = [(f"`{name}`", score.short, score.text) for name, score in glossary.SCORES.items()]
    return {"reference/scores.md": HEAD + table(["name", "short", "meaning"], rows) + "\n"}
