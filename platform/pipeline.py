"""A run from configuration to report: its stages in order, one Ray session, one tracking run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.console import Console

from platform.cluster import ray_session
from platform.config import STAGE_NAMES, RunConfig, StageName
from platform.config_file import flat_fields
from platform.preflight import check
from platform.run_folder import RunFolder, open_run_folder
from platform.stages import (
    data,
    report,
    spatial_finetune,
    spatial_retrain,
    spatial_search,
    spatial_train,
    temporal_train,
)
from platform.stages.context import StageContext
from platform.tracking import Tracking

# The later stages of the design (the temporal search, latency, export) get their line here.
STAGES: Mapping[StageName, Callable[[StageContext], None]] = {
    "data": data.run,
    "spatial_train": spatial_train.run,
    "spatial_search": spatial_search.run,
    "spatial_retrain": spatial_retrain.run,
    "spatial_finetune": spatial_finetune.run,
    "temporal_train": temporal_train.run,
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
        tracking.log_params(flat_fields(config))
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
    front = folder.path / "pareto.png"
    lines = {
        f"results        {folder.path}": folder.path,
        f"trials         {folder.trials.folder}  (pandas.read_parquet)": folder.best,
        f"Pareto front   {front.with_suffix('.html')}, {front}": front,
        f"network        {folder.network}": folder.network,
        f"finetuned      {folder.finetuned}": folder.finetuned,
        f"T supernet     {folder.temporal_supernet}": folder.temporal_supernet,
        f"configuration  {folder.config}": folder.config,
        f"MLflow UI      mlflow ui --backend-store-uri {tracking_uri}": folder.path,
    }
    for line, needs in lines.items():
        if needs.exists():
            console.print(line, highlight=False, soft_wrap=True)
