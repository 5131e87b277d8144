from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from workers.data.images import Flaw, ImageStore, check_images, read_image
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
