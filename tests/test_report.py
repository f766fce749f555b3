"""A run's report: its content, that it loads nothing, that it is accessible, and what it does if parts are missing."""

import base64
import io
import json
import re
import shutil
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
import tiny_recipe
from PIL import Image
from typer.testing import CliRunner

from kerasgan import cli, doctor, metrics, report, zoo
from kerasgan.files import pictures
from kerasgan.report import charts, evidence, page, proof
from kerasgan.training import train

VOID = {"meta", "img", "br"}
SECTIONS = [
    "Curves",
    "The doctor's timeline",
    "Film strip",
    "Samples",
    "Nearest training images",
    "Spectrum",
    "Score card",
    "Recipe",
]


class Reader(HTMLParser):
    """Checks that every element is closed in its place, and keeps elements and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.texts = [], [], {}
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    recipe = zoo.recipe(tiny_recipe.write(folder / "tiny", steps=30))
    train.train(recipe, output=folder / "run", every=10)
    return folder / "run"


@pytest.fixture
def copy(run, tmp_path):
    return shutil.copytree(run, tmp_path / "run")


@pytest.fixture(scope="module")
def text(run):
    return report.write(run, run.parent / "report.html").read_text(encoding="utf-8")


def test_the_command_writes_into_the_run_folder_or_where_output_points(run, tmp_path):
    result = CliRunner().invoke(cli.app, ["report", str(run)])
    assert (result.exit_code, result.output) == (0, f"Report: {run / 'report.html'}\n")
    result = CliRunner().invoke(cli.app, ["report", str(run), "-o", str(tmp_path / "deep" / "x.html")])
    assert result.exit_code == 0 and (tmp_path / "deep" / "x.html").is_file()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["x.html"]


def test_every_section_is_there_in_order_under_one_heading(text):
    reader = Reader(text)
    assert [heading for heading in reader.texts["h2"] if len(heading) > 1] == SECTIONS
    assert reader.texts["h1"] == ["run"]
    assert "30 of 30 steps" in text and "sampled from gan.keras" in text
    identifiers = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    labeled = [attributes["aria-labelledby"] for attributes in reader.all("section")]
    assert labeled == identifiers and len(set(identifiers)) == len(SECTIONS)


def test_the_file_loads_nothing(text):
    reader = Reader(text)
    assert not {"script", "link", "iframe", "object", "image", "use"} & {tag for tag, _ in reader.elements}
    for _, attributes in reader.elements:
        for name in ("src", "href", "xlink:href", "srcset", "action"):
            assert attributes.get(name, "data:").startswith("data:")
    assert not re.search(r"https?://|url\(|@import", text)
    policy = next(meta["content"] for meta in reader.all("meta") if "http-equiv" in meta)
    assert "default-src 'none'" in policy


def test_every_picture_and_chart_has_words(text):
    reader = Reader(text)
    assert len(reader.all("img")) == 4 and len(reader.all("svg")) == 4
    for image in reader.all("img"):
        assert len(image["alt"]) > 20
        with Image.open(io.BytesIO(base64.b64decode(image["src"].partition(",")[2]))) as picture:
            assert picture.size == (int(image["width"]), int(image["height"]))
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in reader.all("svg"))
    assert len(reader.texts["desc"]) == 4
    assert reader.all("html") == [{"lang": "en"}]
    assert "prefers-color-scheme: dark" in text and "width=device-width" in text


def luminance(color):
    """Relative luminance as WCAG 2.1 defines it."""
    values = np.array([int(color[index : index + 2], 16) for index in (1, 3, 5)]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_and_curves_stand_out_in_light_and_dark(scheme):
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    colors = {name: pair[scheme] for name, pair in page.COLORS.items()}
    for back in ("back", "card", "good", "bad", "open"):
        assert contrast(colors["text"], colors[back]) >= 4.5
    assert contrast(colors["soft"], colors["back"]) >= 4.5
    for index in range(6):
        assert contrast(colors[f"line-{index}"], colors["back"]) >= 3


def test_the_curves_are_those_of_the_log_lazy_penalties_too(run, text):
    log = doctor.history.read(run / "log.csv")
    described = " ".join(Reader(text).texts["desc"])
    last = charts.number(log["generator_loss"][-1])
    assert f"to {last} at step 30" in described
    assert "r1 goes from" in described


def test_the_verdicts_are_those_of_growing_prefixes_of_the_log(copy):
    steps = np.arange(1, 401)
    loss = np.where(steps < 300, 1.3 + 0.05 * np.sin(steps * 1.7), np.nan)
    rows = [f"{step},{value},0.8" for step, value in zip(steps, loss)]
    (copy / "log.csv").write_text("\n".join(["step,discriminator_loss,generator_loss", *rows]))
    found = report.gather(copy)
    assert [part.verdict for part in found.segments] == ["undecided", "healthy", "divergence"]
    assert found.segments[0].first == 1 and found.segments[-1].last == 400
    assert abs(found.segments[-1].first - 300) < 400 / evidence.PREFIXES + 3
    html = report.write(copy).read_text()
    assert 'class="chip bad">divergence' in html and "not a number" in html


def test_the_verdict_of_a_watched_training_is_its_doctors_with_the_picture_that_shows_it(tmp_path):
    recipe = zoo.recipe(tiny_recipe.write(tmp_path / "tiny", steps=10))
    watch = doctor.Doctor(every=1, patience=1)
    train.train(recipe, output=tmp_path / "run", every=5, callbacks=[watch])
    found = report.gather(tmp_path / "run")
    assert found.watched and found.diagnosis == watch.diagnosis
    html = report.write(tmp_path / "run").read_text()
    assert "looked at samples as well" in html
    assert f"for the verdict {watch.diagnosis.verdict}" in html


KINDS = np.kron(np.eye(3, dtype="uint8").reshape(3, 3, 1, 1) * 255, np.ones((1, 1, 4, 1), "uint8"))  # bars


def proven(verdict, **evidences):
    return proof.proof(evidence.Evidence(None, None, **evidences), verdict)


def test_each_verdict_is_shown_by_the_images_that_it_is_about():
    bars = KINDS.repeat(4, axis=0)
    twins = proven("mode collapse", samples=bars, reals=KINDS)
    np.testing.assert_array_equal(twins.rows[0], twins.rows[1])
    about = doctor.Diagnosis("mode collapse", 1.0, [], "", label=2)
    of_class = (KINDS, KINDS[[2, 2, 2]])
    one = proven("mode collapse", samples=bars, reals=KINDS, of_class=of_class, diagnosis=about)
    assert one.rows == list(of_class) and "of class 2" in one.caption
    missing = proven("mode dropping", samples=KINDS[:2], reals=bars)
    np.testing.assert_array_equal(missing.rows[0][:4], KINDS[[2] * 4])
    copies = proven("memorization", samples=KINDS[::-1], reals=bars)
    np.testing.assert_array_equal(copies.rows[0], copies.rows[1])
    by_class = (KINDS, KINDS[[0, 0, 0]], KINDS[[0, 0, 0]])
    assert proven("labels ignored", samples=bars, reals=KINDS, by_class=by_class).rows == list(by_class)
    same = proven("identity", samples=KINDS[:2], inputs=KINDS[:2], reals=KINDS[1:])
    assert len(same.rows) == 3 and "the same" in same.caption
    large = np.arange(64 * 64, dtype="uint8").reshape(1, 64, 64, 1).repeat(2, axis=0)
    grain = proven("artifacts", samples=large, reals=255 - large)
    np.testing.assert_array_equal(grain.rows[1], 255 - large[:, 16:48, 16:48])
    assert "that the doctor was given" in proven("data mismatch", samples=bars, reals=KINDS).caption
    for verdict in doctor.VERDICTS:
        assert proof.figure(evidence.Evidence(None, None, samples=bars, reals=KINDS), verdict) is not None
    assert proven("healthy") is None and proven("healthy", samples=bars) is None


def test_the_images_of_the_class_that_collapsed_are_gathered(monkeypatch):
    class Source(list):
        num_batches, batch_size = 4, 3

    batch = KINDS / np.float32(127.5) - 1, np.arange(3)
    monkeypatch.setattr(evidence, "_source", lambda recipe: Source([batch] * 4))

    def generate(count, labels, seed):
        return np.full((count, 3, 4, 1), labels / 2)

    gan = SimpleNamespace(image_shape=KINDS.shape[1:], generate=generate)
    reals, samples = evidence._of_class(evidence.Evidence(None, None), gan, 2)
    np.testing.assert_array_equal(reals, KINDS[[2] * 4])
    assert samples.shape == (8, 3, 4, 1) and (samples == 255).all()
    assert evidence._of_class(evidence.Evidence(None, None), gan, 7) is None


def test_neighbors_are_found_among_the_training_images(run):
    found = report.gather(run)
    near, source = found.neighbors, zoo.source(found.recipe, seed=0).copy(with_labels=False)
    reals = np.concatenate([source[index] for index in range(1797 // 16)])
    everything = pictures.to_uint8(reals).reshape(len(reals), -1) / 127.5
    assert near.searched == len(reals)
    for sample, image, distance in zip(near.samples, near.nearest, near.distances):
        differences = np.sqrt(((everything - sample.reshape(1, -1) / 127.5) ** 2).mean(axis=1))
        np.testing.assert_allclose(distance, differences.min(), rtol=1e-5)
        np.testing.assert_allclose(image.ravel() / 127.5, everything[differences.argmin()])
    assert 0 < near.usual < 0.5


def test_samples_that_are_training_images_are_called_copies():
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype="uint8")
    near = evidence._neighbors(images[:6], images, images)
    assert (near.copies, near.distances.max()) == (1.0, 0.0)
    other = np.random.default_rng(1).integers(0, 256, (6, 8, 8, 3), dtype="uint8")
    assert evidence._neighbors(other, images, images).copies == 0.0


def test_the_spectrum_is_that_of_samples_and_training_images(run, text):
    found = report.gather(run)
    described = Reader(text).texts["desc"][-1]
    for name, images in (("samples", found.samples), ("training images", found.reals[: len(found.samples)])):
        power = metrics.power_spectrum(images).power
        assert f"{name} goes from {charts.number(power[1])} at cycles per pixel 0.125" in described


def test_the_score_card_is_shown_with_its_intervals_whatever_is_in_it(copy):
    scores = {
        "frechet_distance": {"mean": 0.25, "interval": [0.2, 0.31], "seeds": 3, "of": {"real": 1797}},
        "label_accuracy": 0.98,
        "class_shares": [0.1, 0.9],
    }
    (copy / "card.json").write_text(json.dumps({"entry": "tiny <b>", "scores": scores}))
    html = report.write(copy).read_text()
    for shown in ("frechet distance", "0.2 to 0.31", "seeds 3, of (real 1797)", "0.98", "0.1, 0.9", "tiny &lt;b&gt;"):
        assert shown in html
    Reader(html)


@pytest.mark.parametrize("content", ["no json", "[1]", '{"scores": 3}'])
def test_a_card_that_is_none_is_said_to_be_none(copy, content):
    (copy / "card.json").write_text(content)
    html = report.write(copy).read_text()
    assert "card.json" in html and f"kerasgan evaluate {copy}" in html


def test_a_run_that_was_killed_is_reported_from_its_newest_checkpoint(copy):
    for name in ("gan.keras", "generator.weights.h5", "film.png"):
        (copy / name).unlink()
    html = report.write(copy).read_text()
    assert "sampled from step-000030.keras" in html and "There is no film.png" in html
    shutil.rmtree(copy / "checkpoints")
    (copy / "log.csv").write_text("step,discriminator_loss,generator_loss,seconds\n")
    html = report.write(copy).read_text()
    Reader(html)
    assert "no model yet" in html and "There are no losses yet" in html
    assert html.count("There is no model to sample from yet") == 3


def test_a_run_whose_data_are_not_available_is_reported_without_them(copy):
    recipe = (copy / "recipe.toml").read_text()
    changed = recipe.replace('source = "digits"', 'source = "folder"\npath = "/nowhere"\nchannels = 1')
    (copy / "recipe.toml").write_text(changed)
    html = report.write(copy).read_text()
    assert html.count("The training images are not available") == 2 and "/nowhere" in html
    assert "samples goes from" in html and "training images goes from" not in html


def test_a_report_downloads_no_dataset(copy, monkeypatch):
    pytest.importorskip("tensorflow_datasets")
    recipe = (copy / "recipe.toml").read_text()
    (copy / "recipe.toml").write_text(recipe.replace('source = "digits"', 'source = "tfds"\nname = "mnist"'))
    monkeypatch.setenv("TFDS_DATA_DIR", str(copy / "nothing"))
    html = report.write(copy).read_text()
    assert "mnist is not on this machine, and a report downloads nothing" in html


@pytest.mark.parametrize("name", ["", "recipe.toml", "nowhere"])
def test_what_is_no_run_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"Expected the folder of a run.*Received: "):
        report.write(tmp_path / name)


def test_names_and_numbers_with_special_characters_do_not_break_the_page(copy):
    log = (copy / "log.csv").read_text().replace("r1", "<r1> & co")
    (copy / "log.csv").write_text(log)
    reader = Reader(report.write(copy).read_text())
    assert "<r1> & co" in "".join(reader.texts["title"])


def points(svg, index=0):
    path = re.findall(r'class="line line-\d" d="([^"]*)"', svg)[index]
    return np.array([[float(number) for number in pair.split()] for pair in re.split("[ML]", path) if pair])


def test_a_curve_is_drawn_where_its_numbers_are():
    x, y = np.arange(0, 101.0), np.linspace(0, 2, 101)
    drawn = points(charts.chart([charts.Line("y", x, y)], title="t", x_label="x", y_label="y", limits=(0, 2)))
    right, floor = charts.WIDTH - charts.RIGHT, charts.HEIGHT - charts.BOTTOM
    np.testing.assert_allclose(drawn[[0, 50, 100], 0], [charts.LEFT, (charts.LEFT + right) / 2, right], atol=0.06)
    np.testing.assert_allclose(drawn[[0, 50, 100], 1], [floor, (charts.TOP + floor) / 2, charts.TOP], atol=0.06)


def test_a_logarithmic_axis_puts_equal_ratios_at_equal_distances():
    y = np.array([1.0, 10.0, 100.0, 0.0])
    svg = charts.chart([charts.Line("y", np.arange(4.0), y)], title="t", x_label="x", y_label="y", logarithmic=True)
    drawn = points(svg)
    assert len(drawn) == 3  # zero has no place on it
    np.testing.assert_allclose(np.diff(drawn[:, 1], 2), 0, atol=0.11)
    assert ">10<" in svg and ">100<" in svg


def test_a_long_record_is_thinned_without_losing_a_spike():
    y = np.zeros(100_000)
    y[54_321] = 1.0
    svg = charts.chart([charts.Line("y", np.arange(100_000.0), y)], title="t", x_label="x", y_label="y", limits=(0, 1))
    drawn = points(svg)
    assert len(drawn) <= 2 * charts.BUCKETS
    assert drawn[:, 1].min() == charts.TOP
    assert len(svg) < 60_000


def test_one_spike_does_not_flatten_the_rest_and_gaps_stay_gaps():
    y = 1 + 0.1 * np.sin(np.arange(400.0))
    y[100], y[200:210] = 1e6, np.nan
    svg = charts.chart([charts.Line("y", np.arange(400.0), y)], title="t", x_label="x", y_label="y")
    drawn = points(svg)
    assert len(drawn) == 390
    assert re.search(r'd="([^"]*)"', svg)[1].count("M") == 2
    assert np.ptp(np.delete(drawn[:, 1], 100)) > 40
    assert "1,000,000" in svg  # the description still has it


def test_a_noisy_curve_is_drawn_faintly_under_its_moving_mean():
    random = np.random.default_rng(0)
    line = charts.Line("y", np.arange(400.0), random.standard_normal(400))
    svg = charts.chart([line], title="t", x_label="x", y_label="y", limits=(-4, 4), smooth=True)
    assert svg.count('class="line line-0 faint"') == 1
    smooth = re.search(r'class="line line-0" d="([^"]*)"', svg)[1]
    heights = np.array([float(pair.split()[1]) for pair in re.split("[ML]", smooth)[1:]])
    unit = (charts.HEIGHT - charts.BOTTOM - charts.TOP) / 8
    middle = charts.TOP + 4 * unit
    expected = middle - unit * line.y[195:205].mean()  # ten rows of 400
    np.testing.assert_allclose(heights[200], expected, atol=0.06)


@pytest.mark.parametrize("y", [[np.nan, np.nan], [3.0, 3.0], [np.inf, 1.0]])
def test_odd_records_are_drawn_all_the_same(y):
    line = charts.Line("y", np.array([1.0, 2.0]), np.array(y))
    for logarithmic in (False, True):
        svg = charts.chart([line], title="t", x_label="x", y_label="y", logarithmic=logarithmic)
        Reader(svg)
        assert "nan" not in re.sub(r"<(title|desc)>.*?</\1>", "", svg)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (1500.0, "1,500"),
        (0.123456, "0.1235"),
        (12.0, "12"),
        (1e-5, "1e-05"),
        (float("nan"), "not a number"),
    ],
)
def test_numbers_are_written_as_people_read_them(value, shown):
    assert charts.number(value) == shown
