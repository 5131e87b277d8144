"""Bounds on what is searched, subnets or allocations: as a constraint, in words, and named in errors.

The fields themselves stand in the two searches, for each says on what its bounds are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from platform.config.checks import typed
from platform.terminal.errors import ConfigError
from spaces.constraint import Constraint
from spaces.errors import ConstraintError, NoneFoundError


class Bounds(ABC):
    """What both searches say of their bounds, which their fields are; None does not bound."""

    __slots__ = ()
    section: ClassVar[str]  # its dotted name
    per: ClassVar[str] = ""  # behind a bound in words: per what it is

    @property
    @abstractmethod
    def max_gmacs(self) -> float | None: ...

    @property
    @abstractmethod
    def min_gmacs(self) -> float | None: ...

    @property
    @abstractmethod
    def max_params(self) -> int | None: ...

    @property
    @abstractmethod
    def max_latency_ms(self) -> float | None: ...

    @property
    def constraint(self) -> Constraint:
        """The bounds on closed-form cost."""
        return Constraint(max_gmacs=self.max_gmacs, min_gmacs=self.min_gmacs, max_params=self.max_params)

    @property
    def bounds(self) -> str:
        """All that is asked of a candidate, in words."""
        if self.max_latency_ms is None:
            return f"{self.constraint}{self.per}"
        cost = f"{self.constraint} and " if self.constraint.fields_set() else ""
        return f"{cost}at most {self.max_latency_ms:g} ms{self.per}"

    def check_order(self) -> None:
        """Raises ConfigError where the least is above the most."""
        least, most = self.min_gmacs, self.max_gmacs
        if least is not None and most is not None and least > most:
            raise ConfigError(
                f"{self.section}.min-gmacs must be at most {self.section}.max-gmacs, but they are {least:g} "
                f"and {most:g}. Lower the first or raise the second."
            )


@contextmanager
def fields_named(section: str, bounds: str | None = None) -> Iterator[None]:
    """Errors of drawing in the block name the fields of the search `section`, and its bounds where given.

    They stay ConstraintErrors.
    """
    try:
        yield
    except NoneFoundError as error:
        fields = [typed(section, field) for field in error.fields]
        said = error.said(bounds or error.bounds, fields, f"lower {section}.trials")
        raise ConstraintError(said) from None
