"""A generator as a web page: a folder that a browser opens and that draws there, with no server behind it.

    folder = kerasgan.explorer.write(gan, "explorer", entry="dcgan-digits")
    kerasgan.explorer.serve(folder)                                            # or open folder/index.html

The page is `export/web/` of the repository; beside it lie the model, exported and proven as by
`kerasgan.export.onnx`, and what there is to say about it. ONNX Runtime Web computes in the browser. The format "web" of
`kerasgan.export.bundle` is the same page.
"""

from kerasgan.explorer.folder import write
from kerasgan.explorer.server import open_server, serve
from kerasgan.export.page.runtime import RuntimeFilesError

__all__ = ["RuntimeFilesError", "open_server", "serve", "write"]
