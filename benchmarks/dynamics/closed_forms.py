"""Eigenvalues of a step at the equilibrium, from the equations: nothing here comes from kerasgan.

With c the slope of the losses at the equilibrium, 1 in the bilinear game and 1/2 in the Dirac-GAN, the flow there is
theta' = c psi, psi' = -c theta, with the eigenvalues i c and -i c (Mescheder et al. 2018, 1801.04406, lemma 2.2).
"""

import numpy as np

SLOPES = {"bilinear": 1.0, "dirac": 0.5}
CURVATURE = {"bilinear": 0.0, "dirac": 0.25}  # -f''(0): what instance noise works through


def _both(value: complex) -> np.ndarray:
    return np.array([value, np.conj(value)])


def simultaneous(rate: float, slope: float) -> np.ndarray:
    """|lambda|^2 = 1 + rate^2 slope^2: away from the equilibrium at every rate."""
    return _both(1 + 1j * rate * slope)


def alternating(rate: float, slope: float) -> np.ndarray:
    """Trace 2 - (rate slope)^2 and determinant 1: on a circle while rate * slope < 2."""
    return np.roots([1.0, (rate * slope) ** 2 - 2, 1.0]).astype(complex)


def momentum(rate: float, slope: float, beta: float) -> np.ndarray:
    """Alternating, heavy ball: (l - 1)^2 (l - beta)^2 + (rate slope)^2 l^3 = 0 (see Gidel et al. 2019, 1807.04740)."""
    first = np.polymul([1.0, -1.0], [1.0, -beta])
    return np.roots(np.polyadd(np.polymul(first, first), [(rate * slope) ** 2, 0, 0, 0])).astype(complex)


def extragradient(rate: float, slope: float) -> np.ndarray:
    """|lambda|^2 = 1 - (rate slope)^2 + (rate slope)^4: toward it while rate * slope < 1."""
    return _both(1 + 1j * rate * slope - (rate * slope) ** 2)


def optimistic(rate: float, slope: float) -> np.ndarray:
    """l^2 - (1 + 2 a) l + a = 0 for a = i rate slope and its conjugate."""
    several = [np.roots([1.0, -(1 + 2 * a), a]) for a in _both(1j * rate * slope)]
    return np.concatenate(several)


def consensus(rate: float, slope: float, weight: float) -> np.ndarray:
    """||v||^2 / 2 adds -weight slope^2 to both diagonals."""
    return _both(1 + 1j * rate * slope - rate * weight * slope**2)


def damped(rate: float, slope: float, damping: float) -> np.ndarray:
    """1 + rate l with l^2 + damping l + slope^2 = 0 (theorem 4.1 for R1, whose weight is the damping).

    The damping of instance noise of a deviation s is 2 |f''(0)| s^2: lemma 3.2.
    """
    return 1 + rate * np.roots([1.0, damping, slope**2]).astype(complex)


def eigenvalues(method: str, game: str, *, rate: float, setting: float) -> np.ndarray | None:
    """Those of a method of `games.METHODS` with its one setting, or None where a step has no derivative.

    Clipped weights are as good as none near the equilibrium.
    """
    slope = SLOPES[game]
    of_rate = {"simultaneous": simultaneous, "clip": simultaneous, "alternating": alternating}
    of_rate |= {"extragradient": extragradient, "optimistic": optimistic}
    if method in of_rate:
        return of_rate[method](rate, slope)
    of_setting = {"momentum": momentum, "negative": momentum, "consensus": consensus, "r1": damped}
    if method in of_setting:
        return of_setting[method](rate, slope, setting)
    return damped(rate, slope, 2 * CURVATURE[game] * setting**2) if method == "noise" else None
