"""Clusters that are joined, and what a task in a slot computes there."""

from __future__ import annotations

import hashlib

import pytest
import torch

from platform.config.sections.resources import ResourceConfig
from platform.run.cluster import in_a_slot, ray_session
from platform.terminal.errors import ClusterError
from spaces.initialise import initialise
from spaces.registry import build_space
from tests.ports import free_ports
from workers.threads import computing_on

ONE_SLOT = ResourceConfig(cpus=2, object_store_mib=80)
TWO_CPUS = ResourceConfig(cpus=2, object_store_mib=80, cpus_per_slot=2)


def heatmaps() -> tuple[int, str]:
    """The threads that they were computed on, and a digest of their bits."""
    space = build_space("mobilenetv3-small", 17, (96, 64))
    network = initialise(space.network(space.biggest()), seed=0, sigma=0.1).eval()
    images = torch.randn(8, 3, 96, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found = network(images)
    return torch.get_num_threads(), hashlib.sha256(found.contiguous().numpy().tobytes()).hexdigest()


def test_heatmaps_of_tasks_have_equal_bits_whatever_omp_num_threads_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = {}
    for said in ("1", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", said)
        with ray_session(ONE_SLOT):
            found[said] = in_a_slot(ONE_SLOT, heatmaps)
            if said == "2":
                assert in_a_slot(TWO_CPUS, torch.get_num_threads) == 2
                assert in_a_slot(ONE_SLOT, heatmaps) == found[said]  # a process that was used before
    assert found["1"] == found["2"]
    with computing_on(1):
        assert found["1"] == heatmaps()


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_a_cluster_that_does_not_answer_is_named_at_once(scheme: str) -> None:
    (port,) = free_ports(1)
    address = f"{scheme}127.0.0.1:{port}"
    with (
        pytest.raises(ClusterError, match=rf"must be that of a Ray cluster that answers, but {address} does"),
        ray_session(ResourceConfig(address=address)),
    ):
        pass


@pytest.mark.parametrize("address", ["nowhere", "here:there"])
def test_an_address_that_is_none_is_told_in_one_line(address: str) -> None:
    with (
        pytest.raises(ClusterError, match=rf"^Ray must join the cluster at {address}, but: .*say more\.$"),
        ray_session(ResourceConfig(address=address)),
    ):
        pass
