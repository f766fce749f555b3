"""Fashion-MNIST by the zoo's families: trains the entries, and writes one table of those that were trained.

    python benchmarks/fashion.py --train dcgan gan     # trains, or resumes, in runs/ENTRY; of the names below
    python benchmarks/fashion.py                       # measures what lies in runs; the other rows stay

Core-minutes are processor time of the training command, on all its threads, start-up and compilation included. Scores
are of 10,000 samples against the 10,000 test images, in the features of the bundled classifier; the label accuracy is
that of the entries' cards. Entries that did not convince are measured from their runs and not bundled. The Parzen
window follows Goodfellow et al. (1406.2661, section 5): 10,000 samples, the bandwidth chosen on images of the training
set (which the generators have seen), the log-likelihood of the test images in nats, pixels in [0, 1].
"""

import argparse
import textwrap
from collections.abc import Callable
from pathlib import Path

import experiments
import numpy as np

import kerasgan
from kerasgan import data, zoo
from kerasgan.metrics import frechet_distance, parzen_log_likelihood, precision_recall
from kerasgan.metrics.classifiers import classifier_features

RESULTS = Path(__file__).parent / "results" / "fashion.md"
FAMILIES = [
    "gan",
    "cgan",
    "dcgan",
    "conditional-dcgan",
    "lapgan",
    "gran",
    "infogan",
    "acgan",
    "wgan-gp",
    "sngan",
    "ssgan",
    "began",
    "bigan",
]
SAMPLES, VALIDATION, COMPONENTS, CENTERS = 10_000, 1000, 100, 1000


def entry(name: str) -> str:
    return f"{name}-fashion-mnist"


def unit(images: np.ndarray) -> np.ndarray:
    """Images, uint8 or in [-1, 1], as rows (count, pixels) in [0, 1]."""
    flat = images.reshape(len(images), -1).astype("float32")
    return flat / 255 if images.dtype == np.uint8 else (flat + 1) / 2


def mixture(training: np.ndarray) -> np.ndarray:
    """Samples of a Gaussian mixture with diagonal covariances, fitted to the pixels in [0, 1]."""
    from sklearn.mixture import GaussianMixture

    fitted = GaussianMixture(COMPONENTS, covariance_type="diag", max_iter=20, reg_covar=1e-4, random_state=0)
    return np.clip(fitted.fit(training).sample(SAMPLES)[0], 0, 1)


def principal_components(training: np.ndarray) -> np.ndarray:
    """Samples of a Gaussian in the space of the first 100 principal components of the pixels in [0, 1]."""
    from sklearn.decomposition import PCA

    fitted = PCA(COMPONENTS, random_state=0).fit(training)
    drawn = np.random.default_rng(0).standard_normal((SAMPLES, COMPONENTS)) * np.sqrt(fitted.explained_variance_)
    return np.clip(fitted.inverse_transform(drawn), 0, 1)


def centers(training: np.ndarray) -> np.ndarray:
    """Centers of k-means: blurred averages, of which the Parzen window thinks highly (1511.01844)."""
    from sklearn.cluster import MiniBatchKMeans

    fitted = MiniBatchKMeans(CENTERS, batch_size=4096, n_init=1, max_iter=20, random_state=0)
    return fitted.fit(training).cluster_centers_


BASELINES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "training images": lambda training: training[:SAMPLES],
    f"Gaussian mixture of {COMPONENTS}": mixture,
    f"Gaussian of {COMPONENTS} principal components": principal_components,
    f"{CENTERS:,} centers of k-means": centers,
}


class Judge:
    """Scores of samples against the test images; the bandwidth is chosen on training images that no row holds."""

    def __init__(self) -> None:
        parts = {split: data.fashion_mnist(split=split, shuffle=False).images() for split in ("train", "test")}
        self.training, self.validation = unit(parts["train"][:-VALIDATION]), unit(parts["train"][-VALIDATION:])
        self.test = unit(parts["test"])
        self.extract = classifier_features("fashion")
        self.features = self.extract(parts["test"])

    def likelihood(self, rows: np.ndarray) -> str:
        found = parzen_log_likelihood(rows, self.test, validation=self.validation)
        return f"{found.mean:.0f} ± {found.standard_error:.1f}"

    def scores(self, images: np.ndarray) -> list[str]:
        """Frechet distance, precision and recall of images in [-1, 1]."""
        features = self.extract(images)
        precision, recall = precision_recall(self.features, features)
        return [f"{frechet_distance(features, self.features):.3f}", f"{precision:.2f}", f"{recall:.2f}"]

    def baseline(self, name: str) -> list[str]:
        rows = BASELINES[name](self.training)
        images = (rows * 2 - 1).astype("float32").reshape(-1, 28, 28, 1)
        return [name, *self.scores(images), "", self.likelihood(rows), ""]

    def trained(self, name: str, runs: Path) -> list[str]:
        recipe, run = zoo.recipe(entry(name)), runs / entry(name)
        samples = kerasgan.load(recipe.name if recipe.weights else run).generate(SAMPLES, seed=0)
        minutes, accuracy = experiments.core_minutes(run), (recipe.results or {}).get("label_accuracy")
        return [
            f"`{recipe.name}`" + ("" if recipe.weights else ", not bundled"),
            *self.scores(samples),
            "" if accuracy is None else f"{accuracy:.1%}",
            self.likelihood(unit(samples)),
            "" if minutes is None else f"{minutes:.0f}",
        ]


def recorded() -> dict[str, list[str]]:
    """The rows of the table as it is, by what their first cell names."""
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.is_file() else []
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {row[0].partition(",")[0].strip("`"): row for row in rows if row[0].startswith("`")} | {
        row[0]: row for row in rows if row[0] in BASELINES
    }


def report(runs: Path) -> str:
    judge, kept = Judge(), recorded()
    columns = ["", "Fréchet distance", "precision", "recall", "label accuracy", "Parzen, nats", "core-minutes"]
    rows = [columns, ["---"] * len(columns), *(kept.get(name) or judge.baseline(name) for name in BASELINES)]
    for name in FAMILIES:  # the time is written when a training has come to its end
        finished = experiments.core_minutes(runs / entry(name)) is not None
        if finished or (zoo.recipe(entry(name)).weights and entry(name) not in kept):
            rows.append(judge.trained(name, runs))
        elif entry(name) in kept:
            rows.append(kept[entry(name)])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    introduction = f"Written by `python benchmarks/fashion.py`. {__doc__.rpartition(chr(10) * 2)[2]}"
    introduction = textwrap.fill(introduction, 120)
    return f"# Fashion-MNIST\n\n{introduction}\n\n<!-- table -->\n\n{table}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--train", nargs="+", choices=FAMILIES, default=[])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    arguments = parser.parse_args()
    for name in arguments.train:
        experiments.train(entry(name), arguments.runs / entry(name), "--doctor", "off")
    if not arguments.train:
        RESULTS.write_text(text := report(arguments.runs), encoding="utf-8")
        print(text)


if __name__ == "__main__":
    main()
