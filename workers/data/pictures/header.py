"""How large an image says that it is, and which way up, read from its first bytes without decoding it.

OpenCV allocates what a header declares before it finds out that the file is a few bytes long, so the size is
looked at before. Formats: JPEG, PNG, WebP, BMP, GIF, TIFF, JPEG 2000, AVIF and PNM.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

_TURNED = range(5, 9)  # EXIF's orientations that swap height and width
_ORIENTATION, _TIFF_WIDTH, _TIFF_HEIGHT = 0x0112, 0x0100, 0x0101
_MOST_SEGMENTS = 10_000  # of a JPEG before its size; of a PNG; entries of a TIFF directory
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}
_JPEG_SIZES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@final
@dataclass(frozen=True, slots=True)
class Header:
    """What an image file declares."""

    stored_hw: tuple[int, int]
    orientation: int = 1  # EXIF's: 1 to 8

    @property
    def upright_hw(self) -> tuple[int, int]:
        """Height and width once the orientation is applied."""
        height, width = self.stored_hw
        return (width, height) if self.orientation in _TURNED else self.stored_hw


def read_header(data: bytes) -> Header | None:
    """The header of an image file's content; None where it is in no format that is known here."""
    try:
        for begins, read in _FORMATS:
            if begins.match(data):
                header = read(data)
                return header if header is not None and min(header.stored_hw) > 0 else None
    except (struct.error, IndexError, ValueError):
        pass  # it ends within its header
    return None


def _jpeg(data: bytes) -> Header | None:
    at, orientation = 2, 1
    for _ in range(_MOST_SEGMENTS):
        at = data.index(b"\xff", at)
        while data[at] == 0xFF:
            at += 1
        marker, at = data[at], at + 1
        if marker in _WITHOUT_LENGTH:
            continue
        (length,) = struct.unpack_from(">H", data, at)
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", data, at + 3)
            return Header((height, width), orientation)
        if marker == 0xE1 and data[at + 2 : at + 8] == b"Exif\0\0":
            orientation = _exif(data[at + 8 : at + length])
        at += length
    return None


def _png(data: bytes) -> Header | None:
    width, height = struct.unpack_from(">II", data, 16)
    return Header((height, width), _chunk_orientation(data, 8, ">", b"eXIf"))


def _webp(data: bytes) -> Header | None:
    kind = data[12:16]
    if len(data) < 30:
        return None
    if kind == b"VP8X":
        size = (int.from_bytes(data[27:30], "little") + 1, int.from_bytes(data[24:27], "little") + 1)
    elif kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        size = ((bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1)
    else:
        width, height = struct.unpack_from("<HH", data, 26)
        size = (height & 0x3FFF, width & 0x3FFF)
    return Header(size, _chunk_orientation(data, 12, "<", b"EXIF"))


def _chunk_orientation(data: bytes, at: int, order: str, wanted: bytes) -> int:
    """Orientation in the chunk `wanted`; in PNG length and name come before it, a checksum behind."""
    png = order == ">"
    for _ in range(_MOST_SEGMENTS):
        if at + 8 > len(data):
            break
        length = struct.unpack_from(f"{order}I", data, at if png else at + 4)[0]
        if (data[at + 4 : at + 8] if png else data[at : at + 4]) == wanted:
            return _exif(data[at + 8 : at + 8 + length])
        at += 8 + length + (4 if png else length % 2)
    return 1


def _bmp(data: bytes) -> Header | None:
    if struct.unpack_from("<I", data, 14)[0] == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return Header((abs(height), abs(width)))


def _gif(data: bytes) -> Header | None:
    width, height = struct.unpack_from("<HH", data, 6)
    return Header((height, width))


def _tiff(data: bytes) -> Header | None:
    entries = _directory(data)
    if _TIFF_WIDTH not in entries or _TIFF_HEIGHT not in entries:
        return None
    return Header((entries[_TIFF_HEIGHT], entries[_TIFF_WIDTH]), _valid(entries.get(_ORIENTATION, 1)))


def _jp2(data: bytes) -> Header | None:
    height, width = struct.unpack_from(">II", data, data.index(b"ihdr") + 4)
    return Header((height, width))


def _codestream(data: bytes) -> Header | None:
    right, bottom, left, top = struct.unpack_from(">IIII", data, 8)
    return Header((bottom - top, right - left))


def _avif(data: bytes) -> Header | None:
    """The largest of the images inside, which are the picture, its transparency and its tiles."""
    sizes = [struct.unpack_from(">II", data, found.end() + 4) for found in re.finditer(b"ispe", data[:65536])]
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return Header((height, width))


def _pnm(data: bytes) -> Header | None:
    found = re.match(rb"P[1-6](?:\s|#[^\n]*\n)+(\d{1,10})(?:\s|#[^\n]*\n)+(\d{1,10})\s", data[:4096])
    return Header((int(found[2]), int(found[1]))) if found else None


def _exif(block: bytes) -> int:
    try:
        return _valid(_directory(block).get(_ORIENTATION, 1))
    except struct.error:
        return 1


def _valid(orientation: int) -> int:
    return orientation if 1 <= orientation <= 8 else 1


def _directory(block: bytes) -> dict[int, int]:
    """The first directory of a TIFF structure: short and long values by their tags."""
    order = {b"II": "<", b"MM": ">"}.get(block[:2], "<")
    (start,) = struct.unpack_from(f"{order}I", block, 4)
    (count,) = struct.unpack_from(f"{order}H", block, start)
    entries: dict[int, int] = {}
    for number in range(min(count, _MOST_SEGMENTS)):
        at = start + 2 + 12 * number
        tag, kind = struct.unpack_from(f"{order}HH", block, at)
        if kind in (3, 4):
            entries[tag] = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", block, at + 8)[0]
    return entries


_FORMATS: tuple[tuple[re.Pattern[bytes], Callable[[bytes], Header | None]], ...] = tuple(
    (re.compile(begins, re.DOTALL), read)
    for begins, read in (
        (rb"\xff\xd8\xff", _jpeg), (rb"\x89PNG\r\n\x1a\n", _png), (rb"RIFF....WEBP", _webp), (rb"BM", _bmp),
        (rb"GIF8[79]a", _gif), (rb"II\*\x00|MM\x00\*", _tiff), (rb"....jP  ", _jp2),
        (rb"\xff\x4f\xff\x51", _codestream), (rb"....ftypavi[fs]", _avif), (rb"P[1-6]\s", _pnm),
    )
)  # fmt: skip
