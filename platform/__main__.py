"""``python -m platform``: what the standard module prints when it is run."""

from platform import _standard_code

exec(_standard_code(), {"__name__": "__main__"})
