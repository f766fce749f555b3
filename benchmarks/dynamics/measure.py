"""What is drawn and tabled: of each method on each game its field, its path, its eigenvalues, and a verdict."""

from collections.abc import Iterator
from dataclasses import dataclass

import closed_forms
import numpy as np
from games import GAMES, METHODS, RATE, Game, Method

START, STEPS = (1.0, 0.0), 120
SIDE, POINTS = 1.6, 9  # of the field: from -SIDE to SIDE on both axes


@dataclass(frozen=True)
class Found:
    """A method on a game.

    Attributes:
        key: of the method.
        method: the method.
        game: "bilinear" or "dirac".
        field: (POINTS, POINTS, 2): what a step from rest changes, divided by the learning rate.
        path: (steps + 1, 2), theta and psi.
        measured: eigenvalues of a step at the equilibrium, or None where it has no derivative.
        expected: these in closed form.
    """

    key: str
    method: Method
    game: str
    field: np.ndarray
    path: np.ndarray
    measured: np.ndarray | None
    expected: np.ndarray | None

    @property
    def distances(self) -> np.ndarray:
        return np.hypot(*self.path.T)

    @property
    def radius(self) -> float | None:
        """The largest modulus of the eigenvalues in closed form."""
        return None if self.expected is None else float(np.abs(self.expected).max())

    @property
    def error(self) -> float:
        """The farthest that a measured eigenvalue is from the nearest one in closed form."""
        return float(np.abs(self.measured[:, None] - self.expected[None]).min(axis=1).max())

    @property
    def verdict(self) -> str:
        """By the path: its last quarter against the one before."""
        quarter = max(1, len(self.path) // 4)
        before, last = self.distances[-2 * quarter : -quarter].mean(), self.distances[-quarter:].mean()
        if self.distances[-1] < 0.02:
            return "converges"
        if last < 0.96 * before:
            return "comes nearer"
        return "diverges" if last > 1.05 * before else "circles"


def field(game: Game) -> np.ndarray:
    side = np.linspace(-SIDE, SIDE, POINTS)
    grid = [[np.array([theta, psi]) for theta in side] for psi in side]
    return np.array([[(game.step(point) - point) / RATE for point in row] for row in grid])


def found(key: str, name: str) -> Found:
    method = METHODS[key]
    game = method.game(name)
    expected = closed_forms.eigenvalues(key, name, rate=RATE, setting=method.setting)
    measured = np.linalg.eigvals(game.jacobian()) if expected is not None else None
    return Found(key, method, name, field(game), game.trajectory(START, STEPS), measured, expected)


def all_found(only: str = "") -> Iterator[Found]:
    for name in GAMES:
        for key in METHODS:
            if only in key:
                yield found(key, name)
