import functools
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerasgan import data, metrics
from kerasgan.data.clips import unstacked
from kerasgan.data.packages import emoji, emoji_table
from kerasgan.metrics.classifiers import classifier_features
from kerasgan.metrics.features import feature_network


def test_the_table_has_the_nine_categories_of_unicode_16():
    groups = emoji_table.groups()
    assert len(groups) == 1906  # emoji-datasource's 1,911 without the five patches of skin tones
    assert tuple(dict.fromkeys(category for category, _ in groups.values())) == emoji_table.CATEGORIES
    assert sum(subcategory.startswith("face-") for _, subcategory in groups.values()) == 118
    assert all(code == emoji_table.plain(code) for code in groups)


@pytest.mark.parametrize(
    ("code", "base", "kin"),
    [
        ("1f600", "1F600", "1F600"),
        ("0023-FE0F-20E3", "0023-20E3", "0023-20E3"),
        ("1F469-1F3FD-200D-1F680", "1F469-200D-1F680", "1F9D1-1F680"),  # woman astronaut
        ("1F9D1-200D-1F680", "1F9D1-200D-1F680", "1F9D1-1F680"),
        ("1F6B6-200D-2640-FE0F-200D-27A1-FE0F", "1F6B6-200D-2640-200D-27A1", "1F6B6"),  # woman walking to the right
        ("1F3FB", "1F3FB", "1F3FB"),
        ("2640-FE0F", "2640", "2640"),
        ("1F468", "1F468", "1F9D1"),
    ],
)
def test_kin_are_what_differs_in_tone_gender_or_direction(code, base, kin):
    assert emoji_table.base(code) == base
    assert emoji_table.kin(code) == kin


def test_groups_are_found_for_every_skin_tone():
    assert emoji_table.group("1F44B-1F3FF") == ("People & Body", "hand-fingers-open")
    assert emoji_table.group("2764-FE0F") == ("Smileys & Emotion", "heart")
    assert emoji_table.group("E000") is None
    assert emoji_table.toned("1F44B-1F3FF") and not emoji_table.toned("1F44B") and not emoji_table.toned("1F3FF")


def test_a_tenth_is_held_out_and_no_kin_are_on_both_sides():
    groups = emoji_table.groups()
    codes, named = list(groups), list(groups.values())
    sides = [{codes[i] for i in emoji_table.chosen(codes, named, split=split)} for split in ("train", "test")]
    assert not sides[0] & sides[1] and len(sides[0] | sides[1]) == len(codes)
    assert 0.08 < len(sides[1]) / len(codes) < 0.12
    assert not {emoji_table.kin(code) for code in sides[0]} & {emoji_table.kin(code) for code in sides[1]}


def package(root, publisher="google"):
    """An npm package of three emoji, one of them with a skin tone, and a patch of skin."""
    pictures = root / "img" / publisher / "64"
    pictures.mkdir(parents=True)
    entries = []
    for order, (code, category, subcategory, color) in enumerate(
        [
            ("1F44B", "People & Body", "hand-fingers-open", (255, 200, 0, 255)),
            ("1F600", "Smileys & Emotion", "face-smiling", (255, 0, 0, 0)),
            ("2764-FE0F", "Smileys & Emotion", "heart", (255, 0, 0, 255)),
            ("1F3FB", "Component", "skin-tone", (0, 0, 0, 255)),
        ]
    ):
        entry = {"unified": code, "image": f"{code.lower()}.png", "category": category, "subcategory": subcategory}
        entry |= {"sort_order": 10 - order, f"has_img_{publisher}": True}
        Image.new("RGBA", (64, 64), color).save(pictures / entry["image"])
        entries.append(entry)
    entries[0]["skin_variations"] = {
        "1F3FF": {"unified": "1F44B-1F3FF", "image": "dark.png", f"has_img_{publisher}": True},
        "1F3FE": {"unified": "1F44B-1F3FE", "image": "missing.png", f"has_img_{publisher}": False},
    }
    Image.new("RGBA", (64, 64), (90, 60, 0, 255)).save(pictures / "dark.png")
    (root / "emoji.json").write_text(json.dumps(entries))
    return root


def test_a_package_of_npm_is_read_in_order_on_white(tmp_path):
    found = emoji.from_npm(package(tmp_path))
    assert found.codes == ["2764", "1F600", "1F44B"]
    assert found.images.shape == (3, 64, 64, 3) and found.images.dtype == np.uint8
    np.testing.assert_array_equal(found.images[:, 0, 0], [(255, 0, 0), (255, 255, 255), (255, 200, 0)])
    np.testing.assert_array_equal(found.labels, [0, 0, 1])
    assert found.labels.dtype == np.int32
    assert found.license == "Apache-2.0"


def test_options_choose_size_channels_tones_and_publisher(tmp_path):
    found = emoji.from_npm(package(tmp_path, "twitter"), image_size=16, channels=4, skin_tones=True)
    assert found.codes == ["2764", "1F600", "1F44B", "1F44B-1F3FF"]
    assert found.images.shape == (4, 16, 16, 4) and found.images[1, ..., 3].max() == 0 < found.images[0, ..., 3].min()
    assert found.license == "CC BY 4.0"


def test_groups_are_chosen_by_category_subcategory_or_its_beginning(tmp_path):
    found = emoji.from_npm(package(tmp_path))
    assert found.chosen(only=["face-"]).codes == ["1F600"]
    assert found.chosen(only=["heart", "People & Body"]).codes == ["2764", "1F44B"]
    assert len(found.chosen(split="train").images) + len(found.chosen(split="test").images) == 3
    with pytest.raises(ValueError, match="such as heart"):
        found.chosen(only=["hart"])
    with pytest.raises(ValueError, match="split='val'"):
        found.chosen(split="val")


def test_labels_are_of_categories_or_of_subcategories(tmp_path):
    root = package(tmp_path)
    read = functools.partial(data.emoji, root, split="all", batch_size=1)
    categories, subcategories = read(), read(labels="subcategories")
    assert categories.info.class_names == ["Smileys & Emotion", "People & Body"]
    np.testing.assert_array_equal(categories.labels, [0, 0, 1])
    assert subcategories.info.class_names == ["heart", "face-smiling", "hand-fingers-open"]
    np.testing.assert_array_equal(subcategories.labels, [0, 1, 2])
    assert read(labels="subcategories", only=["face-"]).info.class_names == ["face-smiling"]
    with pytest.raises(ValueError, match=r"categories, subcategories\. Received: labels='groups'"):
        read(labels="groups")


@pytest.mark.parametrize(("labels", "place"), [("subcategories", 1), ("categories", 0)])
def test_a_label_is_the_same_class_in_each_split(tmp_path, monkeypatch, labels, place):
    root = package(tmp_path)
    monkeypatch.setattr(emoji_table, "_held_out", lambda code: code == "1F600")
    train, test = (data.emoji(root, split=split, labels=labels) for split in ("train", "test"))
    assert train.class_names == test.class_names == data.emoji(root, split="all", labels=labels).class_names
    np.testing.assert_array_equal(test.labels, [place])
    np.testing.assert_array_equal(train.labels, [0, 2] if labels == "subcategories" else [0, 1])


@pytest.mark.parametrize("read", [emoji.from_npm, emoji.from_font])
def test_what_is_not_there_is_told_with_the_commands_that_bring_it(read, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"(?s)Received.*npm install emoji-datasource-google@16.*apt install"):
        read(tmp_path / "nothing")


def test_another_font_is_refused(tmp_path):
    (tmp_path / "font.ttf").write_bytes(b"no font")
    with pytest.raises(ValueError, match="Noto Color Emoji"):
        emoji.from_font(tmp_path / "font.ttf")


@pytest.mark.slow
@pytest.mark.skipif(not Path(emoji.FONT).is_file(), reason="needs the font of Debian's fonts-noto-color-emoji")
def test_a_font_gives_the_pictures_of_its_emoji():
    found = emoji.from_font(image_size=32)
    assert len(found.codes) > 1300 and found.images.shape[1:] == (32, 32, 3)
    face = found.images[found.codes.index("1F600")]
    assert face[0, 0].min() > 240 and face[16, 4, 0] > 200 > 120 > face[16, 4, 2]  # yellow on white


def test_a_package_is_a_source_with_categories_as_labels(tmp_path):
    source = data.emoji(package(tmp_path), split="all", image_size=8, batch_size=2, shuffle=False)
    images, labels = source[0]
    assert images.shape == (2, 8, 8, 3) and images.dtype == np.float32 and source.name == "emoji/all"
    np.testing.assert_array_equal(labels, [0, 0])
    assert source.class_names == ["Smileys & Emotion", "People & Body"] and source.num_classes == 2


def test_the_package_is_searched_below_the_working_directory_and_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASGAN_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(emoji, "FONT", str(tmp_path / "none.ttf"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"(?s)node_modules.*npm install emoji-datasource-google.*apt install"):
        data.emoji()
    with pytest.raises(FileNotFoundError, match=r"npm install emoji-datasource-twitter"):
        data.emoji(publisher="twitter")
    with pytest.raises(ValueError, match="publisher='apple'"):
        data.emoji(publisher="apple")
    package(tmp_path / "home" / "datasets" / "emoji-datasource-google")
    cached = data.emoji(split="all", image_size=8).count
    package(tmp_path / "node_modules" / "emoji-datasource-twitter", "twitter")
    assert data.emoji(publisher="twitter", split="all", image_size=8).count == cached


def test_styles_pair_the_same_emoji_of_two_publishers(tmp_path):
    for publisher in ("google", "twitter"):
        package(tmp_path / f"emoji-datasource-{publisher}", publisher)
    entries = json.loads((tmp_path / "emoji-datasource-twitter" / "emoji.json").read_text())
    for entry in entries[1:2]:  # this publisher lacks one, and has another order
        entry["has_img_twitter"] = False
    (tmp_path / "emoji-datasource-twitter" / "emoji.json").write_text(json.dumps(entries[::-1]))
    Image.new("RGBA", (64, 64), (0, 0, 255, 255)).save(
        tmp_path / "emoji-datasource-twitter/img/twitter/64/2764-fe0f.png"
    )
    pairs = data.emoji_styles(tmp_path, image_size=8, split="all", batch_size=2, shuffle=False)
    inputs, targets = pairs.examples(9)
    assert inputs.shape == targets.shape == (2, 8, 8, 3)
    np.testing.assert_allclose(inputs[:, 0, 0], [(1, -1, -1), (1, 200 / 127.5 - 1, -1)], atol=1e-6)
    np.testing.assert_allclose(targets[:, 0, 0], [(-1, -1, 1), (1, 200 / 127.5 - 1, -1)], atol=1e-6)
    first, second = data.unpair(pairs).sides
    assert len(first.in_order().__next__()[0]) == 1 and len(second) == 1
    with pytest.raises(ValueError, match=r"two publishers\. Received: publishers=\['google'\]"):
        data.emoji_styles(tmp_path, publishers=["google"])
    with pytest.raises(ValueError, match=r"google, twitter, openmoji\. Received: publisher='apple'"):
        data.emoji_styles(tmp_path, publishers=["google", "apple"])
    (tmp_path / "emoji-datasource-twitter" / "emoji.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"(?s)emoji of Twitter.*npm install emoji-datasource-twitter@16"):
        data.emoji_styles(tmp_path)


def test_moving_emoji_keep_their_colors_and_are_reflected_by_the_walls(tmp_path):
    place = package(tmp_path)
    options = dict(
        image_size=24, emoji_size=10, split="all", only=["heart"], frames=2, future=14, count=8, batch_size=8
    )
    clips = data.moving_emoji(place, sprites=1, **options)
    frames = unstacked(np.concatenate(clips.examples(8), axis=-1), 3)
    assert clips.name == "moving_emoji/all" and frames.shape == (8, 16, 24, 24, 3)
    red = (frames == np.array([1.0, -1.0, -1.0], "float32")).all(axis=-1)
    np.testing.assert_array_equal(red.sum(axis=(2, 3)), np.full((8, 16), 100))
    room = 24 - 10
    for axis in (2, 3):
        for path in np.argmax(red.any(axis=5 - axis), axis=-1):
            speed = np.abs(np.diff(path)).max()
            straight = [(path[0] + way * speed * np.arange(16)) % (2 * room) for way in (1, -1)]  # without walls
            assert any(np.array_equal(np.minimum(each, 2 * room - each), path) for each in straight)
    with pytest.raises(ValueError, match="Received: sprites=0"):
        data.moving_emoji(place, sprites=0, **options)


def test_the_features_of_emoji_are_of_the_bundled_classifier_and_see_color():
    images = np.random.default_rng(0).uniform(-1, 1, (3, 32, 32, 3)).astype("float32")
    network = feature_network("emoji")
    assert network.features(images).shape == (3, 64)
    assert network.probabilities(images).shape == (3, len(emoji_table.CATEGORIES))
    gray = np.repeat(images.mean(axis=-1, keepdims=True), 3, axis=-1)
    np.testing.assert_allclose(network.features(gray), network.features(gray[..., :1]), atol=1e-5)
    assert np.abs(network.features(gray) - network.features(images)).max() > 1e-2


def test_the_classifier_knows_the_categories_of_emoji_that_it_has_never_seen():
    """Where the emoji are installed."""
    try:
        unseen = data.emoji(split="test", shuffle=False)
    except FileNotFoundError:
        pytest.skip("the emoji are not installed")
    found = classifier_features("emoji", "probabilities")(unseen.images()).argmax(axis=1)
    assert metrics.label_accuracy(found, unseen.labels) > 0.7  # the commonest category: 0.25
