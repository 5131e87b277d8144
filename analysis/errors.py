"""The one error of this package."""

from __future__ import annotations


class AnalysisError(Exception):
    """A run folder, column or figure cannot be used as asked; the message says what to do."""
