"""Training on several devices and machines: each gets a share of the batch, all have the same weights.

    with kerasgan.distribution.scope(devices=4):        # of this machine; or distribute="workers"
        gan = kerasgan.models.StyleGAN2()
        gan.compile()
    gan.fit(images, batch_size=256)                     # 64 on each

On TensorFlow it uses `tf.distribute`, whose own strategies' scopes work as well, on JAX `keras.distribution`.

- The batch size is the total, and latents are drawn for the whole batch: the result equals that of one device, except
  for rounding and for layers that combine the images of a batch. A batch that does not divide by the number of devices
  is filled up with its own first images.
- On TensorFlow such layers (batch normalization, minibatch standard deviation) use the device's share of the batch.
  Each device has its own moving statistics, of which the first device's are saved. Dropout, noise and augmentation draw
  the same numbers on each device.
- On JAX they use the whole batch.

Several machines run the same program each: a cluster describes the machines in TF_CONFIG, as Kubernetes does, or in
Slurm's variables, for TensorFlow and JAX alike. When one of them receives SIGTERM, `kerasgan train` saves on all, after
the same step. One that dies or stops ends the training of all others within a minute (JAX: two), one that does not
come, or whose step does not end, in ten minutes or KERASGAN_WORKER_TIMEOUT seconds: with an error that names it, and
the last checkpoint to resume from.
"""

import contextlib
import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasgan.files.network import answers

__all__ = [
    "KINDS",
    "MachineError",
    "active",
    "anywhere",
    "devices",
    "local_value",
    "name",
    "naming_the_lost",
    "of_first",
    "own_rows",
    "own_share",
    "replicas",
    "scope",
    "worker",
    "workers",
]

KINDS = ("mirrored", "workers")
TIMEOUT = "KERASGAN_WORKER_TIMEOUT"  # seconds for which a machine waits for another one, to begin or in a step
NOT_DESCRIBED = "Expected the environment to name the workers, in TF_CONFIG or as Slurm does. Received: none"
# How TensorFlow and JAX word it, in errors of several classes, that another machine has gone.
GONE = re.compile(
    r"[Cc]ollective|coordination service|heartbeat|/task:\d|failed to connect|Socket closed|[Gg]loo|closed by peer",
    re.ASCII,
)
TASK = re.compile(r"/job:(\w+)/(?:replica:\d+/)?task:(\d+)", re.ASCII)


class MachineError(RuntimeError):
    """Another machine that trains with this one died, stopped, or did not come; the message names it."""


def scope(distribute: str | None = None, *, devices: int | None = None) -> contextlib.AbstractContextManager[Any]:
    """A context in which a model is built, compiled or loaded that several devices are to train; made at once.

    Args:
        distribute: "mirrored" for the devices of this machine, "workers" for those of several, which must be requested
            before TensorFlow or JAX does anything else; None for one device, or "mirrored" if `devices` are given.
        devices: of this machine: GPUs where there are any, else CPUs; all if not given.

    Raises:
        ValueError: for another kind, more devices than there are, or workers without a description of the cluster.
        NotImplementedError: on a backend that has no such thing.
    """
    if distribute is None and devices is None:
        return contextlib.nullcontext()
    if distribute not in (None, *KINDS):
        raise ValueError(f"Expected distribute to be one of {', '.join(KINDS)}. Received: distribute={distribute!r}")
    backend = keras.backend.backend()
    if backend not in ("jax", "tensorflow"):
        raise NotImplementedError(f"Expected TensorFlow or JAX. Received: distribute={distribute!r} on {backend}")
    if distribute != "workers":
        return _on_jax(devices) if backend == "jax" else _mirrored(devices)
    if devices is not None:
        raise ValueError(f"Expected workers with all their devices. Received: devices={devices}")
    return _workers_on_jax() if backend == "jax" else _workers()


def active() -> bool:
    """Whether models that are made now are for several devices."""
    if keras.backend.backend() != "tensorflow":
        return keras.distribution.distribution() is not None
    import tensorflow as tf

    return tf.distribute.has_strategy()


def replicas() -> int:
    """The number of devices that run the current step, each with its share of the batch; 1 on JAX, which hides them."""
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return 1 if tf.distribute.in_cross_replica_context() else tf.distribute.get_strategy().num_replicas_in_sync


def devices(trainer: keras.Model) -> int:
    """The number of devices that share each batch of a model's `fit`."""
    if keras.backend.backend() == "tensorflow":
        return trainer.distribute_strategy.num_replicas_in_sync
    chosen = keras.distribution.distribution()
    return chosen.device_mesh.shape[0] if isinstance(chosen, keras.distribution.DataParallel) else 1


def own_rows(trainer: keras.Model) -> Callable[[int], np.ndarray | None]:
    """A function from the size of a batch to the places in it that this machine's devices see; None if all or unknown.

    TensorFlow gives each device in turn a part of the batch, JAX each machine.
    """
    several, shared, own = workers(), devices(trainer), worker()
    unknown = several == 1 or (keras.backend.backend() == "tensorflow" and shared != several)

    def rows(count: int) -> np.ndarray | None:
        part = count // several
        return None if unknown or count % shared else np.arange(own * part, (own + 1) * part)

    return rows


def own_share(draw: Callable[[Any], Any], count: Any) -> Any:
    """`draw(count)`, or of several replicas this one's part of a draw for all: their seeds, and draws, are the same."""
    if replicas() == 1:
        return draw(count)
    import tensorflow as tf

    place = tf.distribute.get_replica_context().replica_id_in_sync_group
    return draw(replicas() * count)[place * count : (place + 1) * count]


def workers() -> int:
    """How many machines train together."""
    cluster = _cluster()
    return 1 if cluster is None else sum(len(tasks) for tasks in cluster.cluster_spec().as_dict().values())


def worker() -> int:
    """Which of them this one is: 0 writes what is to be kept."""
    cluster = _cluster()
    return 0 if cluster is None else _place(cluster)


def _place(cluster: Any) -> int:
    jobs = cluster.cluster_spec().as_dict()
    before = sum(len(jobs[job]) for job in sorted(jobs) if job < cluster.task_type)  # "chief" comes before "worker"
    return before + cluster.task_id


def machines() -> list[str]:
    """Names and addresses of those that train together, such as worker 1 (10.0.0.2:12345), the first one first."""
    cluster = _cluster()
    return [] if cluster is None else [f"{name} ({address})" for name, address in _addresses(cluster).items()]


def _addresses(cluster: Any) -> dict[str, str]:
    jobs = cluster.cluster_spec().as_dict()
    return {f"{job} {place}": address for job in sorted(jobs) for place, address in enumerate(jobs[job])}


def name() -> str:
    """This machine's name among them."""
    return machines()[worker()] if workers() > 1 else "this machine"


def anywhere(fact: bool) -> bool:
    """Whether something is so on any of the machines, all of which must ask, at the same step."""
    if workers() == 1:
        return fact
    if keras.backend.backend() == "jax":
        return any(_gathered(float(fact)))
    import tensorflow as tf

    strategy = _strategy()
    own = strategy.experimental_distribute_values_from_function(lambda _: tf.constant(float(fact)))
    return bool(strategy.reduce(tf.distribute.ReduceOp.SUM, own, axis=None) > 0)


def of_first(value: float) -> float:
    """The first machine's value, on all of them; all must ask, at the same step."""
    if workers() == 1:
        return value
    if keras.backend.backend() == "jax":
        return _gathered(value)[0]
    import tensorflow as tf

    strategy, own = _strategy(), value if worker() == 0 else 0.0
    parts = strategy.experimental_distribute_values_from_function(lambda _: tf.constant(own, tf.float64))
    # Each of a machine's devices brings the same value.
    return (
        float(strategy.reduce(tf.distribute.ReduceOp.SUM, parts, axis=None)) * workers() / strategy.num_replicas_in_sync
    )


def local_value(variable: keras.Variable) -> float:
    """A metric's sum over this machine's share; asking for that over all machines takes all of them at once."""
    if workers() == 1 or keras.backend.backend() == "jax":  # which has one value for all
        return float(keras.ops.convert_to_numpy(variable))
    return sum(float(part.numpy()) for part in _strategy().experimental_local_results(variable.value))


def _gathered(value: float) -> list[float]:
    """What each machine brings, on JAX; as bytes, since JAX would round to 32 bits."""
    from jax.experimental import multihost_utils

    own = np.frombuffer(np.float64(value).tobytes(), np.uint8)
    return [
        float(np.frombuffer(bytes(each), np.float64)[0]) for each in np.asarray(multihost_utils.process_allgather(own))
    ]


def _mirrored(devices: int | None) -> contextlib.AbstractContextManager[Any]:
    import tensorflow as tf

    known = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy(_chosen([device.name for device in known], devices)).scope()


def _workers() -> contextlib.AbstractContextManager[Any]:
    import tensorflow as tf

    resolvers = tf.distribute.cluster_resolver
    if "TF_CONFIG" not in os.environ and "SLURM_PROCID" not in os.environ:
        raise ValueError(NOT_DESCRIBED)
    cluster = resolvers.TFConfigClusterResolver() if "TF_CONFIG" in os.environ else resolvers.SlurmClusterResolver()
    seconds = _timeout()
    options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=seconds)
    _meet(cluster, seconds)
    return tf.distribute.MultiWorkerMirroredStrategy(cluster, communication_options=options).scope()


class _Cluster(NamedTuple):  # for JAX, what TensorFlow's resolvers tell
    jobs: dict[str, list[str]]
    task_type: str
    task_id: int

    def cluster_spec(self) -> "_Cluster":
        return self

    def as_dict(self) -> dict[str, list[str]]:
        return self.jobs


_met: list[_Cluster] = []  # JAX meets the other processes once


def _workers_on_jax() -> contextlib.AbstractContextManager[Any]:
    import jax

    described = os.environ.get("TF_CONFIG")
    if described is None and "SLURM_PROCID" not in os.environ:
        raise ValueError(NOT_DESCRIBED)
    if not _met:
        own = None if described is None else _described(described)
        several = [] if own is None else [*_addresses(own).values()]
        first, count, place = (several[0], len(several), _place(own)) if several else (None,) * 3
        try:
            jax.distributed.initialize(first, count, place, initialization_timeout=max(1, round(_timeout())))
        except RuntimeError as error:
            expected = f"Expected {', '.join(several) or 'all machines'} within {_timeout():g} seconds"
            raise MachineError(f"{expected}. Received: {error}") from error
        names = [f"process {place}" for place in range(jax.process_count())]
        _met.append(own or _Cluster({"worker": names}, "worker", jax.process_index()))
    return _on_jax(None)


def _described(text: str) -> _Cluster:
    """The machines of TF_CONFIG, read without TensorFlow."""
    try:
        found = json.loads(text)
        jobs = {str(job): [str(each) for each in several] for job, several in found["cluster"].items()}
        cluster = _Cluster(jobs, str(found["task"]["type"]), int(found["task"]["index"]))
        range(len(cluster.jobs[cluster.task_type])).index(cluster.task_id)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        expected = (
            'Expected TF_CONFIG such as {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}'
        )
        raise ValueError(f"{expected}. Received: {text[:200]!r}") from error
    return cluster


def _timeout() -> float:
    given = os.environ.get(TIMEOUT, "600")
    with contextlib.suppress(ValueError):
        if 0 < float(given) < float("inf"):
            return float(given)
    raise ValueError(f"Expected a positive number of seconds in {TIMEOUT}. Received: {given!r}")


def _meet(cluster: Any, seconds: float) -> None:
    """Waits until each of the machines answers; TensorFlow would wait for an hour, deaf to Ctrl-C.

    Raises:
        MachineError: that names those who do not in time.
    """
    everyone, end = _addresses(cluster), time.monotonic() + seconds
    own = everyone.pop(f"{cluster.task_type} {cluster.task_id}", "")
    with contextlib.ExitStack() as stack:
        if own:  # until TensorFlow listens there, so that the others see that this one has come
            door = stack.enter_context(socket.socket())
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError, ValueError):  # TensorFlow says it if the port is taken
                door.bind(("", int(own.rpartition(":")[2])))
                door.listen()
        while everyone := {name: address for name, address in everyone.items() if not answers(address)}:
            if time.monotonic() > end:
                silent = ", ".join(f"{name} ({address})" for name, address in everyone.items())
                expected = f"Expected all machines within {seconds:g} seconds"
                raise MachineError(f"{expected}. Received: no answer from {silent}")
            time.sleep(0.2)


@contextlib.contextmanager
def naming_the_lost(advice: str = "") -> Iterator[None]:
    """Within, TensorFlow's errors about another machine that has gone name it.

    Args:
        advice: a sentence for the end of the message.

    Raises:
        MachineError: in their place.
    """
    try:
        yield
    except MachineError as error:
        raise MachineError(f"{error}. {advice}".removesuffix(". ")) from error
    except Exception as error:
        if workers() == 1 or not _is_about_others(error):
            raise
        others = [each for place, each in enumerate(machines()) if place != worker()]
        named = {f"{job} {place} " for job, place in TASK.findall(str(error))}
        gone = [each for each in others if any(each.startswith(start) for start in named)]
        if len(gone or others) == 1:
            received = f"{(gone or others)[0]}, which died, stopped, or waited for {_timeout():g} seconds"
        else:
            received = f"{', '.join(gone or others)}, of which one died, stopped, or waited for {_timeout():g} seconds"
        message = f"Expected all machines to go on. Received: {received}. {advice}".removesuffix(". ")
        raise MachineError(message) from error


def _is_about_others(error: Exception) -> bool:
    if keras.backend.backend() == "jax":
        return type(error).__name__ == "JaxRuntimeError" and GONE.search(str(error)) is not None
    import tensorflow as tf

    kinds = ("AbortedError", "CancelledError", "DeadlineExceededError", "InternalError", "UnavailableError")
    several = tuple(getattr(tf.errors, kind) for kind in kinds)
    return isinstance(error, several) and GONE.search(str(error)) is not None


@contextlib.contextmanager
def _on_jax(devices: int | None) -> Iterator[None]:
    before = keras.distribution.distribution()
    chosen = _chosen(keras.distribution.list_devices(), devices)
    own_parts = {"auto_shard_dataset": False}  # `shared_batches` gives each machine its part
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=chosen, **own_parts))
    try:
        yield
    finally:
        keras.distribution.set_distribution(before)


def _chosen(known: list[str], devices: int | None) -> list[str]:
    if devices is not None and not 1 <= devices <= len(known):
        raise ValueError(f"Expected from 1 to {len(known)} devices: {', '.join(known)}. Received: devices={devices}")
    return known[:devices]


def _strategy() -> Any:
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    return tf.distribute.get_strategy()


def _cluster() -> Any:
    if keras.backend.backend() == "jax":
        return _met[0] if _met and keras.distribution.distribution() is not None else None
    strategy = _strategy()
    cluster = getattr(strategy, "cluster_resolver", None)
    return cluster if cluster is not None and cluster.cluster_spec().as_dict() else None
