"""COCO's keypoint evaluation."""
