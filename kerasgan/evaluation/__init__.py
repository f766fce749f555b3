"""Score cards: models measured against real images, every number with its interval and its protocol."""

from kerasgan.evaluation.pair_card import pair_card
from kerasgan.evaluation.score_card import ScoreCard, score_card
from kerasgan.scalars import guard

__all__ = ["ScoreCard", "pair_card", "score_card"]

guard(globals(), __all__)
