"""The command line in a test: running it, and looking at what it wrote."""

import os
import sys

from PIL import Image
from typer.testing import CliRunner

from kerasgan import cli


def run(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def environment(**variables):
    kept = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return {**kept, "PYTHONPATH": os.pathsep.join(sys.path), **variables}


def size(path):
    with Image.open(path) as picture:
        return picture.size
