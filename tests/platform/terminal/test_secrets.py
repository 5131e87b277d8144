"""Passwords and keys are hidden in URIs and in messages that name them; all else stays."""

from __future__ import annotations

import pytest

from platform.terminal.secrets import redacted


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("http://me:pw@host", "http://me:***@host"),
        ("HTTPS://me:pw@host:5000/path", "HTTPS://me:***@host:5000/path"),
        ("http://me:12345@host:5000", "http://me:***@host:5000"),
        ("http://:pw@host", "http://:***@host"),
        ("http://me:p@ss@host", "http://me:***@host"),
        ("http://me:p/s?s#@host/x", "http://me:***@host/x"),
        ("http://me:two words@host", "http://me:***@host"),
        ("https://token@host/x", "https://***@host/x"),
        ("postgresql+psycopg2://me:pw@host:5432/db", "postgresql+psycopg2://me:***@host:5432/db"),
        ("postgresql://me@host/db?password=pw&sslmode=off", "postgresql://me@host/db?password=***&sslmode=off"),
        ("mssql://?odbc_connect=PWD%3Dpw", "mssql://?odbc_connect=***"),
        ("s3://AKIA:se/cr+et@bucket/runs", "s3://AKIA:***@bucket/runs"),
        ("s3://b?access_key=AK&secret_key=SK&region=eu", "s3://b?access_key=***&secret_key=***&region=eu"),
        ("https://b/x?X-Amz-Signature=abc&a=1", "https://b/x?X-Amz-Signature=***&a=1"),
    ],
)  # fmt: skip
def test_a_password_or_key_of_a_uri_is_hidden_alone_and_in_a_message(written: str, shown: str) -> None:
    assert redacted(written) == shown
    message = "no answer from '{}' (refused)\nnext line, me@host"
    assert redacted(message.format(written)) == message.format(shown)


@pytest.mark.parametrize(
    "text",
    [
        "http://host:5000",
        "http://host:5000/#/experiments/1",
        "postgresql://me@host/db",
        "sqlite:////a folder/mlflow.db?timeout=5",
        "sqlite:////a:b@c/mlflow.db",
        "s3://bucket/runs?endpoint_override=http://host:9000",
        "no answer from http://host:5000 (ask me@host)",
        "/a/folder, C:\\runs and a.b@c.de",
    ],
)
def test_what_holds_no_password_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text
