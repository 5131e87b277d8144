"""Passwords that a run's file leaves out, taken again from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from platform.config.run import RunConfig
from platform.terminal.errors import ConfigError
from workers.secrets import HIDDEN, redacted

TRACKING_URI, TRACKING_PASSWORD = "MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_PASSWORD"  # MLflow's own names
TRACKING_TOKEN = "MLFLOW_TRACKING_TOKEN"
S3_SECRET = "AWS_SECRET_ACCESS_KEY"


def with_secrets(config: RunConfig, environment: Mapping[str, str]) -> RunConfig:
    """The configuration with its URIs whole. Raises ConfigError where the environment lacks a password."""
    return _with_checkpoints(with_tracking_secret(config, environment), environment)


def with_tracking_secret(config: RunConfig, environment: Mapping[str, str]) -> RunConfig:
    """The configuration with `tracking_uri` whole; ConfigError where the environment lacks its password."""
    uri = config.tracking_uri
    if uri is None or HIDDEN not in uri:
        return config
    whole = environment.get(TRACKING_URI, "")
    if redacted(whole) != uri:
        whole = _from_parts(uri, environment)
    if HIDDEN in whole:
        raise _missing("tracking-uri", uri, f"{TRACKING_URI} (whole), or of HTTP {TRACKING_PASSWORD}")
    return replace(config, tracking_uri=whole)


def _from_parts(uri: str, environment: Mapping[str, str]) -> str:
    scheme, mark, rest = uri.partition("://")
    if not scheme.startswith("http"):
        return uri
    if environment.get(TRACKING_TOKEN):  # which MLflow reads itself, unless the URI names a user
        return f"{scheme}{mark}{rest.rpartition('@')[2]}"
    return _filled(uri, environment.get(TRACKING_PASSWORD))


def _with_checkpoints(config: RunConfig, environment: Mapping[str, str]) -> RunConfig:
    uri = config.checkpoints_uri
    if uri is None or HIDDEN not in uri:
        return config
    whole = _filled(uri, environment.get(S3_SECRET)) if uri.startswith("s3:") else uri
    if HIDDEN in whole:
        raise _missing("checkpoints-uri", uri, f"{S3_SECRET} where it is S3")
    return replace(config, checkpoints_uri=whole)


def _filled(uri: str, password: str | None) -> str:
    return uri.replace(f":{HIDDEN}@", f":{quote(password, safe='')}@", 1) if password else uri


def _missing(flag: str, uri: str, variables: str) -> ConfigError:
    return ConfigError(
        f"{flag} needs its password, which no file of a run keeps, but it is {uri}. Give --{flag} whole, or "
        f"set {variables}."
    )
