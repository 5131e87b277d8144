"""A run from configuration to report: its stages in order, one Ray session, one tracking run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.console import Console

from platform.cluster import ray_session
from platform.config import STAGE_NAMES, RunConfig, StageName
from platform.preflight import check
from platform.run_folder import RunFolder, flat_config, open_run_folder
from platform.stages import data, report, spatial_search, spatial_train
from platform.stages.context import StageContext
from platform.tracking import Tracking

# The later stages of the design (finetuning, the temporal level, latency, export) get their line here.
STAGES: Mapping[StageName, Callable[[StageContext], None]] = {
    "data": data.run,
    "spatial_train": spatial_train.run,
    "spatial_search": spatial_search.run,
    "report": report.run,
}


def run(config: RunConfig, console: Console) -> RunFolder:
    """Runs or continues a run; returns where it lies. Raises VipnasError for what a person can mend."""
    check(config)
    folder = open_run_folder(config)
    tracking_uri = config.tracking_uri or f"sqlite:///{folder.path.parent / 'mlflow.db'}"
    tracking = Tracking(tracking_uri, config.name, folder.identity, folder.path.parent / "mlartifacts")
    finished = False
    try:
        tracking.log_params(flat_config(config))
        context = StageContext(config, folder, tracking, console)
        with ray_session(config.resources):
            for name in STAGE_NAMES:
                if name in config.stages:
                    STAGES[name](context)
        finished = True
    finally:
        tracking.close(finished=finished)
    _say_where(console, folder, tracking_uri)
    return folder


def _say_where(console: Console, folder: RunFolder, tracking_uri: str) -> None:
    lines = (
        f"results        {folder.path}",
        f"trials         {folder.trials.folder}  (pandas.read_parquet)",
        f"Pareto front   {folder.path / 'pareto.html'}, {folder.path / 'pareto.png'}",
        f"configuration  {folder.config}",
        f"MLflow UI      mlflow ui --backend-store-uri {tracking_uri}",
    )
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
