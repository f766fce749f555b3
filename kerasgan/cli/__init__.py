"""The command line: one file for each command, with the work that only it does.

Everything heavy is imported inside a command, so that `--help`, `list` and `info` respond at once.
"""

from kerasgan.cli.application import app, main
from kerasgan.cli.convert import convert
from kerasgan.cli.doctor import doctor
from kerasgan.cli.edit import edit
from kerasgan.cli.evaluate import evaluate
from kerasgan.cli.explore import explore
from kerasgan.cli.export import export
from kerasgan.cli.generate import generate
from kerasgan.cli.info import info
from kerasgan.cli.interpolate import interpolate
from kerasgan.cli.list import entries
from kerasgan.cli.mix import mix
from kerasgan.cli.project import project
from kerasgan.cli.push import push
from kerasgan.cli.quickstart import quickstart
from kerasgan.cli.report import report
from kerasgan.cli.train import TrainCommand, train
from kerasgan.cli.translate import translate
from kerasgan.cli.walk import walk

__all__ = ["app", "main"]

PANELS = {  # in the order in which --help lists them
    "Start": (quickstart, entries, info),
    "Train and evaluate": (train, doctor, evaluate, report),
    "Generate and translate": (generate, walk, interpolate, mix, edit, project, translate),
    "Export and publish": (export, explore, convert, push),
}
for panel, commands in PANELS.items():
    for command in commands:
        kind = TrainCommand if command is train else None
        app.command("list" if command is entries else None, cls=kind, rich_help_panel=panel)(command)
