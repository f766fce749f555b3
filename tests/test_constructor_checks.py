"""What families refuse in their constructors, and the shared helpers of networks that may have classes."""

import keras
import pytest

from kerasgan.gan.constructor_checks import check_choice, check_classes, check_doublings, check_multiple
from kerasgan.layers import label_input, pyramid, with_labels
from kerasgan.optimizers import for_both


def test_right_arguments_pass():
    check_choice("variant", "paper", ("paper", "torch"))
    check_classes(2)
    check_classes(None, optional=True)
    assert [check_doublings(size) for size in (8, 10, 28, 48, 64, 896)] == [4, 5, 7, 6, 4, 7]
    check_multiple(28, 4)
    check_multiple(28, 4, smallest=28, largest=28)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (
            lambda: check_choice("variant", "tall", ("paper", "torch")),
            r"Expected variant to be one of paper, torch\. Received: variant='tall'",
        ),
        (lambda: check_choice("scale", 3, (2, 4)), r"Expected scale to be one of 2, 4\. Received: scale=3"),
        (lambda: check_choice("image_size", 64, [32]), r"Expected image_size to be 32\. Received: image_size=64"),
        (lambda: check_classes(1), r"Expected at least two classes\. Received: num_classes=1"),
        (lambda: check_classes(None), r"Expected at least two classes\. Received: num_classes=None"),
        (lambda: check_classes(1, optional=True), r"at least two classes, or None\. Received: num_classes=1"),
        (lambda: check_doublings(36), r"from 8 to 1024 to be 4, 5, 6 or 7 times a.*Received: image_size=36"),
        (lambda: check_doublings(100), r"a power of two, such as 96 or 112 \("),
        (lambda: check_doublings(2000), r"a power of two, such as 1024 \("),
        (lambda: pyramid.doublings(100), r"one or more times, such as 96 or 112\. Received: image_size=100"),
        (lambda: check_doublings(8, smallest=16), r"from 16 to 1024 to be 4, .*Received: image_size=8"),
        (lambda: check_doublings(256, largest=224), r"from 8 to 224 to be 4, .*Received: image_size=256"),
        (lambda: check_doublings(64.0), r"from 8 to 1024 to be 4, .*any size: GAN2014.*Received: image_size=64.0"),
        (lambda: check_multiple(30, 4, otherwise="2"), r"a multiple of 4, or 2\. Received: image_size=30"),
        (lambda: check_multiple(30, 4), r"a multiple of 4\. Received: image_size=30"),
        (lambda: check_multiple(0, 4), r"a multiple of 4\. Received: image_size=0"),
        (lambda: check_multiple(4, 4, smallest=8), r"a multiple of 4 from 8 on\. Received: image_size=4"),
        (lambda: check_multiple(16, 4, smallest=8, largest=12), r"of 4 from 8 to 12\. Received: image_size=16"),
    ],
)
def test_wrong_arguments_are_named(check, message):
    with pytest.raises(ValueError, match=message):
        check()


def test_a_network_without_classes_takes_no_labels():
    latents = keras.Input((4,))
    assert label_input(None) is None
    assert with_labels(latents, None) is latents
    labels = label_input(3)
    assert labels.dtype == "int32"
    assert labels.shape == (None,)
    assert with_labels(latents, labels) == [latents, labels]


def test_both_networks_have_optimizers_of_their_own():
    given = for_both(lambda: keras.optimizers.Adam(3e-4))
    assert sorted(given) == ["discriminator_optimizer", "generator_optimizer"]
    first, second = given.values()
    assert first is not second
    assert float(first.learning_rate) == float(second.learning_rate) == pytest.approx(3e-4)
