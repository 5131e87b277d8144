"""A run from configuration to report: its stages in order, one Ray session, one tracking run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from rich.console import Console

from platform.config.run import RunConfig
from platform.config.stage_names import STAGE_NAMES, StageName
from platform.run.cluster import ray_session
from platform.run.context import Run
from platform.run.folder import RunFolder, folder_of, open_run_folder
from platform.run.lock import only_driver
from platform.run.tracked import tracked, tracking_uri
from platform.stages import data, report
from platform.stages.fits import check_fits
from platform.stages.own_fields import fields_typed
from platform.stages.preflight import check
from platform.stages.spatial import finetune as spatial_finetune
from platform.stages.spatial import retrain as spatial_retrain
from platform.stages.spatial import search as spatial_search
from platform.stages.spatial import train as spatial_train
from platform.stages.temporal import retrain as temporal_retrain
from platform.stages.temporal import search as temporal_search
from platform.stages.temporal import train as temporal_train
from platform.terminal.paths import absolute
from platform.terminal.secrets import redacted

STAGES: Mapping[StageName, Callable[[Run], None]] = {
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
    config = absolute(config)  # workers stand in other folders
    check(config)
    check_fits(config, partial(console.print, highlight=False, soft_wrap=True))
    with only_driver(folder_of(config).path):
        folder = open_run_folder(config)
        with tracked(config, folder, console) as tracking:
            context = Run(config, folder, tracking, console)
            with ray_session(config.resources):
                for name in STAGE_NAMES:
                    if name in config.stages:
                        with fields_typed(name):
                            STAGES[name](context)
    _say_where(console, folder, redacted(tracking_uri(config)))
    say_warnings(context)
    return folder


def say_warnings(context: Run) -> None:
    """What a person must see at the end, in a line each."""
    for warning in context.warnings:
        context.console.print(f"warning: {warning}", highlight=False, markup=False, soft_wrap=True)


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
