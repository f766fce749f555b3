"""The application around the commands: its own options, and how errors and interruptions are reported."""

import logging
import os
import shlex
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

__all__ = ["STARTED", "app", "complain", "main", "tell", "warnings_in_one_line"]

PACKAGE = Path(__file__).parents[1]
STARTED = time.monotonic()  # of the program: this is imported first

# Errors that a user can fix, and the library's own errors: shown as one line. The rest is a bug and keeps its
# traceback.
USER_ERRORS = (ValueError, TypeError, OSError, ImportError)


MAY_BE_EMPTY = ("--title", "--description")


class Commands(TyperGroup):
    """Reports an exception of a command as one line on standard error, with an exit code."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        for before, each in zip(["", *args], args):
            option, equals, value = each.partition("=") if each.startswith("--") else (before, "=", each)
            if equals and not value and option not in MAY_BE_EMPTY:  # of a path it would be the working directory
                place = f"a value for {option}" if option.startswith("-") else f"a value after {before or 'kerasgan'}"
                raise typer.BadParameter(f"Expected {place}. Received: an empty one")
        return super().parse_args(ctx, [_at_home(each) for each in args])

    def invoke(self, ctx: Any) -> Any:
        try:
            with warnings_in_one_line():
                return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            raise typer.Exit(_explain(interrupt)) from None
        except Exception as error:
            if ctx.params.get("debug") or not (isinstance(error, USER_ERRORS) or _is_ours(error)):
                raise
            complain(f"Error: {_words(error) or type(error).__name__}")
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Generative adversarial networks in Keras 3: load, train, generate, export.",
    epilog="Set Keras' backend with KERAS_BACKEND (tensorflow, jax or torch): KERAS_BACKEND=jax kerasgan train ...",
)


def main() -> None:
    """The entry point of the command `kerasgan`."""
    app()


@app.callback()
def options(
    debug: Annotated[bool, typer.Option(envvar="KERASGAN_DEBUG", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        import kerasgan

        typer.echo(kerasgan.__version__)
        raise typer.Exit


def _at_home(argument: str) -> str:
    """--OPTION=~/PATH with one's home, which shells put only where a word begins with ~."""
    option, _, value = argument.partition("=")
    named = option.startswith("--") and value.startswith("~")
    return f"{option}={os.path.expanduser(value)}" if named else argument


def _words(error: Exception) -> str:
    """The message; of the operating system's errors the file and what is wrong with it, without their numbers."""
    if isinstance(error, (FileExistsError, NotADirectoryError)) and Path(error.filename or "").is_file():
        return f"Expected a folder. Received: {error.filename}, which is a file"
    plain = isinstance(error, OSError) and error.filename is not None and error.strerror is not None
    return f"{error.filename}: {error.strerror}" if plain else str(error)  # type: ignore[attr-defined]


def _is_ours(error: Exception) -> bool:
    """Whether the library raised it on purpose: one of its own classes, or a RuntimeError raised in its code."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    raised_here = frame.f_globals["__name__"].startswith("kerasgan.")
    return type(error).__module__.startswith("kerasgan.") or (isinstance(error, RuntimeError) and raised_here)


def complain(message: str) -> None:
    """Writes a line about an error to standard error."""
    from rich.console import Console

    from kerasgan.files.text import visible

    Console(stderr=True).print(visible(message), style="bold red", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def tell(logger: str) -> Iterator[None]:
    """Shows what a logger of the library tells, on standard error."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            typer.echo(record.getMessage(), err=True)

    log, lines = logging.getLogger(logger), Lines(logging.INFO)
    level = log.level
    log.addHandler(lines)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(lines)
        log.setLevel(level)


@contextmanager
def warnings_in_one_line(*always: type[Warning]) -> Iterator[None]:
    """Shows this package's warnings as text on standard error, without a line of source; others as usual.

    Args:
        *always: kinds of which every warning is shown, not only the first of each text.
    """
    usual = warnings.showwarning

    def show(message: Any, category: Any, filename: str, *where: Any, **options: Any) -> None:
        if issubclass(category, always) or PACKAGE in Path(filename).parents:
            complain(str(message))
        else:
            usual(message, category, filename, *where, **options)

    with warnings.catch_warnings():
        for kind in always:
            warnings.simplefilter("always", kind)
        warnings.showwarning = show
        yield


def _explain(interrupt: KeyboardInterrupt) -> int:
    """Prints how to resume after an interruption; returns the exit code, by shell convention 128 + the signal."""
    from kerasgan.files.paths import address

    run = getattr(interrupt, "output", None)
    if run is None:
        complain("Interrupted.")
        return 130
    typer.echo(f"{interrupt}\nResume with: kerasgan train {shlex.quote(address(run))} --resume", err=True)
    return 128 + interrupt.signal_number  # type: ignore[attr-defined]
