"""What the first parts of frames' networks give, remembered between the candidates of a search."""

from __future__ import annotations

from torch import nn

from spaces.architecture import Architecture
from spaces.space import Inlet
from spaces.temporal.temporal_space import TemporalSpace
from workers.evaluation.opening import Opening, opened_by
from workers.search.footage import Footage
from workers.search.prefix_cache import PrefixCache

FLOAT_BYTES = 4


class Openings:
    """Features of each frame's crops behind the inlets of its CNN, in at most `max_bytes`.

    Only behind inlets of which all frames' features fit: otherwise each frame would drive out another's, and
    all the crops' features at once may be more than there is memory.
    """

    def __init__(self, space: TemporalSpace, footage: Footage, max_bytes: int) -> None:
        self.space, self.footage = space, footage
        self.cache: PrefixCache[Opening] = PrefixCache(max_bytes)

    def of(self, network: nn.Module, frame: int, architecture: Architecture) -> Opening:
        """What `network`, of frame `frame` and this architecture, begins from: features if there is room."""
        footage, choices = self.footage, self.space.cnn.parts(architecture)
        inlets = [each for each in self.space.cnn.inlets if self._fits(each, choices[each.part].width)]
        keys = (frame, *choices[: len(inlets)])
        recalibration = footage.recalibration.frames[frame].images
        plain = Opening(recalibration, recalibration, footage.crops.frames[frame].images)
        opening = self.cache.longest(keys) or plain
        parts = self.space.first_parts(network)[: len(inlets)]
        for part in parts[len(opening.statistics) :]:
            opening = opened_by(part, opening, footage.batch_size)
            self.cache.put(keys[: 1 + len(opening.statistics)], opening, opening.bytes)
        return opening

    def _fits(self, inlet: Inlet, part_width: int) -> bool:
        crops, recalibration = len(self.footage.crops), len(self.footage.recalibration)
        passes = 1 if len(self.footage.recalibration.frames[0]) <= self.footage.batch_size else 2
        features = inlet.outputs * part_width * inlet.pixels
        return (crops + passes * recalibration) * features * FLOAT_BYTES <= self.cache.max_bytes
