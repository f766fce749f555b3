"""Holds on remote runs, tested with fsspec's memory:// in place of stores such as gs://."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time

import fsspec
import pytest
import tiny_recipe
from command_line import run

from kerasgan.files import leases, paths
from kerasgan.training import working_folder

files = fsspec.filesystem("memory")
QUICK = {"seconds": 0.6, "settling": 0.02}


@pytest.fixture
def path(request):
    address = f"memory://{request.node.originalname}/run"
    yield f"{address}/.lock"
    files.rm(address, recursive=True) if files.exists(address) else None


def write(path, **changes):
    content = {"token": "theirs", "host": "elsewhere", "pid": 1, "beat": 0, **changes}
    files.pipe_file(path, json.dumps(content).encode())


def test_one_owner_at_a_time_who_leaves_nothing(path):
    with leases.Lease(path, **QUICK) as own:
        with pytest.raises(FileExistsError, match=rf"process {os.getpid()} on {socket.gethostname()} trains"):
            leases.Lease(path, **QUICK).__enter__()
        time.sleep(1)  # signs of life do not make it another's
        own.check()
    assert not files.exists(path)
    with leases.Lease(path, **QUICK):
        pass


def test_of_several_that_begin_at_once_one_gets_it(path):
    got, refused = [], []

    def begin():
        try:
            with leases.Lease(path, seconds=0.9, settling=0.1):
                got.append(1)
                time.sleep(2)
        except FileExistsError:
            refused.append(1)

    several = [threading.Thread(target=begin) for _ in range(4)]
    for each in several:
        each.start()
    for each in several:
        each.join()
    assert (len(got), len(refused)) == (1, 3)


def test_an_owner_that_stood_still_is_taken_over_and_learns_it_when_it_wakes(path):
    still = leases.Lease(path, **QUICK)
    still.__enter__()
    still._ended.set()  # its machine sleeps
    still._heart.join()
    started = time.monotonic()
    with leases.Lease(path, **QUICK) as other:
        assert time.monotonic() - started >= QUICK["seconds"]
        still._ended.clear()
        still._beat()
        with pytest.raises(OSError, match=rf"hold memory://.*alone.*one held by process {os.getpid()}"):
            still.check()
        other.check()
        still.__exit__(None, None, None)
        assert files.exists(path)  # it is no longer the one to remove it
    assert not files.exists(path)


def test_a_process_of_this_machine_that_has_ended_is_taken_over_at_once(path):
    died = subprocess.Popen([sys.executable, "-c", ""])
    died.wait()
    write(path, host=socket.gethostname(), pid=died.pid)
    started = time.monotonic()
    with leases.Lease(path, seconds=60, settling=0.02):
        assert time.monotonic() - started < 10


def test_an_owner_without_its_store_gives_up_after_the_lease(path, monkeypatch):
    with leases.Lease(path, **QUICK) as own:

        def unreachable(*_, **__):
            raise OSError("no network")

        with monkeypatch.context() as patch:
            patch.setattr(paths, "write_bytes", unreachable)
            own._heart.join(timeout=10)
        with pytest.raises(OSError, match=r"no answer for 0\.6 seconds: no network"):
            own.check()


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"token": 3}'])
def test_what_is_no_lease_holds_nothing(path, content):
    files.pipe_file(path, content)
    with contextlib.suppress(FileExistsError), leases.Lease(path, **QUICK):
        pass  # refused, or held: no other error


def test_a_remote_run_that_another_machine_trains_is_refused_and_taken_over_when_it_has_died(
    path, tmp_path, monkeypatch
):
    monkeypatch.setenv("KERASGAN_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(working_folder, "LEASE", 1.5)
    recipe, target = tiny_recipe.write(tmp_path / "tiny"), path.removesuffix("/.lock")
    write(path)
    beats, ended = iter(range(1, 1000)), threading.Event()

    def alive():
        while not ended.wait(0.3):
            write(path, beat=next(beats))

    heart = threading.Thread(target=alive)
    heart.start()
    refused = run("train", recipe, "-o", target, "--steps", 1)
    ended.set()
    heart.join()
    assert refused.exit_code == 1 and "which process 1 on elsewhere trains" in refused.output
    assert files.ls(target, detail=False) == [path.removeprefix("memory:/")]
    taken = run("train", recipe, "-o", target, "--steps", 1)
    assert taken.exit_code == 0, taken.output
    assert files.exists(f"{target}/gan.keras") and not files.exists(path)
