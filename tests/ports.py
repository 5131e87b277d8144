"""Ports for servers that are started a moment later."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

PORTS = range(20_000, 32_768)  # below those that the kernel gives to whoever asks for any


def free_ports(number: int) -> list[int]:
    """Unlike ports on which nobody listens, and which no other program is given by chance meanwhile."""
    found: list[int] = []
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == number:
            return found
    raise OSError(f"{number} ports between 20000 and 32767 must be free")
