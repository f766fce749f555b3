"""Pairs and domains: what belongs together stays together, what does not is drawn apart, mistakes are named."""

import numpy as np
import pytest
from PIL import Image

from kerasgan import data
from kerasgan.data import degradations, derivations, folders
from kerasgan.data.photos import Patches
from kerasgan.data.sources import Batching


def numbered(count, size=(8, 10), channels=3):
    """uint8 images of one value each: 10, 11, ..., with the left edge darker, so that a flip shows."""
    images = np.full((count, *size, channels), 0, "uint8")
    images += np.arange(10, 10 + count, dtype="uint8")[:, None, None, None]
    images[:, :, 0] = 0
    return images


def folder_of(path, images, ending="png"):
    path.mkdir(parents=True)
    for index, image in enumerate(images):
        Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(path / f"{index:02}.{ending}")
    return path


def brightness(batch):
    return np.rint((batch[:, 4, 4, 0] + 1) * 127.5).astype(int)


def test_arrays_are_cropped_flipped_and_shuffled_together():
    inputs, targets = numbered(9, channels=1), numbered(9)
    targets[..., 1:] += 100
    pairs = data.pairs(inputs, targets, image_size=(6, 7), jitter=2, batch_size=3, flip=True)
    assert pairs.input_shape == (6, 7, 1) and pairs.image_shape == (6, 7, 3)
    seen, flipped = [], set()
    for epoch in range(3):
        pairs.epoch = epoch
        for index in range(len(pairs)):
            first, second = pairs[index]
            assert first.dtype == second.dtype == np.float32
            np.testing.assert_array_equal(first[..., 0], second[..., 0])
            seen.append(brightness(first))
            flipped |= {bool(side) for side in (first[:, 0, -1, 0] < -0.95)}
    assert sorted(np.concatenate(seen[:3])) == list(range(10, 19))
    assert not np.array_equal(np.concatenate(seen[:3]), np.concatenate(seen[3:6]))
    assert flipped == {True, False}


def test_a_batch_of_pairs_depends_on_seed_epoch_and_index_alone():
    inputs = numbered(8)
    first, second = (data.pairs(inputs, inputs, jitter=1, image_size=6, batch_size=2, seed=4) for _ in range(2))
    second[3], second[0]
    for ours, theirs in zip(first[1], second[1]):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(first[1][0], data.pairs(inputs, inputs, jitter=1, image_size=6, batch_size=2)[1][0])


def test_arrays_of_two_sizes_are_flipped_together():
    large = numbered(6, (8, 12))
    pairs = data.pairs(large[:, ::4, ::4], large, batch_size=3, flip=True)
    assert pairs.input_shape == (2, 3, 3) and pairs.image_shape == (8, 12, 3)
    for inputs, targets in (pairs[0], pairs[1]):
        same = np.abs(targets[:, ::4, ::4] - inputs).max(axis=(1, 2, 3))
        turned = np.abs(targets[:, ::4, ::-4][:, :, ::-1] - inputs).max(axis=(1, 2, 3))
        assert (np.minimum(same, turned) == 0).all()
    with pytest.raises(ValueError, match=r"as they are\. Received: image_size=None, jitter=2"):
        data.pairs(large[:, ::4, ::4], large, jitter=2)


def test_two_folders_are_paired_by_name_whatever_the_ending(tmp_path):
    images = numbered(3)
    folder_of(tmp_path / "edges", images[..., :1])
    folder_of(tmp_path / "photos", images, ending="bmp")
    for pairs in (
        data.pairs(tmp_path / "edges", tmp_path / "photos", image_size=8, input_channels=1, batch_size=3),
        data.pairs(tmp_path, image_size=8, input_channels=1, batch_size=3),  # its two sub-folders
    ):
        inputs, targets = pairs.examples(3)
        assert inputs.shape == (3, 8, 8, 1) and targets.shape == (3, 8, 8, 3)
        np.testing.assert_array_equal(brightness(inputs), brightness(targets))


def test_side_by_side_pictures_are_cut_in_the_middle_and_may_be_reversed(tmp_path):
    left, right = numbered(2, (8, 8)), 255 - numbered(2, (8, 8))
    folder_of(tmp_path / "both", np.concatenate([left, right], axis=2))
    inputs, targets = data.pairs(tmp_path / "both", image_size=8).examples(2)
    np.testing.assert_array_equal(inputs, left / np.float32(127.5) - 1)
    np.testing.assert_array_equal(targets, right / np.float32(127.5) - 1)
    turned = data.pairs(tmp_path / "both", image_size=8, reverse=True).examples(2)
    np.testing.assert_array_equal(turned[0], targets)
    np.testing.assert_array_equal(turned[1], inputs)


def test_pairs_that_do_not_fit_are_named_with_their_numbers(tmp_path):
    folder_of(tmp_path / "a" / "in", numbered(3))
    folder_of(tmp_path / "a" / "out", numbered(2))
    with pytest.raises(
        ValueError, match=r"same name in .*out for each of the 3 in .*in\. Received: none for .*02\.png"
    ):
        data.pairs(tmp_path / "a")
    folder_of(tmp_path / "b" / "in", numbered(1))
    folder_of(tmp_path / "b" / "out", numbered(1, (8, 12)))
    with pytest.raises(ValueError, match=r"in/00\.png of 10 x 8 and .*out/00\.png of 12 x 8"):
        data.pairs(tmp_path / "b")
    folder_of(tmp_path / "c", numbered(1, (8, 9)))
    with pytest.raises(ValueError, match=r"even width\. Received: .*00\.png of 9 x 8 pixels"):
        data.pairs(tmp_path / "c")
    with pytest.raises(ValueError, match=r"inputs\.shape=\(3, 8, 10, 3\), targets\.shape=\(2, 8, 10, 3\)"):
        data.pairs(numbered(3), numbered(2))
    (tmp_path / "empty" / "one").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"Received: path=.*empty"):
        data.unpaired(tmp_path / "empty")
    folder_of(tmp_path / "d" / "one", numbered(1))
    with pytest.raises(ValueError, match=r"two sub-folders.*with one"):
        data.unpaired(tmp_path / "d")


def test_unpaired_domains_have_orders_of_their_own_and_the_smaller_begins_again():
    first, second = numbered(8), numbered(3, channels=1)
    both = data.unpaired(first, second, batch_size=1, seed=5)
    assert len(both) == 8 and both.input_shape[-1] == 3 and both.image_shape[-1] == 1
    rows = np.array([[brightness(part)[0] for part in both[index]] for index in range(8)])
    assert sorted(rows[:, 0]) == list(range(10, 18))
    assert sorted(rows[:3, 1]) == sorted(rows[3:6, 1]) == [10, 11, 12]
    alike = data.unpaired(first, first, batch_size=8, seed=5)[0]
    assert not np.array_equal(*alike)  # one seed must not pair two domains again


def test_unpaired_epochs_go_on_where_the_last_one_ended():
    both = data.unpaired(numbered(4), numbered(6, channels=1), batch_size=2, seed=1)
    both.epoch = 1
    rows = np.concatenate([both[index][0] for index in range(3)])
    again = data.unpaired(numbered(4), numbered(6, channels=1), batch_size=2, seed=1)
    again.sides[0].epoch = 1  # the third batch of three was the first of its second pass
    np.testing.assert_array_equal(rows[:2], again.sides[0][1])


def test_unpaired_domains_share_no_image_and_keep_the_mapping_for_measuring():
    pairs = data.derive_pairs(numbered(7), lambda images: -images)
    both = data.unpair(pairs)
    assert not both.paired and pairs.paired
    first, second = both.sides[0].images(), both.sides[1].images()
    assert sorted(brightness(-first)) == [10, 12, 14, 16] and sorted(brightness(second)) == [11, 13, 15]


@pytest.mark.parametrize("name", derivations.names())
def test_derivations_stay_in_range_and_keep_each_image_to_itself(name):
    images = np.random.default_rng(0).uniform(-1, 1, (3, 8, 8, 3)).astype("float32")
    derive = derivations.derivation(name)
    inputs = derive(images)
    assert inputs.dtype == np.float32 and np.abs(inputs).max() <= 1 and len(inputs) == 3
    np.testing.assert_array_equal(derive(images[1:2])[0], inputs[1])


def test_photographs_are_degraded_each_in_its_own_way_of_a_seed():
    images = data.photos(image_size=64).images(8).astype("float32") / 127.5 - 1
    spoilt = derivations.degraded(images, factor=2)
    assert spoilt.shape == (8, 32, 32, 3) and np.ptp(np.rint((spoilt + 1) * 127.5) - (spoilt + 1) * 127.5) < 1e-3
    differences = np.abs(spoilt - derivations.shrunk(images, factor=2)).mean(axis=(1, 2, 3))
    assert differences.min() > 0.01 and differences.max() < 0.5 and np.ptp(differences) > 0.02
    assert np.abs(spoilt - derivations.degraded(images, factor=2, seed=1)).mean() > 0.01
    with pytest.raises(ValueError, match=r"factor of 64 and 64.*factor=3"):
        derivations.degraded(images, factor=3)


def test_blurs_are_gaussian_along_turned_axes_and_low_passes_ring():
    kernel = degradations.blur_kernel(7, (2.0, 1.0), np.pi / 6)
    turn = np.array([[np.cos(np.pi / 6), -np.sin(np.pi / 6)], [np.sin(np.pi / 6), np.cos(np.pi / 6)]])
    inverse = np.linalg.inv(turn @ np.diag([4.0, 1.0]) @ turn.T)
    weights = np.array(
        [[np.exp(-0.5 * (r := np.array([x, y])) @ inverse @ r) for x in range(-3, 4)] for y in range(-3, 4)]
    )
    np.testing.assert_allclose(kernel, weights / weights.sum(), rtol=1e-9)
    flat = degradations.blur_kernel(7, (2.0, 2.0), 0.0, plateau=True)
    assert flat[3, 5] / flat[3, 3] == pytest.approx(0.5)
    response = np.abs(np.fft.fft2(degradations.sinc_kernel(21, np.pi / 3), (64, 64)))[0]
    assert response[:8].min() > 0.9 and response[14:32].max() < 0.1  # of 32 for pi, cut at 10.7


def test_edges_are_dark_where_the_luminance_is_steep():
    step = np.full((1, 8, 8, 1), -1, "float32")
    step[:, :, 4:] = 1
    lines = derivations.edges(step)
    # Sobel across a step of 2 gives a gradient of 2 at both of its sides: black; nothing elsewhere
    np.testing.assert_allclose(lines[0, 3, :, 0], [1, 1, 1, -1, -1, 1, 1, 1], atol=1e-6)


def test_unknown_derivations_and_arguments_are_named():
    with pytest.raises(ValueError, match=r"such as edges.*Received: derive='edge'"):
        derivations.derivation("edge")
    with pytest.raises(ValueError, match=r"arguments of shrunk: images, factor. Received: by"):
        derivations.derivation({"name": "shrunk", "by": 2})
    with pytest.raises(ValueError, match=r"whole factor of 8 and 8 pixels. Received: factor=3"):
        derivations.shrunk(np.zeros((1, 8, 8, 1), "float32"), factor=3)


def test_the_splits_of_the_photographs_share_no_pixel():
    whole = data.photos(split="all")
    parts = {split: data.photos(split=split) for split in ("train", "regions", "test")}
    areas = {split: sum(p.shape[0] * p.shape[1] for p in source.pictures) for split, source in parts.items()}
    assert (
        sum(areas.values())
        == sum(p.shape[0] * p.shape[1] for p in whole.pictures)
        == (512 * 512 + 3 * 427 * 640 + 400 * 600 + 300 * 451)
    )
    assert [len(source.pictures) for source in parts.values()] == [4, 4, 2]
    china = whole.pictures[1]
    np.testing.assert_array_equal(parts["train"].pictures[1], china[:, :512])
    np.testing.assert_array_equal(parts["regions"].pictures[1], china[:, 512:])


def test_crops_of_photographs_move_in_training_and_lie_on_a_grid_otherwise():
    source = data.photos(image_size=64, batch_size=16, seed=3)
    # astronaut 8 x 6 of 512 x 410, china and rocket 6 x 8 of 427 x 512, coffee 6 x 7 of 400 x 480
    assert source.count == 8 * 6 + 2 * 6 * 8 + 6 * 7
    first, again = source[0], source[0]
    assert first.shape == (16, 64, 64, 3) and np.abs(first).max() <= 1
    np.testing.assert_array_equal(first, again)
    source.epoch = 1
    assert not np.array_equal(first, source[0])
    still = data.photos(image_size=64, batch_size=2, shuffle=False)
    np.testing.assert_array_equal(still[0], still.images(2) / np.float32(127.5) - 1)
    with pytest.raises(ValueError, match=r"Received: split='held-out'"):
        data.photos(split="held-out")
    with pytest.raises(ValueError, match=r"at least 512 x 512 pixels. Received: \(512, 410\)"):
        data.photos(image_size=512)


def test_further_photographs_and_varied_crops_are_for_training():
    plain, source = data.photos(), data.photos(further=True, vary=True, batch_size=8, seed=1)
    assert len(source.pictures) == 8 and source.count == plain.count + 8 * 8 * 3 + 4 * 6  # coins: 303 x 384
    np.testing.assert_array_equal(source.images(plain.count), plain.images())
    for picture in source.pictures[4:]:
        np.testing.assert_array_equal(picture, np.broadcast_to(picture[..., :1], picture.shape))
    np.testing.assert_array_equal(source[0], source[0])
    with pytest.raises(ValueError, match=r"split train alone. Received: split='test'"):
        data.photos(split="test", further=True)


def test_varied_crops_are_farther_away_turned_less_colorful_and_dimmer():
    ramp = np.stack([np.tile(np.arange(100, dtype="uint8"), (80, 1)) + base for base in (120, 60, 60)], axis=-1)
    crops = Patches("ramp", [ramp], (16, 16), Batching(batch_size=15), vary=True)[0]
    light = 255 * (crops + 1) / 2
    steps = [np.abs(np.diff(light, axis=axis)).mean(axis=(1, 2, 3)) for axis in (1, 2)]
    turned = steps[0] > steps[1]
    assert 0 < turned.sum() < 15 and np.minimum(*steps).max() < 0.1  # along one axis a ramp, along the other nothing
    slopes = np.maximum(*steps)
    assert 0.6 <= slopes.min() < 1 < slopes.max() <= 2.1  # 1 to 2 pixels a step, times 0.6 to 1 of the light
    assert crops.min() >= -1 and light.max() <= 219
    spread = np.ptp(light.mean(axis=(1, 2)), axis=-1)
    assert spread.min() < 40 and not np.allclose(crops[0], crops[1])


def test_what_a_model_is_given_is_checked_against_it():
    shapes = {"input_shape": (8, 10, 3), "image_shape": (8, 10, 1)}
    inputs, targets = numbered(4), numbered(4, channels=1)
    batches = data.image_pairs((inputs, targets), paired=True, batch_size=2, **shapes)
    assert [part.shape for part in batches[0]] == [(2, 8, 10, 3), (2, 8, 10, 1)]
    with pytest.raises(ValueError, match=r"Received: \(8, 10, 1\) from the inputs of array"):
        data.image_pairs(targets, targets, paired=True, **shapes)
    with pytest.raises(ValueError, match=r"two domains .*Received: <Pairs"):
        data.image_pairs(data.pairs(inputs, targets), paired=False, **shapes)
    with pytest.raises(ValueError, match=r"Expected pairs .*Received: <Unpaired"):
        data.image_pairs(data.unpaired(inputs, targets), paired=True, **shapes)
    with pytest.raises(ValueError, match=r"as many inputs as targets. Received: 4 and 3"):
        data.image_pair(inputs, targets[:3], **shapes)


@pytest.mark.parametrize("budget", [0, 2**30])
@pytest.mark.parametrize("name", ["{:04}", "{:04}x4"])
def test_pairs_for_super_resolution_are_read_as_div2k_has_them(tmp_path, monkeypatch, name, budget):
    """Cropped in the middle by half a small pixel: the part of the large one is the same to the pixel."""
    monkeypatch.setattr(folders, "MEMORY_BUDGET", budget)
    small = np.random.default_rng(0).integers(0, 256, (4, 8, 11, 3), dtype="uint8")
    for index, image in enumerate(small):
        for place, picture in (("LR/" + name, image), ("HR/{:04}", image.repeat(4, axis=0).repeat(4, axis=1))):
            path = tmp_path / f"{place.format(index)}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(picture).save(path)
    for where in ((tmp_path / "LR", tmp_path / "HR"), (tmp_path,)):  # HR comes first in the alphabet
        pairs = data.pairs(*where, image_size=32, flip=True, batch_size=2)
        inputs, targets = pairs.examples(4)
        assert inputs.shape == (4, 8, 8, 3) and targets.shape == (4, 32, 32, 3)
        np.testing.assert_array_equal(targets[:, ::4, ::4], inputs)
        for inputs, targets in (pairs[0], pairs[1]):
            np.testing.assert_array_equal(targets[:, ::4, ::4], inputs)
    shapes = {"input_shape": (8, 8, 3), "image_shape": (32, 32, 3)}
    batch = data.image_pairs((tmp_path / "LR", tmp_path / "HR"), paired=True, **shapes)[0]
    assert [part.shape for part in batch] == [(1, 8, 8, 3), (1, 32, 32, 3)]
    cut = data.pairs(tmp_path / "LR", tmp_path / "HR", image_size=16, crop=16).examples(4)
    np.testing.assert_array_equal(cut[1][:, ::4, ::4], cut[0])
    with pytest.raises(ValueError, match=r"multiples of 4.*Received: image_size=\(30, 30\)"):
        data.pairs(tmp_path, image_size=30)
    with pytest.raises(ValueError, match=r"without jitter. Received: jitter=4"):
        data.pairs(tmp_path, image_size=28, jitter=4)
    with pytest.raises(ValueError, match="one size in pixels, or targets larger by a whole factor"):
        data.pairs(tmp_path / "HR", tmp_path / "LR", image_size=32)


def test_pairs_of_two_factors_two_of_one_name_and_a_stray_picture_are_named(tmp_path):
    folder_of(tmp_path / "in", numbered(2, (4, 4)))
    folder_of(tmp_path / "out", numbered(2, (8, 8)))
    Image.new("RGB", (12, 12)).save(tmp_path / "out" / "01.png")
    with pytest.raises(ValueError, match=r"one factor\. Received: .*out/00\.png of 8 x 8; .*out/01\.png of 12 x 12"):
        data.pairs(tmp_path, image_size=8)
    Image.new("RGB", (8, 8)).save(tmp_path / "out" / "00.bmp")
    with pytest.raises(ValueError, match=r"one picture of each name\. Received: .*00\.bmp and .*00\.png"):
        data.pairs(tmp_path, image_size=8)
    Image.new("RGB", (8, 8)).save(tmp_path / "cover.png")
    for read in (data.pairs, data.unpaired):
        with pytest.raises(ValueError, match=r"two sub-folders.*Received: .*cover\.png beside in and out"):
            read(tmp_path, image_size=8)
