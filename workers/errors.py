"""Errors of workers: those that a person can cause and mend, and the one that carries what nobody foresaw."""

from __future__ import annotations

from typing import final

from spaces.errors import VipnasError


class DataError(VipnasError):
    """The data set cannot be used as it lies; names the file and what to do."""


class TrainingError(VipnasError):
    """Training cannot go on; names the step, what came and what to do."""


@final
class UnexpectedError(Exception):
    """An error in the program itself, as it was in the worker: `during` what, and its whole traceback.

    A text travels from any worker; the error it tells of may be one that cannot be pickled.
    """

    def __init__(self, during: str, told: str) -> None:
        super().__init__(during, told)
        self.during, self.told = during, told

    def __str__(self) -> str:
        return f"{self.during} met an error in the program itself. The worker's traceback:\n{self.told}"
