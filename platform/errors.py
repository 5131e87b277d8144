"""Errors of the driver that a person can cause and mend."""

from __future__ import annotations

from spaces.errors import VipnasError


class ConfigError(VipnasError):
    """A configuration that cannot be run; names the field, what came and what to do."""
