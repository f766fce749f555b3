"""Measures the entries trained on the embedded digits and writes their [results], card.md and samples.png.

    python benchmarks/score_digits.py                                        # measure all of them again
    python benchmarks/score_digits.py dcgan-digits --run runs/dcgan-digits   # first put a run's weights in the box

Weights are stored as float16 and scored as they are loaded, after the rounding. Nothing in the files it writes is
typed by hand.
"""

import argparse
import hashlib
import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from kerasgan import GAN, data, pictures, zoo
from kerasgan.metrics.digits import digit_scores, halves_distance

SEEDS = (0, 1, 2)
SAMPLES = 1797  # as many as there are real digits: the Fréchet distance depends on the number


def put_in_the_box(entry: zoo.Recipe, run: Path, *, discriminator: bool = False) -> None:
    """Copies a run's generator weights as float16 into the entry and records their hash; the discriminator's on demand.

    They come from the run's gan.keras and are stored for families whose scores need them.
    """
    path = entry.folder / "generator.weights.h5"
    in_half_precision(run / path.name, path)
    weights = {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    if discriminator:
        path = entry.folder / "discriminator.weights.h5"
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder, path.name)
            zoo.load(run / "recipe.toml", weights=run / "gan.keras").discriminator.save_weights(whole)
            in_half_precision(whole, path)
        weights |= {"discriminator": path.name, "discriminator_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    write_sections(entry, {"weights": {**weights, "licence": "Apache-2.0"}})


def in_half_precision(original: Path, path: Path) -> None:
    with h5py.File(original) as source, h5py.File(path, "w") as target:

        def copy(name: str, item: Any) -> None:
            if isinstance(item, h5py.Group):
                target.require_group(name).attrs.update(item.attrs)
                return
            half = item.dtype == np.float32
            dataset = target.create_dataset(name, data=item[()].astype(np.float16) if half else item[()])
            dataset.attrs.update(item.attrs)

        source.visititems(copy)


def measure(name: str) -> tuple[dict[str, Any], np.ndarray]:
    """The entry's scores, each a mean over the seeds, and images for its picture."""
    gan = zoo.load(name)
    scores = []
    for seed in SEEDS:
        labels = np.arange(SAMPLES) % gan.num_classes if gan.num_classes else None
        scores.append(digit_scores(gan.generate(SAMPLES, labels=labels, seed=seed), labels))
    distances = [score["frechet_distance"] for score in scores]
    shares = np.array([score["class_shares"] for score in scores])
    results = {
        "frechet_distance": round(float(np.mean(distances)), 4),
        "frechet_distance_seeds": [round(distance, 4) for distance in distances],
        "frechet_distance_real_halves": round(float(np.mean([halves_distance(seed=seed) for seed in SEEDS])), 4),
        "class_shares": [round(float(share), 4) for share in shares.mean(axis=0)],
    }
    if gan.num_classes:
        results["label_accuracy"] = round(float(np.mean([score["label_accuracy"] for score in scores])), 4)
    held_out = "test" if zoo.recipe(name).data.get("split") == "train" else "all"
    reals = data.digits(image_size=gan.image_shape[0], split=held_out)
    own = gan.family_scores(reals.images().astype("float32") / 127.5 - 1.0, np.asarray(reals.labels))
    results |= {name: round(score, 4) for name, score in own.items()}
    results |= {
        "samples": SAMPLES,
        "seeds": list(SEEDS),
        "data": "digits, all 1,797",
        "generator_parameters": gan.generator.count_params(),
    }
    if type(gan).sheet is not GAN.sheet:
        images, columns = gan.sheet()
        return results, pictures.grid(images, columns=columns)
    labels, columns = pictures.class_labels(None, gan.num_classes)
    count = 64 if labels is None else len(labels)
    return results, pictures.grid(gan.generate(count, labels=labels, seed=0), columns=columns or 16)


def write_sections(entry: zoo.Recipe, sections: dict[str, dict[str, Any]]) -> None:
    """Replaces whole sections at the end of a recipe.toml; its other lines and comments stay as they are."""
    blocks = entry.path.read_text(encoding="utf-8").split("\n[")
    kept = [block for block in blocks if not any(block.startswith(f"{section}]") for section in sections)]
    text = "\n[".join(kept).rstrip() + "\n"
    for section, values in sections.items():
        lines = [f"{key} = {toml(value)}" for key, value in values.items()]
        text += f"\n[{section}]\n" + "\n".join(lines) + "\n"
    entry.path.write_text(text, encoding="utf-8")


def toml(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def card(entry: zoo.Recipe, results: dict[str, Any]) -> str:
    shares = results["class_shares"]
    rows = [
        ("Fréchet distance, 64 pixels", results["frechet_distance"]),
        ("the same between two halves of the real digits", results["frechet_distance_real_halves"]),
        ("rarest and most frequent digit", f"{min(shares):.1%} and {max(shares):.1%}"),
    ]
    if "label_accuracy" in results:
        rows.append(("samples that show the digit asked for", f"{results['label_accuracy']:.1%}"))
    if "code_error" in results:
        rows.append(("real digits whose category is another digit's", f"{results['code_error']:.1%}"))
    if "classification_error" in results:
        rows.append(
            ("error of the discriminator as a classifier, test split", f"{results['classification_error']:.1%}")
        )
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    trained = "the first two thirds of which" if entry.data.get("split") == "train" else "which"
    return f"""# {entry.name}

![samples](samples.png)

A {entry.family} of {results["generator_parameters"]:,} parameters (generator) for handwritten digits, trained by

    {entry.command}

{entry.summary.strip()}

| score | |
|---|---|
{table}

Means over the seeds {", ".join(map(str, results["seeds"]))}, {results["samples"]:,} samples each, of the weights as
they are stored (float16). Samples are brought to 8x8 pixels with antialiasing and compared in [-1, 1] with all 1,797
real digits, {trained} the model was trained on; digits are told apart by a 3-nearest-neighbour classifier
on the real ones. Measured and written by `python benchmarks/score_digits.py {entry.name}`.

Data: Optical Recognition of Handwritten Digits (UCI, test part; E. Alpaydin and C. Kaynak), as embedded in
scikit-learn, 8x8 pixels resized to 32x32. Weights: Apache-2.0. A small model for trying things out: it knows nothing
but these digits, and its training set is too small to say anything about generalisation.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="entries; all that are trained on the digits if none is named")
    parser.add_argument("--run", type=Path, help="a run folder whose weights to put in the box first")
    parser.add_argument("--discriminator", action="store_true", help="put the run's discriminator in the box, too")
    arguments = parser.parse_args()
    everyone = [name for name in zoo.names(pretrained=True) if zoo.recipe(name).data["source"] == "digits"]
    for name in arguments.names or everyone:
        if arguments.run:
            put_in_the_box(zoo.recipe(name), arguments.run, discriminator=arguments.discriminator)
        results, picture = measure(name)
        entry = zoo.recipe(name)
        write_sections(entry, {"results": results})
        (entry.folder / "card.md").write_text(card(entry, results), encoding="utf-8")
        picture.save(entry.folder / "samples.png", optimize=True)
        print(name, results)


if __name__ == "__main__":
    main()
