"""Stores the weights of a finished run in a zoo entry: python benchmarks/bundle_weights.py ENTRY --run RUN

Weights are stored as float16, rounded to bfloat16 where the networks computed in it: such weights compress better. Then
measure what was stored: kerasgan evaluate ENTRY --output zoo/ENTRY
"""

import argparse
import hashlib
import tempfile
from pathlib import Path
from typing import Any

import h5py
import ml_dtypes
import numpy as np

from kerasgan import zoo
from kerasgan.files.toml import write_sections
from kerasgan.gan import class_names

PACKING: dict[str, Any] = {"compression": "gzip", "compression_opts": 9, "shuffle": True}
SMALL = 1000  # numbers; of an array with no more than these compression saves less than it costs


def store_halved(source: Path, target: Path, *, coarse: bool = False) -> str:
    """Copies a .weights.h5 with float32 as float16, if `coarse` rounded to bfloat16; returns the copy's sha256.

    Groups and chunks are those of HDF5 1.10, which take less of a small network's file than older ones. Arrays are
    compressed, which changes no value: of 39 files 13 % were saved.
    """
    with h5py.File(source) as file, h5py.File(target, "w", libver=("v110", "v110")) as halved:

        def copy(name: str, item: Any) -> None:
            if isinstance(item, h5py.Group):
                halved.require_group(name).attrs.update(item.attrs)
                return
            values = item[()]
            if values.dtype == np.float32:
                values = (values.astype(ml_dtypes.bfloat16) if coarse else values).astype("f2")
            packing = PACKING | {"chunks": values.shape} if values.size > SMALL else {}
            dataset = halved.create_dataset(name, data=values, **packing)
            dataset.attrs.update(item.attrs)

        file.visititems(copy)
    return hashlib.sha256(target.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("entry")
    parser.add_argument("--run", type=Path, required=True, help="the run folder")
    parser.add_argument("--discriminator", action="store_true", help="store this network too, if it is needed")
    parser.add_argument("--license", default="Apache-2.0", help="of the weights, which the images' license may require")
    arguments = parser.parse_args()
    entry, name = zoo.recipe(arguments.entry), "generator.weights.h5"
    gan = zoo.load(arguments.run / "recipe.toml", weights=arguments.run / "gan.keras")
    coarse = gan.dtype_policy.compute_dtype == "bfloat16"
    weights = {"file": name, "sha256": store_halved(arguments.run / name, entry.folder / name, coarse=coarse)}
    if arguments.discriminator:
        name = "discriminator.weights.h5"
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder, name)
            gan.discriminator.save_weights(whole)
            weights |= {
                "discriminator": name,
                "discriminator_sha256": store_halved(whole, entry.folder / name, coarse=coarse),
            }
    class_names.adopt(gan, zoo.source(entry))
    weights |= {"class_names": list(gan.class_names)} if gan.class_names else {}
    write_sections(entry.path, {"weights": {**weights, "license": arguments.license}})


if __name__ == "__main__":
    main()
