"""Diagnosis of an adversarial training: afterwards from a log, or while it runs.

    diagnosis = kerasgan.doctor.diagnose("log.csv")     # step, discriminator_loss, generator_loss are enough
    print(diagnosis)                                    # verdict, evidence, one suggestion
    gan.fit(images, callbacks=[kerasgan.doctor.Doctor(images, on_trouble="rollback")])

The callback collects signals and applies the same rules. Diagnosing a log does not import Keras.
"""

from typing import TYPE_CHECKING, Any

from kerasgan.doctor.diagnosis import Diagnosis, diagnose, diagnose_file
from kerasgan.doctor.rules import VERDICTS
from kerasgan.scalars import guard

if TYPE_CHECKING:
    from kerasgan.doctor.callback import Doctor, DoctorWarning

__all__ = ["VERDICTS", "Diagnosis", "Doctor", "DoctorWarning", "diagnose", "diagnose_file"]


def __getattr__(name: str) -> Any:
    if name in ("Doctor", "DoctorWarning"):
        from kerasgan.doctor import callback

        return getattr(callback, name)
    raise AttributeError(f"module 'kerasgan.doctor' has no attribute {name!r}")


guard(globals(), __all__)
