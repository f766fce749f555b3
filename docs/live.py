"""Writes the gallery's live pages: python docs/live.py [ENTRY ...]

A page of `kerasgan.export.web` for each entry with bundled weights, as docs/_live/live/ENTRY/, which the next build of
the site takes over. All share one copy of ONNX Runtime Web, so that a page is as heavy as its model, and none asks
another server for anything.
"""

import argparse
import json
from pathlib import Path

import kerasgan
from kerasgan import zoo
from kerasgan.evaluation import evaluate

LIVE = Path(__file__).parent / "_live" / "live"
RUNTIME = "runtime"
HEAVIEST = 16 << 20  # bytes of a page, without the runtime


def write(name: str) -> Path:
    """The page of an entry."""
    recipe = zoo.recipe(name)
    gan = kerasgan.load(name)
    if gan.takes_kernel:
        gan = gan.for_kernel({"name": "gaussian", "sigma": 1.6})
    examples = evaluate.examples(recipe) if gan.task.from_images else None
    license = (recipe.weights or {}).get("license")
    folder = kerasgan.export.web(gan, LIVE / name, entry=name, license=license, examples=examples, vendor=True)
    share_runtime(folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    if size > HEAVIEST:
        raise SystemExit(f"Expected a page of at most {HEAVIEST:,} bytes. Received: {size:,} of {name}")
    print(f"{folder}: {size / 1e6:.1f} MB")
    return folder


def share_runtime(folder: Path) -> None:
    """Moves the runtime's files out of a page into the folder that all pages load them from."""
    facts_file = folder / "facts.js"
    before, _, after = facts_file.read_text(encoding="utf-8").partition("{")
    facts = json.loads("{" + after.rstrip().removesuffix(";"))
    shared = folder.parent / RUNTIME
    shared.mkdir(exist_ok=True)
    files = {}
    for file, digest in facts["runtime"]["files"].items():
        script, name = folder / f"{file}.js", f"../{RUNTIME}/{file}"
        text = script.read_text(encoding="ascii").replace(f'embedded["{file}"]', f'embedded["{name}"]', 1)
        (shared / script.name).write_text(text, encoding="ascii")
        script.unlink()
        files[name] = digest
    facts["runtime"]["files"] = files
    facts_file.write_text(f"{before}{json.dumps(facts)};\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    recipes = [zoo.recipe(name) for name in zoo.names()]
    # A page shows no clips.
    bundled = [each.name for each in recipes if each.bundled and each.family != "FramePrediction"]
    parser.add_argument("entries", nargs="*", metavar="ENTRY", help=f"all {len(bundled)} if not given")
    chosen = parser.parse_args().entries
    if unknown := set(chosen) - set(bundled):
        raise SystemExit(f"Expected entries with bundled weights. Received: {', '.join(sorted(unknown))}")
    LIVE.mkdir(parents=True, exist_ok=True)
    for name in chosen or bundled:
        write(name)


if __name__ == "__main__":
    main()
