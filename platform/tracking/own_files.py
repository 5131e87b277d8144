"""Which files of a run go to a server: those in its own folder, whoever wrote the folder."""

from __future__ import annotations

from pathlib import Path

from platform.tracking.refusals import RecordError


def own_file(folder: Path, named: object) -> Path | None:
    """The file of a run that a record names, by its path within the run's folder; None where it is gone.

    Raises RecordError for one that lies elsewhere, also behind a link, and for what is no file that can be
    read. Earlier runs named whole paths: of a folder that was moved, the file is looked for where it is now.
    """
    root, given = folder.resolve(), Path(str(named))
    try:
        place = root / given
        if given.is_absolute() and not given.exists():
            place = root / given.name
        found = place.resolve()
        if not found.is_relative_to(root):
            raise RecordError(f"only files in the run's folder are sent, and {named} lies outside it")
        if not found.exists():
            return None
        if not found.is_file():
            raise RecordError(f"{named} is no file")
        found.open("rb").close()
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle
        raise RecordError(f"{named} cannot be read: {error}") from error
    return place
