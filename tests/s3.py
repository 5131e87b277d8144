"""An object store to test against: S3's protocol on loopback, spoken by moto's server."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer


@contextmanager
def s3_server() -> Iterator[str]:
    """What to append to an s3:// address to reach the server, which ends with the block."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"?scheme=http&endpoint_override={host}%3A{port}"
    finally:
        server.stop()
