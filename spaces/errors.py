"""Errors that a person can cause and mend; a command line prints them as one line."""


class VipnasError(Exception):
    """One clear sentence: what must hold, what came, what to do."""


class ConstraintError(VipnasError):
    """No architecture satisfies the constraint."""


class ArchitectureError(VipnasError):
    """An architecture lies outside its search space, or does not fit the weights."""
