"""A run at its tracking server, from its first moment to its last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from shlex import quote

from rich.console import Console

from platform.config.file import flat_fields
from platform.config.run import RunConfig
from platform.run.folder import RunFolder
from platform.terminal.paths import sqlite_uri
from platform.tracking.sender import Patience, Tracking
from platform.tracking.tracked_run import TrackedRun

AFTER_A_FAILURE = Patience(idle_s=5, total_s=30)
MOST_NAMED, LONGEST_NAME = 20, 200  # lines, characters


def tracking_uri(config: RunConfig) -> str:
    """The tracking server's URI; by default a database beside the runs."""
    return config.tracking_uri or sqlite_uri(config.storage.absolute() / "mlflow.db")


def open_tracking(config: RunConfig, folder: RunFolder) -> Tracking:
    run = TrackedRun(
        name=config.name,
        identity=folder.identity,
        artifact_root=folder.path.parent / "mlartifacts",
        tags={
            "stage": " ".join(config.stages),
            "space": config.space.name,
            "sampler": config.search.sampler,
            "constraint": config.search.bounds,
        },
    )
    return Tracking(tracking_uri(config), run, folder.outbox)


@contextmanager
def tracked(config: RunConfig, folder: RunFolder, console: Console) -> Iterator[Tracking]:
    """The parent run is RUNNING meanwhile, then FINISHED, or KILLED where the block raises."""
    tracking = open_tracking(config, folder)
    tracking.log_status("RUNNING")
    tracking.log_params(flat_fields(config))
    patience, status = AFTER_A_FAILURE, "KILLED"
    try:
        yield tracking
        patience, status = Patience(), "FINISHED"
    finally:
        tracking.log_status(status)
        finish(tracking, folder, console, patience)


def finish(tracking: Tracking, folder: RunFolder, console: Console, patience: Patience) -> int:
    """Waits for what is to be sent; says what waits even then, and how to send it. Returns how much.

    What the server refused is named and not counted: `Tracking.refused` has it.
    """
    left = tracking.close(console, patience)
    if left:
        why = f" ({tracking.trouble})" if tracking.trouble else ""
        console.print(
            f"tracking: {left} trials and records wait in {folder.path} for {tracking.uri}{why}; send them "
            f"with: python -m platform.track {quote(str(folder.path))}",
            highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip
    for line in (*tracking.notes, *_refusals(tracking)):
        console.print(f"tracking: {line}", highlight=False, markup=False, soft_wrap=True)
    return left


def _refusals(tracking: Tracking) -> Iterator[str]:
    """What the server refused: the count, and which and why of the first ones."""
    refused = tracking.refused
    if not refused:
        return
    yield f"{len(refused)} refused by {tracking.uri}, all others are not held up by it:"
    for name, why in islice(refused.items(), MOST_NAMED):
        yield f"refused: {name[:LONGEST_NAME]}: {why}"
    if len(refused) > MOST_NAMED:
        yield f"refused: {len(refused) - MOST_NAMED} more"
