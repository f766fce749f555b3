"""The saddle point drawn: which ways of training find the equilibrium of two games of two numbers, and on images.

    pip install matplotlib
    KERAS_BACKEND=jax python benchmarks/dynamics             # a minute; writes results/dynamics*.png and dynamics.md
    KERAS_BACKEND=jax python benchmarks/dynamics --images    # what works there, on Fashion-MNIST: minutes

The games are trained by `GAN.train_on_batch`: what is drawn is what the package does. Eigenvalues are derivatives of
such steps, beside closed forms. Rows of `--images` are kept in results/dynamics.json at once and not repeated.
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import fashion
import report
from measure import all_found

RESULTS = Path(__file__).parents[1] / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", action="store_true", help="train on Fashion-MNIST")
    parser.add_argument(
        "--data", type=Path, help="folder of Fashion-MNIST's files, if they are not found by themselves"
    )
    parser.add_argument("--only", default="", help="only the methods whose name contains this; games are not written")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1], help="of trainings [default: 0 and 1]")
    arguments = parser.parse_args()
    file = RESULTS / "dynamics.json"
    kept = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if arguments.images:
        for seed in arguments.seeds:  # outermost: an interrupted measurement has seen every method
            for name in fashion.METHODS:
                key = f"{name} | {seed}"
                if arguments.only in name and key not in kept.get("images", {}):
                    kept.setdefault("images", {})[key] = fashion.train(name, seed, arguments.data)
                    print(key, kept["images"][key], flush=True)
                    file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    else:
        rows = []
        for row in all_found(arguments.only):
            rows.append(row)
            print(report.line(row), flush=True)
        if arguments.only:
            return
        kept["games"] = report.games(rows)
        file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        report.draw(rows, RESULTS)
    (RESULTS / "dynamics.md").write_text(report.markdown(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
