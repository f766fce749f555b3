"""The command line: arguments only. What the commands do lies in the library, mostly in the module of a file's name.

Everything heavy is imported inside a command, so that `--help`, `list` and `info` answer at once.
"""

from kerasgan.cli.application import app, main
from kerasgan.cli.entries import entries, info, quickstart
from kerasgan.cli.evaluation import evaluate, report
from kerasgan.cli.files import convert, explore, export
from kerasgan.cli.sampling import generate, project
from kerasgan.cli.training import doctor, train

__all__ = ["app", "main"]

app.command()(quickstart)  # in the order in which --help lists them
app.command("list")(entries)
for command in (info, train, generate, project, doctor, evaluate, export, explore, convert, report):
    app.command()(command)
