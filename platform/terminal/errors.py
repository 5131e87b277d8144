"""Errors of the driver that a person can cause and mend."""

from __future__ import annotations

from spaces.errors import VipnasError


class ConfigError(VipnasError):
    """A configuration that cannot be run; names the field, what came and what to do."""


class ClusterError(VipnasError):
    """The cluster cannot do the work; says what its processes did and what to do."""


class UsageError(VipnasError):
    """The arguments of a command do not fit it; names the flag and what it takes."""
