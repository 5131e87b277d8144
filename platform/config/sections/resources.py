"""How much of the cluster a run uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, final

from annotated_types import Ge, Gt


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceConfig:
    """How much of the cluster to use; none of it changes a search's results."""

    address: str | None = None
    """A Ray cluster to join; by default the one this job runs on, or a local one."""
    cpus: Annotated[int, Ge(1)] | None = None
    """Processor cores of a local Ray; by default all of the machine's."""
    object_store_mib: Annotated[int, Ge(75)] | None = None
    """Shared memory of a local Ray; by default Ray's own choice."""
    train_workers: Annotated[int, Ge(1)] | tuple[Annotated[int, Ge(1)], Annotated[int, Ge(1)]] = 2
    """Processes that share each training batch; two numbers, least and most, follow the cluster's size."""
    cpus_per_train_worker: Annotated[int, Ge(1)] = 1
    gpus_per_train_worker: Annotated[float, Ge(0)] = 0
    """1 trains with NCCL on one GPU each; 0 with gloo on CPU."""
    max_failures: Annotated[int, Ge(-1)] = 3
    """Times that training's workers may die, and those at work on one candidate; -1 is any number.

    Nodes taken away with notice do not count for training."""
    slots: Annotated[int, Ge(1)] | Literal["auto"] = 2
    """Trials at a time; auto: as many as the cluster's nodes hold, also as nodes come and go."""
    cpus_per_slot: Annotated[int, Ge(1)] = 1
    """Cores, and threads of PyTorch wherever a network is scored: another number rounds otherwise, so a
    difference of some 1e-6 in heatmaps can move an AP in its last digits."""
    gpus_per_slot: Annotated[float, Ge(0)] = 0
    """A fraction lets several trials share a GPU."""
    timeout_s: Annotated[float, Gt(0)] | None = 1800
    """Most seconds for one candidate; then its worker is ended and the candidate is a failed row."""
    candidates_per_trial: Annotated[int, Ge(1)] = 1
    """Candidates that a worker is handed at once: more spare the driver work where one takes a moment."""

    @property
    def most_train_workers(self) -> int:
        return self.train_workers if isinstance(self.train_workers, int) else self.train_workers[1]

    @property
    def least_train_workers(self) -> int:
        return self.train_workers if isinstance(self.train_workers, int) else self.train_workers[0]
