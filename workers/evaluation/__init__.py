"""Evaluation of a network: validation crops, BatchNorm recalibration, prediction, COCO scoring."""
