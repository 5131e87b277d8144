"""From a network to its AP: validation crops, BatchNorm recalibration, prediction, COCO scoring."""
