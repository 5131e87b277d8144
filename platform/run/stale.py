"""What a run made of an earlier choice, after a search with more trials has chosen another."""

from __future__ import annotations

from pathlib import Path

from platform.run.context import Run
from platform.run.summaries import WithKey, read_summary
from workers.secrets import redacted


def say_if_stale(context: Run, stage: str, made: Path, chosen: Path) -> None:
    """One line where `made`, whose figures lie beside it, is not of the architecture that `chosen` names.

    Files without a key, of other programs or older runs, are taken as they are.
    """
    old, new = key_named_by(made.with_suffix(".json")), key_named_by(chosen)
    if old is None or new is None or old == new:
        return
    checkpoints = redacted(context.checkpoints_uri(stage))
    context.say(
        stage,
        f"{made} is stale: it is of {old}, and {chosen} now names {new}. To renew it, remove it, "
        f"{checkpoints} and what later stages made of it, and give the same command.",
    )


def key_named_by(path: Path) -> str | None:
    """The key in a summary such as best.json; None where there is no such file, or no key in it.

    Raises DataError for a file that is no summary.
    """
    return read_summary(path, WithKey, "Restore it, or remove it.").key if path.exists() else None
