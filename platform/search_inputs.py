"""What a search looks at: the supernet's weights, crops to recalibrate on and to score, the truth."""

from __future__ import annotations

from platform.scoring import evenly_spaced
from platform.stages.context import StageContext
from spaces.space import SearchSpace
from workers.data.codec import Codec
from workers.data.people import People
from workers.evaluation.coco_ap import CocoScorer
from workers.evaluation.crops import prepare_crops
from workers.search.evaluator import SearchInputs
from workers.weights.safetensors import load_weights


def search_inputs(context: StageContext, space: SearchSpace, people: People) -> SearchInputs:
    config = context.config
    weights = load_weights(
        context.folder.supernet, {"space": space.name, "keypoints": str(space.keypoints)}
    )
    training = context.people(config.data.train_split)
    count = min(config.search.recalibration_people, len(training.people))
    return SearchInputs(
        space=space.name,
        keypoints=space.keypoints,
        input_hw=config.space.input_hw,
        weights={name: tensor.numpy() for name, tensor in weights.items()},
        recalibration_images=prepare_crops(evenly_spaced(training, count), config.space.input_hw).images,
        crops=prepare_crops(people, config.space.input_hw),
        scorer=CocoScorer.from_people(people),
        codec=Codec(config.space.input_hw, config.space.sigma_cells),
        batch_size=config.search.batch_size,
        flip_test=config.search.flip_test,
    )
