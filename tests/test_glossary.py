"""Every score that a card, a recipe or a family reports is explained, in one text."""

import json
from pathlib import Path

import pytest

from kerasgan import glossary, zoo
from kerasgan.evaluation import ScoreCard

CARDS = sorted((Path(__file__).parent.parent / "zoo").glob("*/card.json"))
NOT_SCORES = {"class_shares", "data", "samples", "seeds"}


def test_the_longest_known_name_is_the_score_and_the_rest_says_of_what():
    assert glossary.named("sharpness_ratio_regions") == ("sharpness_ratio", "regions")
    assert glossary.named("frechet distance digits") == ("frechet_distance", "digits")
    assert glossary.named("recall") == ("recall", "") and glossary.named("recalls") is None
    assert list(glossary.explained(["precision_digits", "mine", "precision"])) == ["precision"]


def test_all_scores_of_the_zoo_are_explained():
    recipes = [zoo.recipe(name) for name in zoo.names()]
    stated = [{**(each.results or {}), **((each.weights or {}).get("scores") or {})} for each in recipes]
    unknown = {name for scores in stated for name in scores if name not in NOT_SCORES and not glossary.named(name)}
    assert stated and not unknown


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.parent.name)
def test_the_cards_of_the_zoo_show_their_numbers_and_what_these_mean(path):
    card = ScoreCard(json.loads(path.read_text(encoding="utf-8")))
    text = path.with_name("card.md").read_text(encoding="utf-8")
    assert card.to_markdown().strip() in text
    for name in card.content["scores"]:
        assert f"- *{glossary.named(name)[0].replace('_', ' ')}*: " in text
