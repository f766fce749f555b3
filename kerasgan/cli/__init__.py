"""The command line: one file for each command, with the work that only it does.

Everything heavy is imported inside a command, so that `--help`, `list` and `info` respond at once.
"""

from kerasgan.cli.application import app, main
from kerasgan.cli.convert import convert
from kerasgan.cli.doctor import doctor
from kerasgan.cli.evaluate import evaluate
from kerasgan.cli.explore import explore
from kerasgan.cli.export import export
from kerasgan.cli.generate import generate
from kerasgan.cli.info import info
from kerasgan.cli.list import entries
from kerasgan.cli.project import project
from kerasgan.cli.quickstart import quickstart
from kerasgan.cli.report import report
from kerasgan.cli.train import TrainCommand, train

__all__ = ["app", "main"]

app.command()(quickstart)  # in the order in which --help lists them
app.command("list")(entries)
for command in (info, train, generate, project, doctor, evaluate, export, explore, convert, report):
    app.command(cls=TrainCommand if command is train else None)(command)
