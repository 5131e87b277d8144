"""The folder of a run: places of its inputs and results, and the refusal to mix two configurations."""

from __future__ import annotations

import json
import sys
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, final

import yaml

from platform.config.file import flat_fields, flatten, to_yaml
from platform.config.first_weights import STAGE_OF, first_weights_sha256
from platform.config.own_file import CONFIG, ENVIRONMENT, read_own
from platform.config.run import RunConfig
from platform.results.store import TrialStore
from platform.run.summaries import Environment, read_summary
from platform.terminal.errors import ConfigError
from platform.terminal.version import git
from workers.files import remove_drafts, whole_file

CHANGEABLE = (  # on a resumed run
    "search.trials", "temporal.search.trials", "temporal.search.cache_mib", "stages", "resources.",
    "tracking_uri", "storage", "checkpoints_uri",
)  # fmt: skip
RECORDED = (
    "vipnas", "torch", "ray", "optuna", "mlflow", "numpy", "pandas", "pyarrow", "pycocotools",
    "opencv-python",
)  # fmt: skip
_GIVE_ANOTHER = "Restore it, or begin another run: --name."


@final
@dataclass(frozen=True, slots=True)
class RunFolder:
    """The paths of one run."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / CONFIG

    @property
    def environment(self) -> Path:
        return self.path / ENVIRONMENT

    @property
    def ray(self) -> Path:
        return self.path / "ray"

    @property
    def supernet(self) -> Path:
        return self.path / "supernet.safetensors"

    @property
    def journal(self) -> Path:
        return self.path / "optuna.journal"

    @property
    def best(self) -> Path:
        return self.path / "best.json"

    @property
    def network(self) -> Path:
        """The chosen subnet, trained alone; its figures lie beside it, in network.json."""
        return self.path / "network.safetensors"

    @property
    def finetuned(self) -> Path:
        """The network for PoseTrack18's joints."""
        return self.path / "finetuned.safetensors"

    @property
    def temporal_supernet(self) -> Path:
        return self.path / "temporal_supernet.safetensors"

    @property
    def latency_table(self) -> Path:
        """What was measured of subnets' time, one row each."""
        return self.path / "latency.parquet"

    @property
    def latency_predictor(self) -> Path:
        """The latency predictor: a resumed search reads it again, so it proposes the same."""
        return self.path / "latency_predictor.json"

    @property
    def frame_latency_table(self) -> Path:
        """What was measured of the time of allocations' networks, S-ViPNet's among them, one row each."""
        return self.path / "frame_latency.parquet"

    @property
    def single_network(self) -> Path | None:
        """S-ViPNet, finetuned where it was; None where there is none."""
        return next((path for path in (self.finetuned, self.network) if path.exists()), None)

    def warm_start(self, stage: str) -> Path:
        """The rows of other runs that this one's search uses."""
        return self.path / f"warm_start_{stage}.parquet"

    @property
    def outbox(self) -> Path:
        """What is to be sent to the tracking server beside the trials, a JSON value a line."""
        return self.path / "tracking.jsonl"

    @property
    def allocation_networks(self) -> Path:
        """S-ViPNet and the T-ViPNets of the found allocation, ready to predict."""
        return self.path / "allocation.safetensors"

    @property
    def allocation(self) -> Path:
        """The found allocation with its figures, frame by frame."""
        return self.path / "allocation.json"

    @property
    def retrained_networks(self) -> Path:
        """The networks of the found allocation, each trained alone; figures lie beside them, as .json."""
        return self.path / "allocation_retrained.safetensors"

    @property
    def video_networks(self) -> Path:
        """The networks to follow people with: those trained alone, else those of the search."""
        return self.retrained_networks if self.retrained_networks.exists() else self.allocation_networks

    @property
    def allocation_journal(self) -> Path:
        return self.path / "optuna-temporal.journal"

    @property
    def trials(self) -> TrialStore:
        return TrialStore(self.path / "trials.parquet")

    @property
    def identity(self) -> str:
        return read_summary(self.environment, Environment, _GIVE_ANOTHER).run_id

    @property
    def first_weights(self) -> dict[str, str]:
        """SHA-256 of the files that its trainings begin with, by the field that gives them."""
        if not self.environment.exists():  # a supernet that a person put there
            return {}
        return read_summary(self.environment, Environment, _GIVE_ANOTHER).first_weights


def folder_of(config: RunConfig) -> RunFolder:
    return RunFolder(config.storage.absolute() / config.name)


def open_run_folder(config: RunConfig) -> RunFolder:
    """Begins a run in its folder, which this process holds (`only_driver`), or takes up the one there.

    Raises ConfigError, naming the fields, when that run was started with another configuration.
    """
    folder = folder_of(config)
    folder.path.mkdir(parents=True, exist_ok=True)
    resolved = to_yaml(config)
    if folder.config.exists():
        _refuse_other(folder, resolved)
        _refuse_other_weights(folder, config)
    remove_drafts(folder.path, alone=True)
    if not folder.environment.exists():
        write_text(folder.environment, json.dumps(_environment(config), indent=2) + "\n", private=True)
    write_text(folder.config, resolved, private=True)
    folder.ray.mkdir(mode=0o700, exist_ok=True)  # Ray Tune writes there what it likes
    return folder


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    """Writes a file whole or not at all, by temporary name and rename; a private one for its owner alone."""
    with whole_file(path, private=private) as draft:
        draft.write_text(text, encoding="utf-8")


def _refuse_other(folder: RunFolder, resolved: str) -> None:
    before, now = flat_fields(read_own(folder.path)), flatten(yaml.safe_load(resolved))
    changed = [
        f"{name} {before.get(name)} -> {now.get(name)}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
        and not name.startswith(CHANGEABLE)
        and name not in STAGE_OF  # which file it is, its content says
    ]
    if changed:
        raise ConfigError(
            f"the run in {folder.path} was started with another configuration ({'; '.join(changed)}). "
            "Give --name another value, or delete that folder."
        )


def _refuse_other_weights(folder: RunFolder, config: RunConfig) -> None:
    """ConfigError where a training would begin with another file's weights than those of the run before.

    A file that is not there any more is not asked: whether it is needed still, the preflight knows.
    """
    before, now = folder.first_weights, first_weights_sha256(config)
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if old != new and not (name in now and new is None):
            raise ConfigError(
                f"the run in {folder.path} was started with other first weights ({name}: a file of SHA-256 "
                f"{_short(old)} -> {_short(new)}). Give --name another value, or the file of before."
            )


def _short(digest: str | None) -> str:
    return "none" if digest is None else digest[:12]


def _environment(config: RunConfig) -> dict[str, Any]:
    """What a result may depend on beside its configuration."""
    return {
        "run_id": uuid.uuid4().hex,
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": config.seed,
        "first_weights": {name: digest for name, digest in first_weights_sha256(config).items() if digest},
        "python": sys.version.split()[0],
        "packages": {name: _version(name) for name in RECORDED},
        "git_commit": git(Path(__file__).parent, "rev-parse", "HEAD"),
        "git_changes": bool(git(Path(__file__).parent, "status", "--porcelain")),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
