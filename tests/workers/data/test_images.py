from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.workers.data.some_pictures import (
    HEIGHT,
    WIDTH,
    as_opencv_reads,
    corner_picture,
    jpeg,
    jpeg_bomb,
    png,
    png_bomb,
    stored_for,
    webp,
    write,
)
from workers.data.images import Flaw, ImageStore, Turn, check_images, image_size, read_image
from workers.errors import DataError


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    assert cv2.imwrite(str(path), np.full((60, 90, 3), (250, 10, 10), np.uint8))
    return path


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def test_a_picture_is_read_as_bgr(picture: Path) -> None:
    image = read_image(str(picture))
    assert image.shape == (60, 90, 3)
    assert np.abs(image[30, 40].astype(int) - (250, 10, 10)).max() < 5


def test_a_truncated_picture_is_refused_not_filled_with_grey(picture: Path) -> None:
    truncate(picture)
    with pytest.raises(DataError, match=r"a\.jpg: unreadable or truncated"):
        read_image(str(picture))


def test_a_missing_or_empty_picture_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read image .*none\.jpg"):
        read_image(str(tmp_path / "none.jpg"))
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(DataError, match=r"cannot decode image .*empty\.jpg"):
        read_image(str(tmp_path / "empty.jpg"))


def test_flaws_are_found_without_decoding_in_full(picture: Path, tmp_path: Path) -> None:
    broken, text, missing = tmp_path / "b.jpg", tmp_path / "c.jpg", tmp_path / "d.jpg"
    broken.write_bytes(picture.read_bytes())
    truncate(broken)
    text.write_text("no picture")
    files = {str(picture): (60, 90), str(broken): (60, 90), str(text): (60, 90), str(missing): (60, 90)}
    assert check_images(files.items()).flaws == {
        str(broken): Flaw.UNREADABLE,
        str(text): Flaw.UNREADABLE,
        str(missing): Flaw.MISSING,
    }
    assert check_images([(str(picture), (90, 60))]).flaws == {str(picture): Flaw.OTHER_SIZE}


def test_the_store_decodes_once_and_stays_within_its_budget(picture: Path, tmp_path: Path) -> None:
    second = tmp_path / "second.jpg"
    second.write_bytes(picture.read_bytes())
    store = ImageStore(budget_bytes=60 * 90 * 3 + 1)
    first = store.read(str(picture))
    assert store.read(str(picture)) is first
    assert store.read(str(second)) is not store.read(str(second))
    assert store.kept_bytes == 60 * 90 * 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_shown_upright_where_its_stated_size_or_nothing_says_so(
    orientation: int, tmp_path: Path
) -> None:
    shown = corner_picture()
    for name, content in (("a.jpg", jpeg), ("a.png", png), ("a.webp", webp)):
        path = str(write(tmp_path / name, content(stored_for(shown, orientation), orientation)))
        for stated in (None, (HEIGHT, WIDTH)):
            image = read_image(path, stated)
            assert image.shape == shown.shape
            assert np.abs(image.astype(int) - shown).mean() < 3
        assert np.array_equal(read_image(path), as_opencv_reads(Path(path).read_bytes()))


def test_the_stored_orientation_is_kept_where_the_stated_size_is_its_own(tmp_path: Path) -> None:
    stored = corner_picture()
    path = str(write(tmp_path / "a.png", png(stored, 6)))
    assert np.array_equal(read_image(path, (HEIGHT, WIDTH)), stored)
    assert np.array_equal(read_image(path, (WIDTH, HEIGHT)), np.rot90(stored, -1))
    with pytest.raises(DataError, match=r"a\.png: image size differs from its annotation"):
        read_image(path, (HEIGHT, HEIGHT))


def test_a_square_image_is_turned_as_opencv_turns_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.png", png(corner_picture(64, 64), 6))
    assert np.array_equal(read_image(str(path), (64, 64)), as_opencv_reads(path.read_bytes()))


def test_what_was_decided_about_orientations_is_counted(tmp_path: Path) -> None:
    stored = corner_picture()
    sizes = {1: (HEIGHT, WIDTH), 3: (HEIGHT, WIDTH), 6: (WIDTH, HEIGHT), 8: (HEIGHT, WIDTH), 5: (HEIGHT, 30)}
    files = [
        (str(write(tmp_path / f"{orientation}.jpg", jpeg(stored, orientation))), stated)
        for orientation, stated in sizes.items()
    ]
    checked = check_images(files)
    assert checked.turns == {Turn.AS_OPENCV: 1, Turn.AS_STATED: 1, Turn.AS_STORED: 1}
    assert checked.flaws == {str(tmp_path / "5.jpg"): Flaw.OTHER_SIZE}


@pytest.mark.timeout(20)
def test_pipes_devices_folders_and_bombs_are_flaws_and_refused_by_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    write(tmp_path / "bomb.png", png_bomb())
    write(tmp_path / "bomb.jpg", jpeg_bomb())
    write(tmp_path / "large.png", png_bomb(20_000, 20_000))  # which OpenCV would try to decode
    flaws = {
        "pipe.jpg": Flaw.NOT_A_FILE, "folder.jpg": Flaw.NOT_A_FILE, "/dev/zero": Flaw.NOT_A_FILE,
        "bomb.png": Flaw.TOO_LARGE, "bomb.jpg": Flaw.TOO_LARGE, "large.png": Flaw.TOO_LARGE,
    }  # fmt: skip
    paths = {str(tmp_path / name): flaw for name, flaw in flaws.items()}
    assert check_images((path, (60, 90)) for path in paths).flaws == paths
    for path, flaw in paths.items():
        with pytest.raises(DataError, match=f"cannot use image {path}: {flaw}"):
            read_image(path)


def test_the_size_is_known_without_decoding(tmp_path: Path) -> None:
    assert image_size(str(write(tmp_path / "a.jpg", jpeg(corner_picture(), 6)))) == (WIDTH, HEIGHT)
    with pytest.raises(DataError, match=r"cannot read image .*gone\.jpg"):
        image_size(str(tmp_path / "gone.jpg"))
    with pytest.raises(DataError, match=r"cannot decode image .*b\.jpg"):
        image_size(str(write(tmp_path / "b.jpg", b"no picture")))
