from __future__ import annotations

from pathlib import Path

import pytest

from workers.yaml_files import load_yaml

BOMB = "\n".join(
    [
        "- &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]",
        *(f"- &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)),
    ]
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_unicode_encoding_is_read(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes("name: grün\n".encode(encoding))
    assert load_yaml(path) == {"name": "grün"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("name: grün\n".encode("latin-1"), "unacceptable character"),
        (b"[" * 5_000, "nested more than 50 levels deep"),
        (BOMB.encode(), "aliases make more than 100000 values"),
        (b"&a [*a]", "holds itself"),
        (b"#" * (1 << 20) + b"\n#", "at most 1048576 bytes"),
    ],
)
def test_what_is_no_reasonable_yaml_is_refused_in_one_line(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=says) as refusal:
        load_yaml(path)
    assert "\n" not in str(refusal.value)


def test_what_is_broken_is_told_by_its_place_without_the_text_around(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("tracking_uri: [http://me:planted@host\nb: {")
    with pytest.raises(ValueError, match="line 1") as refused:
        load_yaml(path)
    assert "planted" not in str(refused.value)
