"""Small image files whose EXIF orientation, declared size and content are known."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np

HEIGHT, WIDTH = 60, 90


def corner_picture(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Grey, with a white rectangle in the top left corner that says which way up it is."""
    image = np.full((height, width, 3), 40, np.uint8)
    image[: height // 3, : width // 3] = 255
    return image


def stored_for(shown: np.ndarray, orientation: int) -> np.ndarray:
    """What a camera stores so that EXIF's `orientation` shows the picture."""
    transposed = shown.transpose(1, 0, 2)
    stored = {
        1: shown, 2: shown[:, ::-1], 3: shown[::-1, ::-1], 4: shown[::-1], 5: transposed,
        6: np.rot90(shown), 7: transposed[::-1, ::-1], 8: np.rot90(shown, -1),
    }  # fmt: skip
    return np.ascontiguousarray(stored[orientation])


def exif(orientation: int) -> bytes:
    return b"MM\x00\x2a" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def jpeg(pixels: np.ndarray, orientation: int | None = None) -> bytes:
    data = _encoded(".jpg", pixels)
    if orientation is None:
        return data
    block = b"Exif\x00\x00" + exif(orientation)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]


def png(pixels: np.ndarray, orientation: int | None = None) -> bytes:
    data = _encoded(".png", pixels)
    return data if orientation is None else data[:33] + _chunk(b"eXIf", exif(orientation)) + data[33:]


def webp(pixels: np.ndarray, orientation: int) -> bytes:
    height, width = pixels.shape[:2]
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    block = exif(orientation)
    parts = b"VP8X" + struct.pack("<I", 10) + bytes([8, 0, 0, 0]) + size + _encoded(".webp", pixels)[12:]
    content = b"WEBP" + parts + b"EXIF" + struct.pack("<I", len(block)) + block
    return b"RIFF" + struct.pack("<I", len(content)) + content


def png_bomb(height: int = 50_000, width: int = 50_000) -> bytes:
    """A few bytes that declare more pixels than memory holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(100))) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def jpeg_bomb(height: int = 50_000, width: int = 50_000) -> bytes:
    """The same as a JPEG."""
    data = jpeg(corner_picture())
    at = next(at for mark in (b"\xff\xc0", b"\xff\xc2") if (at := data.find(mark)) >= 0)
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def as_opencv_reads(data: bytes) -> np.ndarray:
    """The picture as cv2.imread has it."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _encoded(kind: str, pixels: np.ndarray) -> bytes:
    done, data = cv2.imencode(kind, pixels)
    assert done
    return data.tobytes()


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
