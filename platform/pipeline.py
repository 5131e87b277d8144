"""A run from configuration to report: its stages in order, one Ray session, one tracking run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.console import Console

from platform.cluster import ray_session
from platform.config import STAGE_NAMES, RunConfig, StageName
from platform.preflight import check
from platform.run_folder import RunFolder, folder_of, open_run_folder
from platform.run_lock import only_driver
from platform.stages import (
    data,
    report,
    spatial_finetune,
    spatial_retrain,
    spatial_search,
    spatial_train,
    temporal_retrain,
    temporal_search,
    temporal_train,
)
from platform.stages.context import StageContext
from platform.tracked_run import tracked, tracking_uri

STAGES: Mapping[StageName, Callable[[StageContext], None]] = {
    "data": data.run,
    "spatial_train": spatial_train.run,
    "spatial_search": spatial_search.run,
    "spatial_retrain": spatial_retrain.run,
    "spatial_finetune": spatial_finetune.run,
    "temporal_train": temporal_train.run,
    "temporal_search": temporal_search.run,
    "temporal_retrain": temporal_retrain.run,
    "report": report.run,
}


def run(config: RunConfig, console: Console) -> RunFolder:
    """Runs or continues a run; returns where it lies. Raises VipnasError for what a person can mend."""
    check(config)
    with only_driver(folder_of(config).path):
        folder = open_run_folder(config)
        with tracked(config, folder, console) as tracking:
            context = StageContext(config, folder, tracking, console)
            with ray_session(config.resources):
                for name in STAGE_NAMES:
                    if name in config.stages:
                        STAGES[name](context)
    _say_where(console, folder, tracking_uri(config))
    return folder


def _say_where(console: Console, folder: RunFolder, uri: str) -> None:
    front = folder.path / "pareto.png"
    lines = {
        f"results        {folder.path}": folder.path,
        f"trials         {folder.trials.folder}  (pandas.read_parquet)": folder.best,
        f"Pareto front   {front.with_suffix('.html')}, {front}": front,
        f"network        {folder.network}": folder.network,
        f"finetuned      {folder.finetuned}": folder.finetuned,
        f"T supernet     {folder.temporal_supernet}": folder.temporal_supernet,
        f"allocation     {folder.allocation}, {folder.allocation_networks}": folder.allocation,
        f"retrained      {folder.retrained_networks}": folder.retrained_networks,
        f"configuration  {folder.config}": folder.config,
        f"MLflow UI      mlflow ui --backend-store-uri {uri}": folder.path,
    }
    for line, needs in lines.items():
        if needs.exists():
            console.print(line, highlight=False, soft_wrap=True)
