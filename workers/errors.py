"""Errors of workers that a person can cause and mend."""

from __future__ import annotations

from spaces.errors import VipnasError


class DataError(VipnasError):
    """The data set cannot be used as it lies; names the file and what to do."""


class TrainingError(VipnasError):
    """Training cannot go on; names the step, what came and what to do."""
