"""The page of a model that colors drawings, in headless Chromium: mouse, finger, pen and keyboard draw on it."""

import json
import re

import browser
import keras
import numpy as np
import pytest
from test_explorer import ring
from test_explorer_browser import READY, drawn, shown

from kerasgan import export, zoo
from kerasgan.evaluation import evaluate
from kerasgan.export.page import runtime
from kerasgan.export.page.drawings import drawing
from kerasgan.models import Pix2Pix

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="exports, which the backend tests do"),
    pytest.mark.skipif(browser.PROGRAM is None, reason="needs Chromium"),
]
SIZE = 64


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The page of an untrained model of 64 pixels, with two examples whose lines it is said to keep."""
    try:
        runtime.vendored()
    except export.RuntimeFilesError as error:
        pytest.skip(str(error))
    lines = np.concatenate([ring(radius, 3, SIZE) for radius in (12, 24)])
    gan = Pix2Pix(**{**Pix2Pix.tiny_config, "input_channels": 1, "channels": 3, "image_size": SIZE})
    examples = lines, np.repeat(lines, 3, axis=-1)
    return export.web(gan, tmp_path_factory.mktemp("drawing") / "page", examples=examples, vendor=True)


@pytest.fixture
def page(chromium, written):
    with chromium.page((written / "index.html").as_uri()) as opened:
        opened.wait("window.page?.drawing?.easel.done.length === 1")
        yield opened
        assert opened.trouble() == []


def places(page, points):
    """Points on the sheet, in pixels of the network, as places of the window."""
    box = page.js("(({ x, y, width }) => [x, y, width])(document.getElementById('drawing').getBoundingClientRect())")
    side = page.js("window.page.drawing.easel.width")
    return [(box[0] + x * box[2] / side, box[1] + y * box[2] / side) for x, y in points]


def circle(radius, center=SIZE / 2):
    return [(center + radius * np.cos(turn), center + radius * np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, 60)]


def sheet(page):
    """The levels of the sheet (height, width), as the network gets it."""
    page.wait(READY)
    height, width, levels = page.js(
        "(({ height, width, data }) => [height, width, [...data]])(window.page.drawing.easel.pixels())"
    )
    return np.array(levels, "uint8").reshape(height, width, 4)[..., 0]


def colored(page):
    """What the network made (height, width, 3)."""
    page.wait(READY)
    page.js("window.page.drawing.result.id = 'result'; document.body.append(window.page.drawing.result)")
    return shown(page, "#result")


def expected(written, levels, model="translator.onnx"):
    return drawn(written, model=[model], images=levels[None, ..., None] / np.float32(127.5) - 1)[0]


def assert_colored(page, written, levels):
    """The page's colors are those of the file in another runtime, which may round a level the other way."""
    difference = np.abs(colored(page).astype(int) - expected(written, levels))
    assert difference.max() <= 1 and difference.mean() < 1e-3


def test_an_example_makes_room_for_a_drawing_by_mouse_which_is_colored(page, written):
    example = sheet(page)
    np.testing.assert_array_equal(example, np.rint((ring(12, 3, SIZE)[0, ..., 0] + 1) * 127.5))
    assert_colored(page, written, example)
    page.stroke(places(page, circle(20)))
    levels = sheet(page)
    found = drawing(levels[None, ..., None] / 127.5 - 1, None, levels.shape)["width"]
    np.testing.assert_allclose(found, page.js("window.page.drawing.facts.width"), rtol=0.1)  # of the examples
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5 - SIZE / 2
    assert (np.abs(np.hypot(x, y) - 20)[levels < 255] < 4).all()  # nothing of the example is left
    assert_colored(page, written, levels)
    assert re.fullmatch(r"\d+ ms per picture", page.js("document.getElementById('cost').textContent"))


def test_undo_redo_clear_and_the_eraser(page, written):
    press = "document.getElementById('%s').click()"
    example = sheet(page)
    page.stroke(places(page, circle(20)))
    first = sheet(page)
    page.stroke(places(page, circle(10)))
    second = sheet(page)
    page.js(press % "undo")
    np.testing.assert_array_equal(sheet(page), first)
    page.press("z", virtual=90, modifiers=2)
    assert sheet(page).min() == 255  # what made room for the first stroke
    page.press("z", virtual=90, modifiers=2)
    np.testing.assert_array_equal(sheet(page), example)
    for _ in range(3):
        page.press("Z", virtual=90, modifiers=2 | 8)
    np.testing.assert_array_equal(sheet(page), second)
    assert page.js("document.getElementById('redo').disabled")
    page.press("e", virtual=69)
    page.press("]", virtual=221)
    page.stroke(places(page, circle(10)))
    erased = sheet(page)
    np.testing.assert_array_equal(erased[22:42, 22:42], 255)
    np.testing.assert_array_equal(erased[:14], second[:14])
    page.js(press % "wipe")
    assert sheet(page).min() == 255 and page.js("document.getElementById('wipe').disabled")
    assert page.js("document.getElementById('invitation').textContent") == "Draw here"
    page.js(press % "undo")
    np.testing.assert_array_equal(sheet(page), erased)


def test_a_finger_draws_on_a_phone_where_colors_are_under_the_pen(chromium, written):
    with chromium.page("about:blank") as page:
        page.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True)
        page.call("Emulation.setTouchEmulationEnabled", enabled=True)
        page.call("Page.navigate", url=(written / "index.html").as_uri())
        page.wait("window.page?.drawing?.easel.done.length === 1")
        assert page.js("document.documentElement.scrollWidth") <= 390
        assert page.js("document.getElementById('easel').classList.contains('under')")
        page.js("document.getElementById('drawing').scrollIntoView({ block: 'center' })")
        before = page.js("scrollY")
        page.touch(places(page, circle(20)))
        levels = sheet(page)
        assert page.js("scrollY") == before and page.js("window.page.drawing.easel.done.length") == 3
        assert_colored(page, written, levels)
        page.wait("window.page.drawing.easel.frame === null")
        seen = shown(page, "#drawing")  # the middle of a line, and the middle of the colors
        scale = seen.shape[0] // SIZE
        assert seen[SIZE // 2 * scale, 52 * scale].max() < 8
        center = colored(page)[30:34, 30:34].mean((0, 1))
        np.testing.assert_allclose(seen[31 * scale : 33 * scale, 31 * scale : 33 * scale].mean((0, 1)), center, atol=6)


def test_a_pen_that_is_pressed_draws_wider_lines(page):
    page.js("document.getElementById('wipe').click()")
    inks = []
    for force in (0.25, 0.75):
        page.stroke(places(page, [(10, 30), (30, 30), (54, 30)]), pointerType="pen", force=force)
        inks.append((255.0 - sheet(page)).sum())
        page.js("document.getElementById('undo').click()")
    np.testing.assert_allclose(inks[1] / inks[0], (0.5 + 0.75) / (0.5 + 0.25), rtol=0.1)


def test_the_keyboard_draws(page):
    page.js("document.getElementById('wipe').click(); document.getElementById('drawing').focus()")
    page.press(" ", code="Space", virtual=32)
    for _ in range(5):
        page.press("ArrowRight", virtual=39)
    page.press(" ", code="Space", virtual=32)
    page.press("ArrowDown", virtual=40)
    ys, xs = np.nonzero(sheet(page) < 128)
    middle = SIZE // 2
    assert (xs.min(), xs.max()) == pytest.approx((middle, middle + 10), abs=2)
    assert (ys.min(), ys.max()) == pytest.approx((middle, middle), abs=2)
    named = {"button", "radio", "slider", "tab", "image", "application"}
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    found = [node for node in nodes if not node["ignored"] and node["role"]["value"].lower() in named]
    assert {node["role"]["value"].lower() for node in found} >= {"button", "radio", "slider", "tab", "application"}
    for node in found:
        assert node["name"]["value"], node


def test_no_more_than_one_picture_is_computed_at_a_time_and_the_last_is_shown(page, written):
    page.js("""(() => {
        const { runtime } = window.page, run = runtime.run.bind(runtime);
        window.counts = { now: 0, most: 0, runs: 0 };
        runtime.run = async (...given) => {
            counts.runs += 1;
            counts.most = Math.max(counts.most, (counts.now += 1));
            await new Promise((done) => setTimeout(done, 100)); // a slow machine
            try { return await run(...given); } finally { counts.now -= 1; }
        };
    })()""")
    for radius in (8, 14, 20, 26):
        page.stroke(places(page, circle(radius)))
    assert_colored(page, written, sheet(page))
    counts = page.js("window.counts")
    assert counts["most"] == 1 and counts["runs"] < 4 * 60


def test_an_example_is_colored_or_traced_and_pictures_are_saved(page, written):
    page.js("document.querySelector('#examples button:nth-child(2)').click()")
    second = sheet(page)
    np.testing.assert_array_equal(second, np.rint((ring(24, 3, SIZE)[0, ..., 0] + 1) * 127.5))
    page.js("document.getElementById('wipe').click(); document.querySelectorAll('#uses input')[1].click()")
    button = "document.querySelector('#examples button:nth-child(1)')"
    page.js(f"{button}.click()")
    page.wait("window.page.drawing.easel.frame === null")
    assert page.js(f"{button}.getAttribute('aria-pressed')") == "true"
    assert sheet(page).min() == 255  # it is seen, and no part of the drawing
    assert 128 < shown(page, "#drawing").min() < 240
    names = page.js("""(async () => {
        const names = [];
        HTMLAnchorElement.prototype.click = function () { names.push(this.download); };
        document.getElementById("save-colored").click();
        document.getElementById("save-lines").click();
        while (names.length < 2) await new Promise((done) => setTimeout(done, 20));
        return names;
    })()""")
    assert sorted(names) == ["Pix2Pix-drawing.png", "Pix2Pix-lines.png"]


def test_the_page_of_a_bundle_begins_with_an_empty_sheet_and_takes_pictures_too(chromium, tmp_path):
    gan = Pix2Pix(**{**Pix2Pix.tiny_config, "input_channels": 1, "channels": 3, "image_size": SIZE})
    export.bundle(gan, tmp_path / "bundle", formats=["web"], vendor=True)
    path = tmp_path / "bundle" / "web"
    with chromium.page((path / "index.html").as_uri()) as page:
        page.wait("window.page?.view === 'draw'")
        assert sheet(page).min() == 255 and page.js("document.getElementById('examples-box').hidden")
        page.stroke(places(page, circle(20)))
        np.testing.assert_array_equal(colored(page), expected(path, sheet(page)))
        page.js("""(async () => {
            const canvas = new OffscreenCanvas(32, 16);
            canvas.getContext("2d").fillRect(3, 2, 9, 5);
            await window.page.useBlob(await canvas.convertToBlob());
        })()""")
        page.wait("window.page.view === 'compare' && document.getElementById('after').width === 32")
        assert page.js("document.getElementById('panel-draw').hidden")
        page.js("document.getElementById('tab-draw').click()")
        assert sheet(page).min() == 0  # the drawing is still there
        assert page.trouble() == []


def test_white_digits_are_drawn_on_black_and_become_blue_ink(chromium, tmp_path):
    recipe = zoo.recipe("cyclegan-digits")
    path = export.web(zoo.load(recipe.name), tmp_path / "page", examples=evaluate.examples(recipe), vendor=True)
    with chromium.page((path / "index.html").as_uri()) as page:
        page.wait("window.page?.view === 'compare'")
        page.js("document.querySelectorAll('#choices input')[1].click()")
        page.wait("window.page.view === 'draw'")
        page.js("document.getElementById('wipe').click()")
        assert sheet(page).max() == 0
        page.stroke(places(page, [(8, 3), (8, 8), (8, 13)]))
        levels = sheet(page)
        assert levels[8, 8] > 250
        np.testing.assert_array_equal(colored(page), expected(path, levels, "ba.onnx"))
        red, _, blue = colored(page)[8, 8].astype(int)
        assert blue > red + 40
        assert json.loads(page.js("JSON.stringify(window.page.drawing.under)")) is False
        assert page.trouble() == []
