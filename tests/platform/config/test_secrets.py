"""Passwords of URIs are in no file of a run; they come again from the flag or the environment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from platform.config.file import flat_fields, from_yaml, to_yaml
from platform.config.recipes import recipe
from platform.config.run import RunConfig
from platform.config.secrets import with_secrets
from platform.terminal.errors import ConfigError

TRACKING, CHECKPOINTS = "http://me:p%40ss@host:5000", "s3://AKIA:se%2Fcret@bucket/runs?region=eu"


def written(folder: Path, tracking: str | None = None, checkpoints: str | None = None) -> RunConfig:
    """What a run's file gives that was begun with these URIs."""
    config = replace(recipe("tiny"), tracking_uri=tracking, checkpoints_uri=checkpoints)
    (folder / "config.yaml").write_text(to_yaml(config))
    return from_yaml(folder / "config.yaml")


def test_a_file_has_the_uris_without_passwords(tmp_path: Path) -> None:
    config = written(tmp_path, TRACKING, CHECKPOINTS)
    assert config.tracking_uri == "http://me:***@host:5000"
    assert config.checkpoints_uri == "s3://AKIA:***@bucket/runs?region=eu"
    assert flat_fields(replace(config, tracking_uri=TRACKING)) == flat_fields(config)


@pytest.mark.parametrize("path", ["/data/what?token=1&b=2", "checkpoints/a:b@c", "file:///data/a b"])
def test_a_path_is_written_as_it_is(path: str, tmp_path: Path) -> None:
    assert written(tmp_path, checkpoints=path).checkpoints_uri == path


@pytest.mark.parametrize(
    ("given", "environment", "found"),
    [
        (TRACKING, {"MLFLOW_TRACKING_PASSWORD": "p@ss"}, TRACKING),
        (TRACKING, {"MLFLOW_TRACKING_URI": TRACKING}, TRACKING),
        (TRACKING, {"MLFLOW_TRACKING_TOKEN": "t"}, "http://host:5000"),
        ("https://token@host", {"MLFLOW_TRACKING_TOKEN": "t"}, "https://host"),
        ("postgresql://me:pw@host/db", {"MLFLOW_TRACKING_URI": "postgresql://me:pw@host/db"},
         "postgresql://me:pw@host/db"),
        ("http://host", {}, "http://host"),
        (None, {"MLFLOW_TRACKING_URI": TRACKING}, None),
    ],
)  # fmt: skip
def test_the_trackings_password_comes_from_the_environment(
    given: str | None, environment: dict[str, str], found: str | None, tmp_path: Path
) -> None:
    assert with_secrets(written(tmp_path, given), environment).tracking_uri == found


def test_the_checkpoints_key_comes_from_the_environment(tmp_path: Path) -> None:
    config = written(tmp_path, checkpoints=CHECKPOINTS)
    assert with_secrets(config, {"AWS_SECRET_ACCESS_KEY": "se/cret"}).checkpoints_uri == CHECKPOINTS


@pytest.mark.parametrize(
    ("tracking", "checkpoints", "environment", "told"),
    [
        (
            TRACKING,
            None,
            {},
            r"tracking-uri needs its .* it is http://me:\*\*\*@host:5000\. Give --",
        ),
        (TRACKING, None, {"MLFLOW_TRACKING_URI": "http://me:pw@other"}, "or set MLFLOW_TRACKING_URI"),
        ("postgresql://me:pw@host/db", None, {"MLFLOW_TRACKING_PASSWORD": "pw"}, "tracking-uri needs"),
        (None, CHECKPOINTS, {}, "checkpoints-uri needs .* Give --checkpoints-uri whole, or set AWS_SECRET"),
        (None, "abfs://me:key@host/c", {"AWS_SECRET_ACCESS_KEY": "k"}, "checkpoints-uri needs"),
    ],
)
def test_a_password_that_is_nowhere_is_asked_for_in_one_line(
    tracking: str | None, checkpoints: str | None, environment: dict[str, str], told: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=told):
        with_secrets(written(tmp_path, tracking, checkpoints), environment)


def test_a_value_that_is_refused_is_shown_without_its_password(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"name: a\ntracking_uri: ['http://me:{'planted' * 20}@host']\n")
    with pytest.raises(ConfigError) as refused:
        from_yaml(tmp_path / "a.yaml")
    assert "http://me:***@host" in str(refused.value)
