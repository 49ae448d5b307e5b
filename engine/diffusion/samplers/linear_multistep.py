"""Linear multistep integration (Adams-Bashforth on an uneven grid).

Invariant: the coefficients depend on the noise levels alone and are exact.
"""

import numpy as np

from .state import State, Step


def lms(s: Step, order: int = 4) -> State:
    """Linear multistep of order 4 (K. Crowson, k-diffusion): integrate a polynomial through d."""
    slopes = (s.d, *s.history)[:order]
    if s.sigma_next == 0:
        return s.to(s.denoised)
    nodes = [s.sigmas[s.i - k] for k in range(len(slopes))]
    weights = lagrange_integrals(nodes, s.sigma, s.sigma_next)
    x = s.x + sum(d * w for d, w in zip(slopes, weights, strict=True))
    return s.to(x, *slopes[: order - 1])


def lagrange_integrals(nodes: list[float], a: float, b: float) -> list[float]:
    """Integrals from a to b of the Lagrange polynomials of some nodes."""
    integrals = []
    for k, node in enumerate(nodes):
        others = nodes[:k] + nodes[k + 1 :]
        basis = np.poly1d(others, r=True) / np.prod([node - other for other in others])
        primitive = np.polyint(basis)
        integrals.append(float(primitive(b) - primitive(a)))
    return integrals
