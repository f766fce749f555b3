"""The site: `pip install -e ".[docs]" && sphinx-build -W -b html docs docs/_build`.

What can be derived from the package is written by `docs/pages/` before Sphinx reads: the API, the keys of recipes, the
command line, the scores, a page for each family and the gallery. Tutorials and lectures are executed.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, os.fspath(HERE))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["PYTHONWARNINGS"] = "ignore::DeprecationWarning"  # of the kernels' own packages
os.environ["COLUMNS"] = "100"  # of commands in executed pages

import kerasgan  # noqa: E402, after the settings of TensorFlow's log

project = "kerasgan"
author = "the kerasgan contributors"
copyright = f"{author}; Apache-2.0"
version = release = kerasgan.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "pages",
]
exclude_patterns = ["_build", "_live", "_notebooks", "jupyter_execute", "pages"]

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = os.environ.get("KERASGAN_DOCS_EXECUTE", "force")  # "off": text alone, in seconds
nb_execution_timeout = 900  # seconds of a cell, on a busy machine too
nb_kernel_rgx_aliases = {"python3": "kerasgan-docs"} if hasattr(os, "fork") else {}  # pages/kernel.py
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_merge_streams = True

autodoc_default_options = {"member-order": "bysource"}
autodoc_inherit_docstrings = False  # Keras' own are in Keras' documentation
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
default_role = "py:obj"  # of `names` in docstrings: a link where there is a page, and code anyway

html_theme = "furo"
html_title = f"kerasgan {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["_live"] if (HERE / "_live").is_dir() else []  # python docs/live.py
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
copybutton_exclude = ".linenos, .gp, .go"
suppress_warnings = ["mystnb.unknown_mime_type", "myst-nb.lexer"]  # the latter of pages that were not executed
nb_output_stderr = "remove"  # messages of TensorFlow
nb_mime_priority_overrides = [("html", "image/gif", 1)]
