from __future__ import annotations

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.data.some_pictures import (
    as_opencv_reads,
    corner_picture,
    exif,
    jpeg,
    jpeg_bomb,
    png,
    png_bomb,
    webp,
)
from workers.data.pictures.header import Header, read_header

KINDS = (".jpg", ".png", ".webp", ".bmp", ".gif", ".tiff", ".jp2", ".avif", ".ppm", ".pgm", ".pbm")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(60, 90), (90, 61), (33, 300)])
def test_the_size_is_that_of_the_encoded_image(kind: str, size: tuple[int, int]) -> None:
    picture = corner_picture(*size)
    done, data = cv2.imencode(kind, picture[..., :1] if kind in (".pgm", ".pbm") else picture)
    assert done
    assert read_header(data.tobytes()) == Header(size, 1)


def test_a_lossy_webp_and_progressive_jpeg_have_their_sizes() -> None:
    lossy = cv2.imencode(".webp", corner_picture(), [cv2.IMWRITE_WEBP_QUALITY, 50])[1].tobytes()
    progressive = cv2.imencode(".jpg", corner_picture(), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    assert read_header(lossy) == read_header(progressive) == Header((60, 90), 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_read_from_jpeg_png_and_webp(orientation: int) -> None:
    upright = (60, 90) if orientation < 5 else (90, 60)
    for data in (write(corner_picture(), orientation) for write in (jpeg, png, webp)):
        header = read_header(data)
        assert header == Header((60, 90), orientation)
        assert header.upright_hw == upright
        assert as_opencv_reads(data).shape[:2] == upright


def test_an_orientation_that_is_none_is_the_stored_one() -> None:
    for block in (exif(0), exif(9), exif(6)[:12], b"", b"II*\x00\xff\xff\xff\xff"):
        data = jpeg(corner_picture())
        part = b"Exif\x00\x00" + block
        data = data[:2] + b"\xff\xe1" + (len(part) + 2).to_bytes(2, "big") + part + data[2:]
        assert read_header(data) == Header((60, 90), 1)


def test_a_bomb_says_how_large_it_would_be() -> None:
    assert read_header(png_bomb()) == read_header(jpeg_bomb()) == Header((50_000, 50_000), 1)


def test_what_is_no_image_has_no_header() -> None:
    for data in (b"", b"no picture", b"\xff\xd8\xff", b"P6\n", b"BM", png_bomb(0, 10), b"RIFF....WEBPVP8X"):
        assert read_header(data) is None


@given(st.sampled_from(KINDS[:8]), st.data())
def test_a_damaged_header_raises_nothing(kind: str, data: st.DataObject) -> None:
    whole = bytearray(cv2.imencode(kind, corner_picture(40, 50))[1].tobytes())
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, min(len(whole), 400) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    header = read_header(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    assert header is None or min(header.stored_hw) > 0
