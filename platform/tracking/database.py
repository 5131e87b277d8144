"""MLflow's sqlite database, which is there whole or not at all: MLflow takes seconds to make it.

A process that ends meanwhile would leave a part of the tables, which MLflow neither completes nor takes.
"""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import final
from urllib.parse import unquote

from alembic.script import ScriptDirectory
from mlflow.store import db_migrations
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from platform.terminal.paths import sqlite_uri
from workers.files import whole_file

_MAKING = threading.Lock()
BEING_MADE_S = 5.0  # another program may still be at work on a file that was changed so lately


@final
class DatabaseError(Exception):
    """A database that MLflow can not use; says what to do."""


def sqlite_path(uri: str) -> Path | None:
    """The file of an sqlite URI; None of other URIs and of a database in memory."""
    try:
        url = make_url(uri)
    except ArgumentError:
        return None
    if url.get_backend_name() != "sqlite" or not url.database or ":memory:" in url.database:
        return None
    if "uri" in url.query:  # sqlite's own form, in which all is quoted
        return Path(unquote(url.database.removeprefix("file:")))
    return Path(url.database)


def make_whole(path: Path, *, mend: bool, say: Callable[[str], None]) -> None:
    """Makes the database where there is none, once for all processes that ask for it at a time.

    One that is half made and holds no run is moved aside where `mend` allows it, else DatabaseError says so.
    """
    if _usable(path):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with _only_maker(path):
        if _usable(path):
            return
        if path.exists():
            _move_aside(path, mend, say)
        _make(path)


def _usable(path: Path) -> bool:
    """Whether MLflow can open it, or it holds runs, which are MLflow's to upgrade."""
    if not path.is_file() or path.stat().st_size == 0:
        return False
    with closing(sqlite3.connect(path)) as database:
        if _count(database, "runs"):
            return True
        if not _count(database, "alembic_version"):
            return False
        (version,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
    return bool(version == ScriptDirectory(next(iter(db_migrations.__path__))).get_current_head())


def _count(database: sqlite3.Connection, table: str) -> int:
    """Whether a table has rows: 0 or 1; 0 where it is missing."""
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchall():
        return 0
    return len(database.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall())


def _move_aside(path: Path, mend: bool, say: Callable[[str], None]) -> None:
    if path.stat().st_size == 0:
        path.unlink()
        return
    if not mend:
        raise DatabaseError(f"{path} is half made and holds no run. Remove it: a new one is made then.")
    if time.time() - path.stat().st_mtime < BEING_MADE_S:
        raise DatabaseError(f"{path} is half made and was changed just now: another program may be at it")
    aside = path.with_name(f"{path.stem}.half-made-{time.strftime('%Y%m%d-%H%M%S')}{path.suffix}")
    path.replace(aside)
    path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
    say(f"{path} was half made and held no run; it lies in {aside} now, and a new one takes its place")


def _make(path: Path) -> None:
    """One at a time in a process: the migrations of two threads would be applied to each other's database."""
    with _MAKING, tempfile.TemporaryDirectory(prefix="vipnas-mlflow-") as folder:
        draft = Path(folder) / path.name
        store = SqlAlchemyStore(sqlite_uri(draft), (path.parent / "mlartifacts").absolute().as_uri())
        store.engine.dispose()
        with whole_file(path) as beside:
            shutil.copyfile(draft, beside)


@contextmanager
def _only_maker(path: Path) -> Iterator[None]:
    """One process at a time; the kernel lets go of it with the process."""
    with path.with_name(f".{path.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
