"""Training batches of clips: as those of people, with the frames of a clip together and augmented alike."""

# Shapes: B clips, T + 1 frames, K joints, H/W input pixels, h/w heatmap cells.
from __future__ import annotations

from dataclasses import replace
from typing import Any, final

from workers.data.batches.augment import Augmentation, Draw
from workers.data.batches.samples import Plan, Planned, half_drawn
from workers.data.batches.training_set import TrainingSet
from workers.data.clips import Clip, Clips
from workers.data.codec import Codec


@final
class ClipTrainingSet(TrainingSet):
    """Augmented crops and heatmaps of clips, with everything that `PeopleTrainingSet` does for single people.

    `batch_size` counts clips. A batch's arrays are clip after clip, frame after frame: images (B * (T + 1),
    H, W, 3), targets and weights likewise; `unflatten(0, (-1, frames))` parts the clips once they are
    tensors. Every frame has its own box; rotation, scale, flip and half-body are one draw for the whole
    clip. Where a frame has too few labelled joints for a half, no frame of the clip is halved.
    """

    def __init__(self, clips: Clips, codec: Codec, augmentation: Augmentation, **options: Any) -> None:
        super().__init__(clips.people, codec, augmentation, **options)
        self.clips = clips

    @property
    def samples(self) -> int:
        return len(self.clips)

    @property
    def frames(self) -> int:
        return self.clips.frames

    def _planned(self, sample: int, draw: Draw) -> Plan:
        clip = self.clips.clips[sample]
        draw = self._for_all(clip, draw)
        return [Planned(row, person, draw) for row, person in zip(clip.rows, clip.frames, strict=True)]

    def _for_all(self, clip: Clip, draw: Draw) -> Draw:
        if not draw.half_body:
            return draw
        skeleton = self.people.skeleton
        halves = [half_drawn(person, draw, self.augmentation, skeleton) for person in clip.frames]
        return draw if all(halves) else replace(draw, half_body=False)
