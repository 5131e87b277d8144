"""Errors that a person can cause and mend; a command line prints them as one line.

Those of spaces/ and workers/ name no flags: they say what must hold, with the names that their own values
have, and whoever knows where a person set these says so.
"""

from collections.abc import Sequence
from typing import Any


class VipnasError(Exception):
    """One clear sentence: what must hold, what came, what to do."""


class BoundError(VipnasError):
    """A number of a dataclass is not one that its field takes."""

    def __init__(self, owner: str, field: str, must: str, found: Any) -> None:
        super().__init__(owner, field, must, found)  # as they came, so that it survives pickling
        self.owner, self.field, self.must, self.found = owner, field, must, found

    def __str__(self) -> str:
        return f"{self.owner}.{self.field} must be {self.must}, but it is {self.found}"


class ConstraintError(VipnasError):
    """No architecture satisfies the constraint."""


class NoneFoundError(ConstraintError):
    """Nothing, or nothing new, keeps the bounds: what was sought, under which bounds, and what came of it.

    `bounds` are these in words, `fields` the names of those to move, `how` being Raise, Lower or Widen;
    `fewer` where asking for fewer helps too. So a caller can say them as they were given to it.
    """

    def __init__(
        self, sought: str, bounds: str, found: str, how: str, fields: Sequence[str], fewer: bool = False
    ) -> None:
        super().__init__(sought, bounds, found, how, tuple(fields), fewer)
        self.sought, self.bounds, self.found = sought, bounds, found
        self.how, self.fields, self.fewer = how, tuple(fields), fewer

    def __str__(self) -> str:
        return self.said(self.bounds, self.fields, "ask for fewer")

    def said(self, bounds: str, fields: Sequence[str], fewer: str) -> str:
        """The sentence, with the bounds, the fields' names and how to ask for fewer as a caller has them."""
        advice = [f"{self.how} {' or '.join(fields)}"] * bool(fields) + [fewer] * self.fewer
        what = " or ".join(advice)
        return f"{self.sought} {bounds}{self.found}. {what[:1].upper()}{what[1:]}."


class ArchitectureError(VipnasError):
    """An architecture lies outside its search space, or does not fit the weights."""
