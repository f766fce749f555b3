"""The explorer in headless Chromium: it draws what Python draws, from a disk, without a network, by keyboard."""

import base64
import json
import re

import browser
import keras
import numpy as np
import onnxruntime
import pytest
from test_explorer import embedded

import kerasgan
from kerasgan import exploration, export, latents, zoo
from kerasgan.evaluation import evaluate
from kerasgan.export.page import runtime
from kerasgan.files import films, pictures

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="exports, which the backend tests do"),
    pytest.mark.skipif(browser.PROGRAM is None, reason="needs Chromium"),
]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Explorers of three entries, with ONNX Runtime Web beside them, as functions of the name."""
    try:
        runtime.vendored()
    except export.RuntimeFilesError as error:
        pytest.skip(str(error))
    folder, gans = tmp_path_factory.mktemp("explorers"), {}

    def write(name):
        if name not in gans:
            gan = gans[name] = zoo.load(name)
            examples = evaluate.examples(zoo.recipe(name)) if gan.task.from_images else None
            export.web(gan, folder / name, entry=name, directions=2, examples=examples, vendor=True)
        return folder / name, gans[name]

    return write


READY = "document.getElementById('main').getAttribute('aria-busy') === 'false'"
PIXELS = """(() => {
    const canvas = document.querySelector(%s);
    const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return [height, width, Array.from(data)];
})()"""


def shown(page, selector):
    """The pixels (height, width, 3) of a canvas."""
    page.wait(READY)
    height, width, levels = page.js(PIXELS % json.dumps(selector))
    return np.array(levels, "uint8").reshape(height, width, 4)[..., :3]


def drawn(path, **inputs):
    """What ONNX Runtime in Python makes of the page's own model, as pixels."""
    (name,) = inputs.pop("model", ["generator.onnx"])
    (images,) = onnxruntime.InferenceSession(embedded(path, name)).run(None, inputs)
    levels = pictures.to_uint8(images)
    return np.broadcast_to(levels, (*levels.shape[:3], 3))


FILM = """(async () => {
    const record = page.film.record;
    page.film.record = async function () {  // in half a second instead of many
        const film = await record.call(this, 12, 600);
        const reader = new FileReader();
        await new Promise((done) => { reader.onload = done; reader.readAsDataURL(film); });
        window.film = [film.type, reader.result.split(",")[1]];
        return film;
    };
    const names = [];
    HTMLAnchorElement.prototype.click = function () { names.push(this.download); };
    await page.film.save();
    return names[0];
})()"""


def type_seed(page, seed):
    page.js(f"(() => {{ const seed = document.getElementById('seed'); seed.value = {seed};"
            "seed.dispatchEvent(new Event('change')); })()")  # fmt: skip


def test_a_seed_is_the_same_picture_as_in_python_and_nothing_is_loaded_from_a_network(chromium, written):
    path, gan = written("dcgan-digits")
    with chromium.page((path / "index.html").as_uri()) as page:
        page.wait("window.page !== undefined")
        type_seed(page, 20)
        expected = drawn(path, latents=gan.prior.draw(16, gan.latent_dim, 20))
        np.testing.assert_array_equal(shown(page, "#picture"), expected[0])
        np.testing.assert_array_equal(shown(page, "#thumbnails button:nth-child(8) canvas"), expected[7])
        page.js("document.getElementById('tab-grid').click()")
        np.testing.assert_array_equal(shown(page, "#grid button:nth-child(16) canvas"), expected[15])
        assert page.js("document.getElementById('recipe').textContent") == "gan.generate(16, seed=20)"
        schemes = {url.partition(":")[0] for url in page.requested()}
        assert schemes <= {"file", "blob", "data"}
        assert page.trouble() == []


PARTS = [{"name": "normal", "size": 2}, {"name": "categorical", "num_categories": 3, "probabilities": [0.2, 0.3, 0.5]}]
PRIORS = [
    "normal",
    {"name": "uniform", "low": -0.5, "high": 2.0},
    {"name": "truncated_normal", "threshold": 0.7},
    {"name": "categorical", "num_categories": 5},
    {"name": "gaussian_mixture", "num_components": 3, "latent_dim": 5},
    {"name": "product", "parts": [{"name": "product", "parts": PARTS[:1]}, *PARTS]},
]


def test_every_prior_is_drawn_as_python_draws_it(chromium, written):
    path, _ = written("dcgan-digits")
    with chromium.page((path / "index.html").as_uri()) as page:
        page.wait("window.page !== undefined")
        for each in PRIORS:
            prior = latents.get(each)
            size = prior.latent_dim or 5
            call = f"drawLatents({json.dumps(prior.describe(size))}, 40, {size}, [4294967295]).map((row) => [...row])"
            np.testing.assert_array_equal(
                np.array(page.js(call), "float32"), prior.draw(40, size, 4294967295), str(each)
            )


def test_sliders_move_latents_as_python_does(chromium, written):
    path, gan = written("dcgan-digits")
    facts = json.loads((path / "facts.js").read_text().removeprefix("const facts = ").removesuffix(";\n"))
    draws = gan.prior.draw(8, gan.latent_dim, 0)
    with chromium.page((path / "index.html").as_uri()) as page:
        page.wait("window.page !== undefined")
        page.js("page.amounts[1] = 1.5; page.changed()")
        moved = draws[:1] + np.float32(1.5) * np.array(facts["directions"][1], "float32")
        expected = drawn(path, latents=moved)[0].astype(int)
        assert np.abs(shown(page, "#picture") - expected).max() <= 1
        page.js("page.clear(); page.set({ truncation: 0.5 })")
        shrunk = drawn(path, latents=gan.prior.truncate(draws[:1], 0.5))[0]
        np.testing.assert_array_equal(shown(page, "#picture"), shrunk)
        page.js("page.set({ truncation: 1 }); document.getElementById('tab-film').click(); page.film.jump(0.5 / 8)")
        (halfway,) = exploration.path(gan.prior)(draws[0], draws[1], [0.5])
        between = drawn(path, latents=halfway[None])[0].astype(int)
        assert np.abs(shown(page, "#picture") - between).max() <= 1


def test_classes_and_truncation_are_those_of_python(chromium, written):
    path, gan = written("cgan-digits")
    draws = gan.prior.draw(6, gan.latent_dim, 3)
    with chromium.page((path / "index.html").as_uri()) as page:
        page.wait("window.page !== undefined")
        type_seed(page, 3)
        page.js("document.querySelectorAll('#choices input[type=radio]')[7].click()")
        sevens = drawn(path, latents=draws, labels=np.full(6, 7, "int32"))
        np.testing.assert_array_equal(shown(page, "#picture"), sevens[0])
        page.js("document.getElementById('tab-grid').click()")
        np.testing.assert_array_equal(shown(page, "#grid button:nth-child(58) canvas"), sevens[5])
        page.js("document.querySelector('#grid button:nth-child(28)').click()")  # row 2, class 7
        np.testing.assert_array_equal(shown(page, "#picture"), sevens[2])
        assert page.js("document.activeElement.id") == "tab-picture"


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # imageio-ffmpeg leaves pipes to ffmpeg open
def test_a_film_is_saved_as_a_video_of_its_frames(chromium, written, tmp_path):
    pytest.importorskip("imageio_ffmpeg")
    path, gan = written("dcgan-digits")
    with chromium.page((path / "index.html").as_uri()) as page:
        page.wait("window.page !== undefined")
        page.js("document.getElementById('tab-film').click()")
        name = page.js(FILM)
        video, kind = tmp_path / "film.webm", page.js("window.film[0]")
        video.write_bytes(base64.b64decode(page.js("window.film[1]")))
        assert (name, kind) == ("dcgan-digits-0.webm", "video/webm")
        assert page.js("document.getElementById('status').textContent") == "The film is saved."
        assert page.trouble() == []
    frames = [np.asarray(frame) for frame in films.read(video)]
    points = gan.prior.draw(2, gan.latent_dim, 0)
    first = drawn(path, latents=exploration.path(gan.prior)(points[0], points[1], [0.0]))[0]
    times = frames[0].shape[0] // first.shape[0]
    assert frames[0].shape[0] >= 256 and len(frames) >= 6
    assert np.abs(frames[0][times // 2 :: times, times // 2 :: times].astype(int) - first).mean() < 8  # it is lossy


@pytest.mark.parametrize("precision", ["float16", "static_int8"])
def test_the_page_of_a_bundle_draws_what_its_file_draws(precision, chromium, written, tmp_path):
    _, gan = written("cgan-digits")
    options = {"precision": precision, "label": 7, "truncation": 0.5, "vendor": True}
    kerasgan.export.bundle(gan, tmp_path / "bundle", formats=["web"], **options)
    path = tmp_path / "bundle" / "web"
    with chromium.page((path / "index.html").as_uri()) as page:
        page.wait("window.page !== undefined")
        expected = drawn(path, latents=gan.prior.draw(1, gan.latent_dim, 0))[0].astype(int)
        assert np.abs(shown(page, "#picture") - expected).max() <= 1
        code = "gan.generate(1, seed=0, labels=7, truncation=0.5)[0]"
        assert page.js("document.getElementById('recipe').textContent") == code
        assert not page.js("document.getElementById('choices').hasChildNodes()")
        assert page.trouble() == []


def test_a_translator_shows_before_and_after_and_takes_pictures_of_any_size(chromium, written):
    path, _ = written("cyclegan-digits")
    (inputs, _) = evaluate.examples(zoo.recipe("cyclegan-digits"))
    with chromium.page((path / "index.html").as_uri()) as page:
        page.wait("window.page !== undefined && document.getElementById('after').width > 1")
        np.testing.assert_array_equal(shown(page, "#before"), pictures.to_uint8(inputs[0]))
        levels = pictures.to_uint8(inputs[:1]).astype("float32") / np.float32(127.5) - 1
        np.testing.assert_array_equal(shown(page, "#after"), drawn(path, model=["ab.onnx"], images=levels)[0])
        page.js("""(async () => {
            const canvas = new OffscreenCanvas(21, 10);
            const context = canvas.getContext("2d");
            context.fillStyle = "#1f3a93";
            context.fillRect(3, 2, 9, 5);
            await window.page.useBlob(await canvas.convertToBlob());
        })()""")
        levels = shown(page, "#before")[None].astype("float32") / np.float32(127.5) - 1
        padded = np.pad(levels, ((0, 0), (0, 2), (0, 3), (0, 0)), mode="reflect")  # multiples of 4
        expected = drawn(path, model=["ab.onnx"], images=padded)[0, :10, :21]
        np.testing.assert_array_equal(shown(page, "#after"), expected)
        page.js("page.network.size = [16, 20]; page.use(new ImageData(40, 32))")  # as of a model of one size
        page.wait(READY)
        assert shown(page, "#before").shape == shown(page, "#after").shape == (16, 20, 3)
        page.js("document.querySelectorAll('#choices input')[1].click()")
        page.wait("window.page.view === 'draw'")  # its inputs are drawings
        page.js("document.getElementById('tab-compare').click()")
        page.wait("document.getElementById('before').width === 16")
        assert page.js("window.page.network.file") == "ba.onnx"
        assert page.trouble() == []


def test_it_is_usable_from_the_keyboard_and_by_ear(chromium, written):
    path, _ = written("cgan-digits")
    with chromium.page((path / "index.html").as_uri()) as page:
        page.wait("window.page !== undefined")
        before = shown(page, "#picture")
        page.js("document.getElementById('tab-picture').focus()")
        page.press("ArrowRight", virtual=39)
        assert page.js("document.activeElement.getAttribute('aria-controls')") == "panel-many"
        page.press("ArrowLeft", virtual=37)
        page.js("document.querySelector('#choices input[type=radio]').focus()")
        page.press("ArrowRight", virtual=39)  # the next class
        assert not np.array_equal(shown(page, "#picture"), before)
        assert page.js("document.getElementById('picture').getAttribute('aria-label')") == "Draw 0 of seed 0 of class 1"
        assert re.fullmatch(r"Drawn in \d+ ms\.", page.js("document.getElementById('status').textContent"))
        nodes = [node for node in page.call("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
        named = {"button", "tab", "slider", "radio", "spinbutton", "image", "tabpanel", "region", "combobox"}
        found = [node for node in nodes if node["role"]["value"] in named]
        assert {node["role"]["value"] for node in found} >= {"button", "tab", "slider", "radio", "spinbutton", "image"}
        for node in found:
            assert node["name"]["value"], node


def test_without_vendored_files_it_takes_the_pinned_ones_and_no_others(chromium, written):
    path, gan = written("dcgan-digits")
    page_file, facts_file = path / "index.html", path / "facts.js"
    kept = page_file.read_text(), facts_file.read_text()
    page_file.write_text(kept[0].replace("connect-src 'none'", f"connect-src {runtime.ADDRESS}"))
    facts_file.write_text(kept[1].replace('"address": null', f'"address": "{runtime.ADDRESS}"'))
    files = {runtime.ADDRESS + name: base64.b64encode(content).decode() for name, content in runtime.vendored().items()}
    try:
        with chromium.page(page_file.as_uri(), answers=files) as page:
            page.wait("window.page !== undefined")
            expected = drawn(path, latents=gan.prior.draw(1, gan.latent_dim, 0))[0]
            np.testing.assert_array_equal(shown(page, "#picture"), expected)
            assert {url for url in page.requested() if url.startswith("http")} == set(files)
        wasm = next(url for url in files if url.endswith(".wasm"))
        tampered = {**files, wasm: base64.b64encode(b"\0asm\1\0\0\0").decode()}
        with chromium.page(page_file.as_uri(), answers=tampered) as page:
            page.wait("document.getElementById('failure')?.hidden === false")  # it may not be there yet
            assert page.js("window.page === undefined")
    finally:
        page_file.write_text(kept[0])
        facts_file.write_text(kept[1])
