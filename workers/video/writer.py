"""A video file written frame by frame."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import final

import cv2
import numpy as np

from workers.errors import DataError

CODEC = "mp4v"  # OpenCV's wheels write it without further libraries


@final
class VideoWriter:
    """Opens at the first frame, whose size all must have; nothing is left of a video that was broken off."""

    def __init__(self, path: Path, frames_per_second: float) -> None:
        self.path, self.frames_per_second = path, frames_per_second
        self._draft = path.with_name(f".part.{path.name}")
        self._writer: cv2.VideoWriter | None = None
        self._shape: tuple[int, ...] = ()
        self._frames = 0

    def __enter__(self) -> VideoWriter:
        return self

    def write(self, image: np.ndarray) -> None:
        """BGR. Raises DataError where no such file can be written, or the image has another size."""
        if self._writer is None:
            self._writer, self._shape = self._open(image), image.shape
        if image.shape != self._shape:
            raise DataError(
                f"the frames of a video must be of one size, but after {self._shape[:2]} comes "
                f"{image.shape[:2]}. Leave the video out, or predict these frames apart."
            )
        self._writer.write(image)
        self._frames += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises DataError where the disk did not take all of it."""
        if self._writer is None:
            return
        self._writer.release()
        try:
            if kind is None:
                self._keep()
        finally:
            self._draft.unlink(missing_ok=True)

    def _keep(self) -> None:
        """OpenCV says nothing of a disk that fills: what cannot be read back whole was not written."""
        written = cv2.VideoCapture(str(self._draft))
        try:
            whole = written.isOpened() and round(written.get(cv2.CAP_PROP_FRAME_COUNT)) == self._frames
        finally:
            written.release()
        if not whole:
            raise DataError(
                f"{self.path} must hold {self._frames} frames, but could not be written whole. Make room "
                "for it."
            )
        self._draft.replace(self.path)

    def _open(self, image: np.ndarray) -> cv2.VideoWriter:
        height, width = image.shape[:2]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"{self.path.parent} must be a folder that can be written to: {error}") from error
        code = cv2.VideoWriter.fourcc(*CODEC)
        writer = cv2.VideoWriter(str(self._draft), code, self.frames_per_second, (width, height))
        if not writer.isOpened():
            raise DataError(
                f"cannot write a video to {self.path}. Give a name that ends in .mp4, in a "
                "folder that can be written to."
            )
        return writer
