"""Gradients on TensorFlow; what the functions mean is said in `kerasgan.gradients`."""

import contextlib
import functools

import keras
from keras import ops

from kerasgan.distribution import replicas, workers
from kerasgan.gradients.normalization import by_tensorflow, fused_batch_normalization
from kerasgan.keras_internals import adam_moments


def trainer_step(step):
    """For a trainer that takes the mean over machines along an axis, which scalars lack.

    The step waits for its data: where they have come to an end, which nobody may have known before, TensorFlow else
    runs what needs none of them, and counts a step that was none.
    """

    @functools.wraps(step)
    def step_of_a_machine(self, data):
        import tensorflow as tf

        ready = tf.control_dependencies([part for part in tf.nest.flatten(data) if tf.is_tensor(part)])
        with ready, fused_batch_normalization(by_tensorflow):
            logs = step(self, data)
        return logs if workers() == 1 else {name: ops.expand_dims(value, 0) for name, value in logs.items()}

    return step_of_a_machine


def safely_compiled(train):
    """Without TensorFlow's memory optimizer, which breaks branches of large graphs.

    It makes a temporary variable of a sum of several tensors once it expects a step to need more than 200 MiB. The
    variable is made whether or not the sum's branch is taken, and deleted only if it is: the second step fails with
    "AlreadyExists" (tensorflow 2.21). TensorFlow has no public option against it.
    """

    @functools.wraps(train)
    def call(*arguments):
        from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2
        from tensorflow.python.eager import context

        options = context.context().function_call_options
        own = config_pb2.ConfigProto.FromString(options.config_proto_serialized)
        without = config_pb2.ConfigProto()
        without.CopyFrom(own)
        without.graph_options.rewrite_options.memory_optimization = rewriter_config_pb2.RewriterConfig.NO_MEM_OPT
        options.config_proto_serialized = without
        try:
            return train(*arguments)
        finally:
            options.config_proto_serialized = own

    return call


def fitting(trainer):
    return contextlib.nullcontext()


def recording(variables):
    import tensorflow as tf

    # Watching one network's weights alone halves the time: a default tape also records the other network's.
    tape = tf.GradientTape(watch_accessed_variables=False)
    with tape:
        tape.watch(_values(variables))
    return tape


def _values(variables):
    import tensorflow as tf

    values = [variable.value for variable in variables]
    if tf.distribute.in_cross_replica_context():  # outside of a step what several devices mirror is read from the first
        return [tf.distribute.get_strategy().experimental_local_results(value)[0] for value in values]
    return values


def gradients(loss_fn, variables, scale, record):
    import tensorflow as tf

    tape = record or recording(variables)
    with tape:  # goes on
        loss = loss_fn()
        scaled = scale(loss) / replicas()
    unused = tf.UnconnectedGradients.ZERO
    grads = tape.gradient(scaled, _values(variables), unconnected_gradients=unused)
    return loss, [tf.convert_to_tensor(grad) for grad in grads]  # an embedding's are sparse, and cannot be added


def apply(optimizer, grads, variables):
    _fused(optimizer).apply(grads, variables)


def _fused(optimizer):
    """The optimizer, or of Keras' Adam a stand-in that does the same in fewer operations; it stays what it is."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return _sharing(FusedLossScaling, optimizer)
    if type(optimizer).update_step is keras.optimizers.Adam.update_step and not optimizer.amsgrad:
        return _sharing(FusedAdam, optimizer)
    return optimizer


def _sharing(mixin, optimizer):
    """An object of the optimizer's class below `mixin`, which has all its attributes in common with it."""
    shared = object.__new__(_below(mixin, type(optimizer)))
    object.__setattr__(shared, "__dict__", optimizer.__dict__)
    return shared


@functools.cache
def _below(mixin, optimizer_class):
    return type(mixin.__name__, (mixin, optimizer_class), {})


class FusedLossScaling:
    """Beside `LossScaleOptimizer`: hands the gradients to the stand-in of the optimizer inside."""

    @property
    def inner_optimizer(self):
        return _fused(self.__dict__["inner_optimizer"])


class FusedAdam:
    """Beside `Adam`: its update as the one operation that TensorFlow has for it: as fifteen, each passes over all."""

    def update_step(self, gradient, variable, learning_rate):
        import tensorflow as tf

        m, v = adam_moments(self, variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        rate, *decays = (tf.cast(each, variable.dtype) for each in (learning_rate, self.beta_1, self.beta_2))
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=m.value.handle,
            v=v.value.handle,
            beta1_power=tf.pow(decays[0], step),
            beta2_power=tf.pow(decays[1], step),
            lr=rate,
            beta1=decays[0],
            beta2=decays[1],
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
        )


def input_gradients(fn, inputs):
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        outputs = fn(inputs)
    return tape.gradient(outputs, inputs)


def conditional(predicate, fn, otherwise):
    if replicas() == 1:
        return ops.cond(predicate, fn, otherwise)
    import tensorflow as tf

    # No optimizer runs inside a branch of one replica, but a branch may run something on all of them.
    def both(strategy, predicate, fn, otherwise, keep):
        local = strategy.experimental_local_results
        first, *_ = local(predicate)

        def on_all(own):
            values = strategy.run(lambda own: own(), args=(own,))
            several = [local(value) for value in tf.nest.flatten(values)]  # of each a tensor per replica
            return [tf.nest.pack_sequence_as(values, one) for one in zip(*several)]

        for keep_own, own in zip(local(keep), tf.cond(first, lambda: on_all(fn), lambda: on_all(otherwise))):
            keep_own(own)

    kept: list = []
    tf.distribute.get_replica_context().merge_call(both, args=(predicate, fn, otherwise, kept.append))
    return tf.nest.map_structure(tf.identity, kept[0])  # a branch's outputs are on no device, and cannot be reduced
