"""Passwords and keys in URIs, kept out of what is printed and written."""

from __future__ import annotations

import re

HIDDEN = "***"
USER = r"[^\s/?#:@'\"]*"
PORT = r"\d{1,5}(?:[\s'\"),;]|$)"  # which may stand where a password does
# Some libraries take a password that is not quoted as a URI needs it: it may hold anything, and ends at the
# last "@" of the host's part. Too much hidden is better than too little.
PASSWORD = re.compile(rf"(://{USER}):(?!{PORT})[^@\n]*@(?:[^\s/?#@'\"]*@)*", re.MULTILINE)
TOKEN = re.compile(r"(\bhttps?://)[^\s/?#:@'\"]+@", re.IGNORECASE)  # a user alone: keys are given so
WORDS = "passw|pwd|passphrase|secret|token|key|signature|sig|credential|odbc_connect"
KEY_VALUE = re.compile(rf"([?&;][\w.%-]*(?:{WORDS})[\w.%-]*=)[^&\s]*[^&\s'\"]", re.IGNORECASE)


def redacted(text: str) -> str:
    """The text with passwords and keys of the URIs in it as ``***``; the user's name and the host stay.

    Takes a URI alone or a message that names some: ``scheme://user:password@host``, ``https://token@host``
    and values of a query such as ``?secret_key=...``.
    """
    text = PASSWORD.sub(rf"\1:{HIDDEN}@", text)
    return KEY_VALUE.sub(rf"\1{HIDDEN}", TOKEN.sub(rf"\1{HIDDEN}@", text))
