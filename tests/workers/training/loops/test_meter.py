from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from workers.training.loops.meter import Meter, peak_memory_mib

CPU = torch.device("cpu")


def test_speed_and_waiting_are_those_of_all_steps_together() -> None:
    meter = Meter()
    meter.add(images=30, took_s=2.0, waited_s=0.5)
    meter.add(images=30, took_s=1.0, waited_s=0.1)
    assert meter.images_per_s == 20.0
    assert meter.data_wait_share == pytest.approx(0.2)


def test_memory_is_the_most_that_the_system_has_seen_this_process_hold() -> None:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("needs Linux's /proc")
    high_water_kib = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    assert high_water_kib is not None
    assert peak_memory_mib(CPU) == pytest.approx(int(high_water_kib[1]) / 1024, rel=0.02)
