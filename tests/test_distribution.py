"""Several devices and machines: the weights of one device, and going on when a machine has died.

Devices cannot be added to a process that has begun to compute: each test has processes of its own.
"""

import contextlib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import keras
import numpy as np
import pytest
from command_line import environment, run

from kerasgan import distribution, zoo
from kerasgan.callbacks import Checkpoint

RECIPE = """\
# kerasgan train tiny
# A few seconds; nothing to see.
{family}
image_size = 8
channels = 1
latent_dim = 4

[data]
source = "digits"
image_size = 8

[train]
batch_size = 16
steps = 8
seed = 3
discriminator_steps = 2
ema_half_life = 100
penalties = [{{ name = "r1", weight = 0.5, interval = 2 }}]
generator_optimizer = {{ name = "Adam", learning_rate = 1e-2, epsilon = 1e-2 }}
discriminator_optimizer = {{ name = "SGD", learning_rate = 0.1, momentum = 0.9 }}
"""

# Without batch normalization, which sees a share of the batch only; on JAX it sees all of it.
SHARES = 'family = "R3GAN"\n[model]\nwidths = [4, 2]\nblocks = 1\ngroup_width = 4'
WHOLE = 'family = "DCGAN"\n[model]\nwidth = 4\ndiscriminator_norm = "none"'

# What a user writes who knows Keras: its own devices, and `fit` without a command line.
PLAIN_FIT = """
import random, numpy as np
from kerasgan import callbacks, zoo

def fit(recipe, scope, target):
    random.seed(3)
    with scope:
        gan = zoo.build(zoo.recipe(recipe))
    last = callbacks.StopAfter(steps=8)
    gan.fit(zoo.source(zoo.recipe(recipe)), epochs=8, verbose=0, callbacks=[last])
    np.savez(target, *gan.get_weights())
"""

TWO_CPUS = f"""
import sys, tensorflow as tf
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
from kerasgan import cli
recipe, run, plain = sys.argv[1:]
cli.app(["train", recipe, "-o", run, "--devices", "2", "--every", "4"], standalone_mode=False)
{PLAIN_FIT}
fit(recipe, tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope(), plain)
"""

BOTH_ON_JAX = f"""
import contextlib, sys
from kerasgan import cli
recipe, one, two, plain = sys.argv[1:]
cli.app(["train", recipe, "-o", one], standalone_mode=False)
cli.app(["train", recipe, "-o", two, "--devices", "2"], standalone_mode=False)
import keras
keras.distribution.set_distribution(keras.distribution.DataParallel(devices=keras.distribution.list_devices()))
{PLAIN_FIT}
fit(recipe, contextlib.nullcontext(), plain)
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    path = tmp_path_factory.mktemp("tiny") / "recipe.toml"
    path.write_text(RECIPE.format(family=SHARES))
    return path


@pytest.fixture(scope="module")
def alone(recipe):
    """The weights that one device gives."""
    result = run("train", recipe, "-o", recipe.parent / "run")
    assert result.exit_code == 0, result.output
    return weights(recipe.parent / "run")


def weights(folder):
    gan = zoo.load(folder / "recipe.toml", weights=folder / "gan.keras")
    return gan.get_weights()


def plain_weights(path):
    with np.load(path) as arrays:
        return [arrays[f"arr_{index}"] for index in range(len(arrays.files))]


def close(ours, theirs):
    for own, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(own, other, atol=1e-5)


def started(*arguments, **variables):
    command = [sys.executable, *map(str, arguments)]
    variables = environment(TF_CPP_MIN_LOG_LEVEL="3", **variables)
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.slow
def test_two_devices_give_the_weights_of_one_also_in_a_plain_fit_under_a_strategy(recipe, alone, tmp_path):
    process = started("-c", TWO_CPUS, recipe, tmp_path / "run", tmp_path / "plain.npz")
    output, _ = process.communicate(timeout=900)
    assert process.returncode == 0, output
    close(weights(tmp_path / "run"), alone)
    close(plain_weights(tmp_path / "plain.npz"), alone)


UNEVEN = """
import tensorflow as tf, numpy as np
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
from kerasgan import models
images = np.random.default_rng(0).uniform(-1, 1, (17, 8, 8, 1)).astype("float32")
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    gan = models.DCGAN(image_size=8, channels=1, latent_dim=4, width=4)
    gan.compile()
gan.fit(tf.data.Dataset.from_tensor_slices(images).batch(8), verbose=0)
assert gan.optimizer.steps == 3, gan.optimizer.steps
assert all(np.isfinite(array).all() for array in gan.get_weights())
"""


@pytest.mark.slow
def test_two_devices_share_seventeen_images_in_batches_of_eight():
    process = started("-c", UNEVEN)
    output, _ = process.communicate(timeout=900)
    assert process.returncode == 0, output


@pytest.mark.slow
def test_two_devices_on_jax_give_the_weights_of_one_also_in_a_plain_fit(tmp_path):
    pytest.importorskip("jax")
    (tmp_path / "recipe.toml").write_text(RECIPE.format(family=WHOLE))
    variables = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    paths = [tmp_path / name for name in ("recipe.toml", "one", "two", "plain.npz")]
    process = started("-c", BOTH_ON_JAX, *paths, **variables, **flags)
    output, _ = process.communicate(timeout=900)
    assert process.returncode == 0, output
    close(weights(tmp_path / "two"), weights(tmp_path / "one"))
    close(plain_weights(tmp_path / "plain.npz"), weights(tmp_path / "one"))


@contextlib.contextmanager
def cluster(*arguments, folders=None, second=("-m", "kerasgan.cli"), **variables):
    """Two machines that train; what is left of them is killed in the end, as a cluster does with a job that fails.

    Args:
        *arguments: of `kerasgan train`.
        folders: a run folder for each machine, if they have disks of their own.
        second: how the second machine runs the command.
        **variables: of their environment.
    """
    places = {"worker": [f"localhost:{port}" for port in free_ports(2)]}
    tasks = [{"cluster": places, "task": {"type": "worker", "index": index}} for index in range(2)]
    command = "train", *arguments, "--distribute", "workers", "--every", 2
    several = [(*program, *command) for program in (("-m", "kerasgan.cli"), second)]
    several = [(*each, "-o", folder) for each, folder in zip(several, folders)] if folders else several
    with contextlib.ExitStack() as stack:
        machines = [
            stack.enter_context(started(*each, TF_CONFIG=json.dumps(task), **variables))
            for each, task in zip(several, tasks)
        ]
        try:
            yield machines
        finally:
            for machine in machines:
                machine.kill()


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("localhost", 0))
        return [each.getsockname()[1] for each in sockets]


def wait_for(path, machines):
    deadline = time.monotonic() + 600
    while not path.exists():
        for machine in machines:
            assert machine.poll() is None and time.monotonic() < deadline, machine.communicate(timeout=60)
        time.sleep(0.05)


@pytest.mark.slow
def test_machines_of_which_one_receives_sigterm_save_the_same_step_and_end(recipe, tmp_path):
    folder = tmp_path / "a run"
    with cluster(recipe, "-o", folder, "--steps", 5000) as machines:
        wait_for(folder / "checkpoints" / "step-000002.keras", machines)
        machines[1].terminate()
        outputs = [machine.communicate(timeout=600)[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [128 + signal.SIGTERM] * 2, outputs
    (said,) = {re.search(r"^Interrupted at step \d+; the state is saved in .*$", each, re.M)[0] for each in outputs}
    assert said.endswith(f"saved in {folder}.")
    assert (folder / "checkpoints" / f"step-{int(re.findall(r'[0-9]+', said)[0]):06d}.keras").is_file()
    assert f"Resume with: kerasgan train '{folder}' --resume" in outputs[1]


@pytest.mark.slow
def test_machines_go_on_from_the_last_checkpoint_when_one_has_died_and_give_the_weights_of_one(recipe, alone, tmp_path):
    folder = tmp_path / "run"
    with cluster(recipe, "-o", folder) as machines:
        wait_for(folder / "checkpoints" / "step-000004.keras", machines)
        machines[1].kill()
        output, _ = machines[0].communicate(timeout=300)
    assert machines[0].returncode == 1 and re.search(r"Received: worker 1 \(localhost:\d+\), which died", output), (
        output
    )
    assert f"kerasgan train {folder} --resume" in output
    with cluster(recipe, "-o", folder, "--resume") as machines:
        outputs = [machine.communicate(timeout=600)[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], outputs
    close(weights(folder), alone)
    steps = [line.split(",")[0] for line in (folder / "log.csv").read_text().splitlines()[1:]]
    assert steps[-1] == "8"


@pytest.mark.slow
def test_two_machines_on_jax_give_the_weights_of_one_and_read_their_parts_of_the_batches(tmp_path):
    pytest.importorskip("jax")
    path, jax = tmp_path / "recipe.toml", {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    path.write_text(RECIPE.format(family=WHOLE))
    single = started("-m", "kerasgan.cli", "train", path, "-o", tmp_path / "one", **jax)
    output, _ = single.communicate(timeout=900)
    assert single.returncode == 0, output
    with cluster(path, "-o", tmp_path / "two", **jax) as machines:
        outputs = [machine.communicate(timeout=900)[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], outputs
    close(weights(tmp_path / "two"), weights(tmp_path / "one"))


HANGING = """
import time
from kerasgan import cli
from kerasgan.training.interruption import Interruption
usual = Interruption.act
def act(self, step):
    if step == 3:
        time.sleep(10_000)
    usual(self, step)
Interruption.act = act
cli.app()
"""


@pytest.mark.slow
def test_a_machine_whose_step_does_not_end_ends_the_others_in_the_stated_time_and_is_named(recipe, tmp_path):
    folder, seconds = tmp_path / "run", 25
    with cluster(recipe, "-o", folder, second=("-c", HANGING), KERASGAN_WORKER_TIMEOUT=str(seconds)) as machines:
        wait_for(folder / "checkpoints" / "step-000002.keras", machines)
        output, _ = machines[0].communicate(timeout=seconds + 300)
    assert machines[0].returncode == 1 and re.search(rf"worker 1 \(.*waited for {seconds} seconds", output), output
    found = Checkpoint.newest(folder / "checkpoints")
    assert found.name == "step-000002.keras" and Checkpoint.damage(found) is None


@pytest.mark.slow
def test_machines_with_disks_of_their_own_are_told_and_do_not_resume(recipe, tmp_path):
    folders = tmp_path / "one/run", tmp_path / "two/run"
    with cluster(recipe, "--steps", 2, folders=folders) as machines:
        outputs = [machine.communicate(timeout=600)[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], outputs
    assert "not on a disk that all machines share: worker 1 (" in outputs[1] and not folders[1].exists()
    folders[1].mkdir(parents=True)
    shutil.copy(folders[0] / "recipe.toml", folders[1])
    shutil.copy(folders[0] / "run.json", folders[1])
    with cluster(recipe, "--steps", 4, "--resume", folders=folders) as machines:
        outputs = [machine.communicate(timeout=600)[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [1, 1], outputs
    assert "worker 1 (localhost" in outputs[1] and "with no checkpoint, the first machine with" in outputs[1]
    assert "on a disk that all machines share, to resume it" in outputs[0]


class Cluster:
    """What `tf.distribute.cluster_resolver` gives."""

    def __init__(self, ports, index):
        self.places, self.task_type, self.task_id = [f"localhost:{port}" for port in ports], "worker", index

    def cluster_spec(self):
        return self

    def as_dict(self):
        return {"worker": self.places}


def test_a_machine_that_does_not_come_is_named_and_one_that_comes_late_is_waited_for():
    ports = free_ports(3)
    with pytest.raises(distribution.MachineError, match=r"within 0.3 seconds\. Received: no answer from worker 1 \(lo"):
        distribution._meet(Cluster(ports[:2], 0), 0.3)
    met, failed = [], []

    def come(index, late):
        time.sleep(late)
        try:
            distribution._meet(Cluster(ports, index), 20)
            with socket.socket() as door:  # TensorFlow listens at the same place
                door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                door.bind(("", ports[index]))
                door.listen()
                met.append(index)
                while len(met) < 3:
                    time.sleep(0.01)
        except OSError as error:
            failed.append(error)

    several = [threading.Thread(target=come, args=(index, late)) for index, late in enumerate((0, 0.5, 1))]
    for each in several:
        each.start()
    for each in several:
        each.join(timeout=30)
    assert sorted(met) == [0, 1, 2] and not failed


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's errors")
@pytest.mark.parametrize(
    ("kind", "message", "named"),
    [
        (
            "UnavailableError",
            "Collective ops is aborted by: RecvBuf from /job:worker/replica:0/task:2: reset",
            "worker 2",
        ),
        ("InternalError", "unhealthy (stopped sending heartbeats): /job:worker/replica:0/task:1", "worker 1"),
        ("DeadlineExceededError", "Collective has timed out during execution", "worker 1 .*worker 2 .*of which one"),
        ("InternalError", "a kernel of its own has failed", None),
    ],
)
def test_errors_of_tensorflow_about_other_machines_name_them(monkeypatch, kind, message, named):
    """The messages are those of TensorFlow 2.21, shortened."""
    import tensorflow as tf

    monkeypatch.setattr(distribution, "_cluster", lambda: Cluster([1, 2, 3], 0))
    error = getattr(tf.errors, kind)(None, None, message)
    expected = type(error) if named is None else distribution.MachineError
    with pytest.raises(expected, match=named or "kernel"), distribution.naming_the_lost("Go on."):
        raise error


@pytest.mark.parametrize("given", ["0", "-1", "nan", "inf", "a", ""])
def test_a_time_to_wait_that_is_none_is_refused(monkeypatch, given):
    monkeypatch.setenv(distribution.TIMEOUT, given)
    with pytest.raises(ValueError, match="seconds in KERASGAN_WORKER_TIMEOUT"):
        distribution._timeout()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="of TensorFlow's devices")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distribute": "pigeons"}, "mirrored, workers. Received: distribute='pigeons'"),
        ({"devices": 99}, "Received: devices=99"),
        ({"distribute": "workers", "devices": 2}, "all their devices. Received: devices=2"),
        ({"distribute": "workers"}, "TF_CONFIG"),
    ],
)
def test_devices_that_are_not_there_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        distribution.scope(**options)
