"""One figure for a whole front: the area of objective space it dominates, exact for two objectives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.errors import AnalysisError
from analysis.pareto import non_dominated, to_costs
from analysis.trials import Direction, comparable, directions


def hypervolume(trials: pd.DataFrame, reference: Mapping[str, float]) -> float:
    """Area the finished trials dominate up to a reference point such as {"gmacs": 1.0, "ap": 0.0}.

    The names of the reference are the two objectives; the area's unit is the product of theirs. Use one
    reference for all runs that are compared. Raises AnalysisError for objectives other than two.
    """
    names = list(reference)
    ways = directions(trials, names)
    return dominated_area(comparable(trials)[names], ways, list(reference.values()))


def dominated_area(values: ArrayLike, ways: Sequence[Direction], reference: Sequence[float]) -> float:
    """Area between the front of `values` (N, 2) and the reference point (2,).

    Rows with NaN, and rows not strictly better than the reference in both objectives, add nothing.
    """
    if len(ways) != 2 or len(reference) != 2 or np.isnan(reference).any():
        raise AnalysisError(
            f"the hypervolume needs two objectives and a number of reference for each; "
            f"got {len(ways)} objectives and reference {tuple(reference)}."
        )
    worst = to_costs([reference], ways)[0]
    costs = to_costs(values, ways)
    front = costs[non_dominated(costs, ("minimize", "minimize")) & (costs < worst).all(axis=1)]
    front = front[np.lexsort((front[:, 1], front[:, 0]))]
    ceilings = np.concatenate([worst[1:], front[:-1, 1]])
    heights = ceilings - front[:, 1]
    used = heights > 0  # an equal row adds nothing
    return float(((worst[0] - front[used, 0]) * heights[used]).sum())
