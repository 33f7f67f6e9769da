"""Maximum coverage: who goes where, so that what is covered together is worth most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from errors import VigiaError

GAP = 0.005  # of the best there is: nearer than what is expected is known
NODES = 3000  # of the search; no time limit, which would give another plan on a slower machine


@dataclass(frozen=True)
class Plan:
    """`goes` (sent, places) of zeros and ones; `covered` (places,) from 0 to 1; `gap` how far from the best it may be, as a share of it."""

    goes: np.ndarray
    covered: np.ndarray
    gap: float


def most_covered(value: np.ndarray, reach: np.ndarray, shifts: np.ndarray, kind: np.ndarray, covers: dict[str, sparse.csr_array], must: np.ndarray) -> Plan:
    """Church & ReVelle's maximal covering (1974) by a mixed-integer programme (HiGHS).

    `value` (places,) of covering each once; `reach` (sent, places) true where one may go; `shifts` (sent,) how many places each may be sent to;
    `kind` (sent,) names its row of `covers`, (places, places) ones where standing at the row's place covers the column's. Of the places `must` as many as can
    be are gone to, before all else.

    >>> plan = most_covered(np.array([5.0, 3.0, 1.0]), np.array([[True, True, False]]), np.array([1]), np.array(["patrol"]), {"patrol": sparse.eye_array(3).tocsr()}, np.array([], int))
    >>> plan.goes.tolist(), plan.gap
    ([[1, 0, 0]], 0.0)
    """
    who, where = np.nonzero(reach)
    n, places, goals = len(who), len(value), len(must)
    if n == 0:
        return Plan(np.zeros(reach.shape, np.int64), np.zeros(places), 0.0)
    # Columns: who goes where (n), how far each place is covered (places), which of `must` is gone to (goals).
    goes_at = sparse.csr_array((np.ones(n), (where, np.arange(n))), shape=(places, n))
    covering = sparse.csr_array((places, n))
    for name, matrix in covers.items():
        of_kind = sparse.diags_array((kind[who] == name).astype(float))
        covering = covering + matrix.T @ goes_at @ of_kind
    each = sparse.csr_array((np.ones(n), (who, np.arange(n))), shape=(len(shifts), n))
    rows = [(each, None, None, np.full(len(shifts), -np.inf), shifts.astype(float)),
            (covering, -sparse.eye_array(places), None, np.zeros(places), np.full(places, np.inf))]
    if goals:
        rows.append((goes_at[must], None, -sparse.eye_array(goals), np.zeros(goals), np.full(goals, np.inf)))
    widths = (n, places, goals)
    matrix = sparse.vstack([sparse.hstack([part if part is not None else sparse.csr_array((low.size, width)) for part, width in zip(parts, widths)]) for *parts, low, _ in rows])
    total = float(value.sum()) or 1.0
    cost = -np.concatenate([np.zeros(n), value / total, np.full(goals, 2.0)])
    found = milp(cost, integrality=np.concatenate([np.ones(n), np.zeros(places), np.ones(goals)]), bounds=Bounds(0, 1),
                 constraints=LinearConstraint(matrix.tocsc(), np.concatenate([r[3] for r in rows]), np.concatenate([r[4] for r in rows])),
                 options={"mip_rel_gap": GAP / 10 / (1 + 2 * goals), "node_limit": NODES})  # the goals, and what nobody can cover, are part of what it is a share of
    if found.x is None:
        raise VigiaError(f"no plan was found: {found.message}")
    goes = np.zeros(reach.shape, np.int64)
    goes[who, where] = np.round(found.x[:n]).astype(np.int64)
    _fill(goes, value, reach, shifts, kind, covers)
    covered = np.minimum(1.0, covering @ goes[who, where].astype(float))
    best = -float(found.mip_dual_bound) - 2.0 * float(np.round(found.x[n + places:]).sum())
    reached = float(value @ covered) / total
    return Plan(goes, covered, max(0.0, min(1.0, best) - reached) / max(reached, 1e-12) if best - reached > 1e-9 else 0.0)


def _fill(goes: np.ndarray, value: np.ndarray, reach: np.ndarray, shifts: np.ndarray, kind: np.ndarray, covers: dict[str, sparse.csr_array]) -> None:
    """Shifts that the search left idle, as it was near enough: each to the place that adds most."""
    seen = np.zeros(len(value), bool)
    for u, place in zip(*np.nonzero(goes)):
        seen[covers[kind[u]][[place]].indices] = True
    for u in range(len(shifts)):
        while goes[u].sum() < shifts[u]:
            adds = np.where(reach[u] & (goes[u] == 0), covers[kind[u]] @ np.where(seen, 0.0, value), 0.0)
            best = int(adds.argmax())
            if adds[best] <= 0:
                break
            goes[u, best] = 1
            seen[covers[kind[u]][[best]].indices] = True
