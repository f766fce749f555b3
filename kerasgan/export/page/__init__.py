"""The web page of a generator: the page itself, its models and the facts about them, as files in a folder.

The page is `export/web/` of the repository. It asks no server for anything: a browser opens it from a disk, too.
"""

from kerasgan.export.page.facts import check, gather, truncates_styles
from kerasgan.export.page.files import FACTS, OWN, model_in, source, write
from kerasgan.export.page.runtime import NEWEST_OPSET

__all__ = ["FACTS", "NEWEST_OPSET", "OWN", "check", "gather", "model_in", "source", "truncates_styles", "write"]
