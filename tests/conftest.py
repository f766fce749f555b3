"""What all tests share: silence, seeds, parts of the slow tests, and two finished runs of tiny recipes."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import pytest

BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")


def part(text):
    """(I, N) of "I/N", from 1 to N."""
    index, count = map(int, text.split("/"))
    if not 1 <= index <= count:
        raise ValueError
    return index, count


def pytest_addoption(parser):
    parser.addoption("--part", type=part, metavar="I/N", help="every N-th test, from the I-th on")
    parser.addoption("--slow-part", type=part, metavar="I/N", help='with -m "": the same of the slow tests, all others')


def pytest_collection_modifyitems(config, items):
    """Leaves out the tests that are not for this backend, and those of the other parts."""
    left = [item for item in items if _is_for(item, BACKEND)]
    left = _part(left, config.getoption("--part"), of=lambda item: True)
    left = _part(left, config.getoption("--slow-part"), of=lambda item: "slow" in item.keywords)
    kept = {id(item) for item in left}
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in kept])
    items[:] = left


def _is_for(item, backend):
    marker = item.get_closest_marker("backends")
    return backend == "tensorflow" or marker is None or backend in marker.args


def _part(items, chosen, *, of):
    """The items without those of the other parts. Neighbors, which are alike, go to different parts, but all that a
    file tests on one parameter goes to one: they may share a fixture."""
    if chosen is None:
        return items
    index, count = chosen
    groups = {}
    for item in filter(of, items):
        key = item.path, item.callspec.id if hasattr(item, "callspec") else item.name
        groups.setdefault(key, []).append(id(item))
    others = {one for place, group in enumerate(groups.values()) if place % count != index - 1 for one in group}
    return [item for item in items if id(item) not in others]


@pytest.fixture(autouse=True, scope="session")
def _untuned():
    """tf.data's tuning thread can miss that it shall end, and who frees its iterator waits for up to a minute for it:
    of a hundred iterators that were freed one after the other, one took 60 seconds and one 38."""
    if BACKEND != "tensorflow":
        return
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    begin = tf.data.Dataset.__iter__
    tf.data.Dataset.__iter__ = lambda dataset: begin(dataset.with_options(options))


@pytest.fixture(autouse=True)
def _seeded():
    import keras

    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """A browser, for the tests that are skipped where there is none."""
    import browser

    opened = browser.Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with tiny/recipe.toml, digits/recipe.toml (conditional), and a run of each: not to be changed."""
    import tiny_recipe
    from command_line import run

    folder = tmp_path_factory.mktemp("trained")
    for name, family in (("tiny", "DCGAN"), ("digits", "ConditionalGAN")):
        path = tiny_recipe.write(folder / name, family=family, steps=2)
        result = run("train", path, "-o", folder / f"{name}-run")
        assert result.exit_code == 0, result.output
    return folder
