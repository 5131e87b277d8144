"""Prediction: a known law is found again, files keep it to the bit, and foreign ones are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingRegressor

from spaces.architecture import Architecture
from spaces.registry import build_space
from spaces.space import SearchSpace
from tests.spaces.toy import toy
from workers.errors import DataError
from workers.latency.features import NAMES, feature_names, features
from workers.latency.measure import Setting
from workers.latency.predictor import LatencyPredictor, train_predictor
from workers.latency.trees import Trees

SETTING = Setting(space="toy", keypoints=17, input_hw=(64, 32), runtime="onnxruntime")


def law_ms(space: SearchSpace, architecture: Architecture) -> float:
    """Known and additive: a bit for each block, for each channel, and for each MAC of each kind."""
    cost = space.cost(architecture)
    parts = space.parts(architecture)
    return 0.5 + cost.gmacs * 40 + sum(0.02 * part.depth + 0.003 * part.depth * part.width for part in parts)


def drawn(space: SearchSpace, count: int, seed: int) -> list[Architecture]:
    rng = np.random.default_rng(seed)
    return list({each.key: each for each in (space.sample(rng) for _ in range(count))}.values())


@pytest.fixture(scope="module")
def trained() -> LatencyPredictor:
    space = toy()
    samples = [(each, law_ms(space, each)) for each in drawn(space, 64, seed=0)]
    return train_predictor(space, SETTING, "Some CPU", samples)


def test_an_additive_law_is_found_again(trained: LatencyPredictor) -> None:
    space = toy()
    predict = trained.bind(space)
    others = drawn(space, 200, seed=1)
    expected = np.array([law_ms(space, each) for each in others])
    errors = [abs(predict(each) / law_ms(space, each) - 1) for each in others]

    assert expected.std() > 0.1 * expected.mean(), "latencies that do not vary would show nothing"
    assert np.mean(errors) < 0.01
    assert trained.held_out.mape < 0.01
    assert trained.held_out.spearman > 0.99


def test_the_held_out_error_sees_noise() -> None:
    space, rng = toy(), np.random.default_rng(0)
    noisy = [(each, law_ms(space, each) * rng.uniform(0.7, 1.3)) for each in drawn(space, 64, seed=0)]

    held_out = train_predictor(space, SETTING, "Some CPU", noisy).held_out

    assert held_out.mape > 0.1
    assert held_out.p95 > held_out.mape


def test_a_file_predicts_to_the_bit(trained: LatencyPredictor, tmp_path: Path) -> None:
    space = toy()
    trained.save(tmp_path / "predictor.json")

    again = LatencyPredictor.load(tmp_path / "predictor.json", SETTING)

    assert again.held_out == trained.held_out
    some = drawn(space, 20, seed=2)
    assert [again.bind(space)(each) for each in some] == [trained.bind(space)(each) for each in some]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (replace(SETTING, runtime="torch"), "runtime onnxruntime, not torch"),
        (replace(SETTING, input_hw=(256, 192)), r"input_hw \(64, 32\), not \(256, 192\)"),
        (replace(SETTING, space="resnet50"), "space toy, not resnet50"),
        (replace(SETTING, threads=2), "threads 1, not 2"),
    ],
)
def test_a_file_of_another_setting_is_refused(
    trained: LatencyPredictor, tmp_path: Path, other: Setting, told: str
) -> None:
    trained.save(tmp_path / "predictor.json")

    with pytest.raises(DataError, match=told):
        LatencyPredictor.load(tmp_path / "predictor.json", other)


@pytest.mark.parametrize("text", ["", "{}", '{"format": 9}', "[1]"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "predictor.json").write_text(text)

    with pytest.raises(DataError, match="must be a latency predictor that a search wrote"):
        LatencyPredictor.load(tmp_path / "predictor.json", SETTING)


@pytest.mark.parametrize(
    ("at", "to"),
    [
        (("intercept",), "many"), (("intercept",), float("nan")), (("coefficients", 0), None),
        (("coefficients",), [1.0]), (("names",), ["a"]), (("setting",), []), (("held_out",), {}),
        (("trees",), None), (("trees", "roots"), [10**6]), (("trees", "feature"), [0]),
    ],
)  # fmt: skip
def test_a_file_of_which_one_value_is_wrong_is_refused(
    at: tuple[str | int, ...], to: object, trained: LatencyPredictor, tmp_path: Path
) -> None:
    trained.save(tmp_path / "a.json")
    value = json.loads((tmp_path / "a.json").read_text())
    holder = value
    for name in at[:-1]:
        holder = holder[name]
    holder[at[-1]] = to
    (tmp_path / "a.json").write_text(json.dumps(value))
    with pytest.raises(DataError, match=r"a\.json must be a latency predictor that a search wrote"):
        LatencyPredictor.load(tmp_path / "a.json", SETTING)


def test_a_tree_that_leads_in_a_circle_is_refused() -> None:
    circle = {"start": 0.0, "roots": [0], "feature": [0, 0], "threshold": [0.0, 0.0], "left": [1, 0],
              "right": [1, 0], "value": [0.0, 0.0]}  # fmt: skip
    with pytest.raises(ValueError, match="before its children"):
        Trees.from_dict(circle)


def test_another_space_is_refused(trained: LatencyPredictor, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"for space 'resnet50' .* learnt on 'toy'"):
        trained.bind(build_space("resnet50"))
    with pytest.raises(DataError, match=r"at \(128, 96\) .* at \(64, 32\)"):
        trained.bind(toy(input_hw=(128, 96)))

    trained.save(tmp_path / "predictor.json")
    value = json.loads((tmp_path / "predictor.json").read_text())
    value["names"][0] = "stem.other"
    (tmp_path / "predictor.json").write_text(json.dumps(value))
    with pytest.raises(DataError, match="its present parts"):
        LatencyPredictor.load(tmp_path / "predictor.json", SETTING).bind(toy())


def test_too_few_samples_are_refused() -> None:
    space = toy()
    with pytest.raises(DataError, match="at least 10 measured architectures, but there are 1"):
        train_predictor(space, SETTING, "Some CPU", [(space.smallest(), 1.0)])


def test_features_split_the_cost_by_groups() -> None:
    space = toy()
    architecture = space.biggest()
    values = features(space, architecture).reshape(-1, len(NAMES))
    named = dict(zip(feature_names(space), values.ravel(), strict=True))

    kinds = [NAMES.index(kind) for kind in ("dense_gmacs", "grouped_gmacs")]
    assert values[:, kinds].sum() == pytest.approx(space.cost(architecture).gmacs)
    assert named["stage1.depth"] == 3
    # Two blocks behind the first, 24 channels, kernel 5, 1 group, 4 x 2 of 64 x 32 pixels at stride 4
    assert named["stage1.grouped_gmacs"] == pytest.approx(2 * 24 * 24 * 25 * (64 * 32 / 16) / 1e9)


def test_trees_repeat_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    columns, target = rng.random((50, 4)), rng.random(50)
    model = GradientBoostingRegressor(n_estimators=20, max_depth=3, random_state=0).fit(columns, target)

    trees = Trees.of(model)

    others = rng.random((30, 4))
    np.testing.assert_allclose(trees(others), model.predict(others), rtol=1e-12)
    again = Trees.from_dict(json.loads(json.dumps(trees.to_dict())))
    np.testing.assert_array_equal(again(others), trees(others))
    assert np.ptp(trees(others)) > 0
