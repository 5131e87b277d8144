"""Boosted trees as plain arrays: what scikit-learn has grown, kept without its pickles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

LEAF = -1  # as the feature of a node


@final
@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """The nodes of all trees behind one another. Shapes: T trees, M nodes."""

    start: float  # that the trees' values are added to
    roots: Int[np.ndarray, " T"]
    feature: Int[np.ndarray, " M"]
    threshold: Float[np.ndarray, " M"]  # a feature up to it goes left; scikit-learn compares float32
    left: Int[np.ndarray, " M"]
    right: Int[np.ndarray, " M"]
    value: Float[np.ndarray, " M"]

    @classmethod
    def of(cls, model: Any) -> "Trees":
        """Takes the trees out of a fitted GradientBoostingRegressor of scikit-learn."""
        grown = [stage[0].tree_ for stage in model.estimators_]
        roots = np.cumsum([0, *(tree.node_count for tree in grown[:-1])])
        inner = np.concatenate([tree.children_left for tree in grown]) >= 0
        shift = np.repeat(roots, [tree.node_count for tree in grown])

        def joined(name: str) -> np.ndarray:
            return np.concatenate([getattr(tree, name).ravel() for tree in grown])

        def indices(name: str) -> np.ndarray:
            return joined(name).astype(np.int64)  # scikit-learn's longlong is as large, but another type

        return cls(
            start=float(model.init_.constant_.item()),
            roots=roots,
            feature=np.where(inner, indices("feature"), LEAF),
            threshold=np.where(inner, joined("threshold"), 0),
            left=np.where(inner, indices("children_left") + shift, 0),
            right=np.where(inner, indices("children_right") + shift, 0),
            value=joined("value") * model.learning_rate,
        )

    def __call__(self, features: Float[np.ndarray, "N F"]) -> Float[np.ndarray, " N"]:
        rounded = features.astype(np.float32)
        samples = np.arange(len(features))[:, None]
        nodes = np.tile(self.roots, (len(features), 1))
        while (self.feature[nodes] != LEAF).any():
            inner = self.feature[nodes] != LEAF
            goes_left = rounded[samples, self.feature[nodes]] <= self.threshold[nodes]
            nodes = np.where(inner, np.where(goes_left, self.left[nodes], self.right[nodes]), nodes)
        return self.start + self.value[nodes].sum(axis=1)

    def to_dict(self) -> dict[str, Any]:
        arrays = ((name, getattr(self, name)) for name in self.__slots__)
        return {name: value if name == "start" else value.tolist() for name, value in arrays}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Trees":
        real = {"threshold", "value"}
        arrays = {
            name: np.array(value[name], dtype=float if name in real else int)
            for name in cls.__slots__
            if name != "start"
        }
        trees = cls(start=float(value["start"]), **arrays)
        trees._check()
        return trees

    def _check(self) -> None:
        """Raises ValueError unless every way through a tree ends: children stand behind their parents."""
        nodes, inner = np.arange(len(self.feature)), self.feature != LEAF
        columns = (self.feature, self.threshold, self.left, self.right, self.value)
        if any(column.shape != nodes.shape for column in columns) or self.roots.ndim != 1:
            raise ValueError("the trees' columns must be of one length")
        children = np.stack([self.left, self.right])[:, inner]
        if not ((children > nodes[inner]) & (children < len(nodes))).all():
            raise ValueError("a tree's node must stand before its children")
        if not ((self.roots >= 0) & (self.roots < len(nodes))).all() or (self.feature < LEAF).any():
            raise ValueError("the trees' roots and features must be there")


_NONE = np.zeros(0, dtype=int)
NO_TREES = Trees(0.0, _NONE, _NONE, np.zeros(0), _NONE, _NONE, np.zeros(0))
