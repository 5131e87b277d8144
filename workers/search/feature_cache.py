"""Cached features: what the first parts of frames' networks give, kept between the candidates of a search."""

from __future__ import annotations

from typing import final

from torch import nn

from spaces.architecture import Architecture
from spaces.space import Inlet
from spaces.temporal.temporal_space import TemporalSpace
from workers.evaluation.cached_features import CachedFeatures, features_behind
from workers.search.evaluation_clips import EvaluationClips
from workers.search.prefix_cache import PrefixCache

FLOAT_BYTES = 4


@final
class FeatureCache:
    """Cached features of each frame's crops behind the first parts of its CNN, in at most `max_bytes`.

    Only behind inlets of which all frames' features fit: otherwise each frame would drive out another's, and
    all the crops' features at once may be more than there is memory.
    """

    def __init__(self, space: TemporalSpace, clips: EvaluationClips, max_bytes: int) -> None:
        self.space, self.clips = space, clips
        self.cache: PrefixCache[CachedFeatures] = PrefixCache(max_bytes)

    def of(self, network: nn.Module, frame: int, architecture: Architecture) -> CachedFeatures:
        """What `network`, of frame `frame` and this architecture, begins from: features if there is room."""
        clips, choices = self.clips, self.space.cnn.parts(architecture)
        inlets = [each for each in self.space.cnn.inlets if self._fits(each, choices[each.part].width)]
        keys = (frame, *choices[: len(inlets)])
        recalibration = clips.recalibration.frames[frame].images
        plain = CachedFeatures(recalibration, recalibration, clips.crops.frames[frame].images)
        features = self.cache.longest(keys) or plain
        parts = self.space.first_parts(network)[: len(inlets)]
        for part in parts[len(features.statistics) :]:
            features = features_behind(part, features, clips.batch_size)
            self.cache.put(keys[: 1 + len(features.statistics)], features, features.bytes)
        return features

    def _fits(self, inlet: Inlet, part_width: int) -> bool:
        crops, recalibration = len(self.clips.crops), len(self.clips.recalibration)
        passes = 1 if len(self.clips.recalibration.frames[0]) <= self.clips.batch_size else 2
        values = inlet.outputs * part_width * inlet.pixels
        return (crops + passes * recalibration) * values * FLOAT_BYTES <= self.cache.max_bytes
