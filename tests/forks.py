"""Processes of tests that are forks of a server: it imports torch, Ray and MLflow once for all of them.

multiprocessing has one such server for a test session, so all that it imports beforehand is named here.
"""

from __future__ import annotations

import multiprocessing

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["tests.end_to_end.drivers", "tests.end_to_end.undisturbed", "tests.workers.training.some_ranks"]
)
