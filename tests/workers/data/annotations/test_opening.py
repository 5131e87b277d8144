from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from workers.data.annotations.opening import load_json, load_value, read_bytes
from workers.data.annotations.table import read_annotations
from workers.errors import DataError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_every_unicode_encoding_is_read(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes('{"name": "Zoë"}'.encode(encoding))
    assert load_json(tmp_path / "a.json") == {"name": "Zoë"}


def test_numbers_that_json_has_no_word_for_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[NaN, Infinity, -Infinity, 1e400]")
    nan, *others = load_value(tmp_path / "a.json")
    assert math.isnan(nan)
    assert others == [math.inf, -math.inf, math.inf]


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b'{"a": [1, 2', b"[" * 200_000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b"\xe9\x00\xff",
     b"[01]", b'{"a": "Zo\xeb"}', b"9" * 5000, b'["\\ud800"]', b"\xff\xfe\x00"],
)  # fmt: skip
def test_what_is_no_json_is_one_line_with_the_name(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(DataError, match=r"^cannot read .*a\.json: .*Restore the annotation file\.$"):
        load_json(tmp_path / "a.json")


@pytest.mark.parametrize("text", ["[]", "null", '"a"', "7"])
def test_a_file_that_holds_no_object_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=r"a\.json: the file must hold one JSON object"):
        load_json(tmp_path / "a.json")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone.json"):
        with pytest.raises(DataError, match="cannot read"):
            load_json(path)


def test_a_file_is_opened_by_uri(tmp_path: Path) -> None:
    text = '{"images": [], "annotations": [], "categories": [{"id": 1}]}'
    (tmp_path / "with space.json").write_text(text)
    uri = (tmp_path / "with space.json").as_uri()
    assert len(read_annotations(uri)) == 0
    for wrong in (uri + "x", "nowhere://a.json"):
        with pytest.raises(DataError, match=f"cannot read {wrong}"):
            read_annotations(wrong)


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[1, 2, 3]")
    for place in (tmp_path / "a.json", (tmp_path / "a.json").as_uri()):
        assert read_bytes(place, most=9) == b"[1, 2, 3]"
        with pytest.raises(ValueError, match="it has 9 bytes, of at most 8"):
            read_bytes(place, most=8)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(DataError, match=r"a\.json: it is no plain file"):
        load_json(tmp_path / "a.json")


def test_a_uris_password_is_in_no_refusal() -> None:
    with pytest.raises(DataError) as refused:
        load_json("s3x://me:planted@bucket/a.json")
    assert "s3x://me:***@bucket" in str(refused.value)
    assert "planted" not in str(refused.value)
