"""Names are found whatever their case, wherever users type one."""

import pytest
from command_line import run

from kerasgan import augment, latents, models, names, objectives, penalties, schedules, zoo
from kerasgan.data import blur, derivations
from kerasgan.evaluation import material, scores
from kerasgan.models import feature_networks
from kerasgan.training import train


def test_an_exact_name_comes_before_one_of_another_case_and_hyphens_are_underscores():
    assert names.find("R1", ["r1", "R1"]) == "R1"
    assert names.find("Least-Squares", ["least_squares"]) == "least_squares"
    assert names.find("dcgan_digits", ["dcgan-digits"]) == "dcgan-digits"
    assert names.find("r3", ["r1", "r2"]) is None and names.find(None, ["None"]) is None


def test_an_unknown_name_is_refused_with_the_nearest_ones_or_with_all():
    with pytest.raises(ValueError, match=r"^Expected a fruit such as apple. Received: fruit='APPEL'$"):
        names.resolve("APPEL", ["apple", "fig"], expected="a fruit", received="fruit='APPEL'")
    with pytest.raises(ValueError, match=r"such as apple, pear\. "):
        names.resolve("xyz", ["apple", "pear"], expected="a fruit", received="fruit='xyz'")
    many = [f"k{number:03}" for number in range(126)]
    with pytest.raises(ValueError, match=r"such as k000, .*k029, \.\.\. \(126 in all\)\. "):
        names.resolve("xyz", many, expected="a fruit", received="fruit='xyz'")


def test_pythons_error_about_an_argument_gets_the_most_similar_one():
    def told(call):
        with pytest.raises(TypeError) as caught:
            call()
        return str(caught.value)

    gan = models.DCGAN(**models.DCGAN.tiny_config)
    assert told(lambda: gan.compile(ema_halflife=3)).endswith("'ema_halflife'. Did you mean 'ema_half_life'?")
    assert told(lambda: gan.fit(epoch=2)).endswith("'epoch'. Did you mean 'epochs'?")
    assert told(lambda: models.DCGAN(image_sizes=8)).endswith("'image_sizes'. Did you mean 'image_size'?")
    assert told(lambda: gan.compile(qqq=3)) == "compile() got an unexpected keyword argument 'qqq'"
    gan.compile(run_eagerly=True)  # Keras' own


def test_every_kind_of_name_is_found_whatever_its_case():
    assert type(objectives.get("Hinge")) is objectives.Hinge
    assert type(objectives.get({"name": "LEAST-SQUARES"})) is objectives.LeastSquares
    assert objectives.get({"name": "f_divergence", "divergence": "Reverse_KL"}).get_config()["divergence"]
    assert type(penalties.get("R1")) is type(penalties.get("r1"))
    assert type(augment.get("ADA")) is augment.ADA and type(latents.get("Normal")) is type(latents.get("normal"))
    assert type(schedules.get({"name": "cosine", "start": 1.0, "end": 0.0, "steps": 9})) is schedules.Cosine
    assert blur.kernel({"name": "Defocus", "radius": 2}).shape == blur.kernel({"name": "defocus", "radius": 2}).shape
    assert derivations.derivation("Edges") and feature_networks.check({"name": "VGG19"}) == "vgg19"
    assert scores.checked(["Frechet-Distance"]) == ("frechet_distance",)
    assert material.feature_network("Thumbnails").name == "thumbnails"
    assert zoo.names(family="stylegan2") == zoo.names(family="StyleGAN2") != []
    assert zoo.recipe("DCGAN-Digits").name == "dcgan-digits"


def test_a_recipe_names_families_optimizers_and_objectives_in_any_case(tmp_path):
    path = tmp_path / "recipe.toml"
    text = zoo.recipe("dcgan-digits").path.read_text(encoding="utf-8")
    path.write_text(text.split("[weights]")[0].replace('"DCGAN"', '"dcgan"'), encoding="utf-8")
    settings = ["train.objective=HINGE", 'train.generator_optimizer={name = "ADAM", learning_rate = 1e-4}']
    gan = zoo.build(train.assign(zoo.recipe(path), settings))
    assert type(gan).__name__ == "DCGAN" and type(gan.objective).__name__ == "Hinge"


def test_the_command_line_takes_any_case():
    assert "dcgan-digits" in run("info", "Dcgan-Digits").output
    assert [line.split()[0] for line in run("list", "--family", "R3gan").output.splitlines() if "digits" in line]
