"""Weights of other programs: files of PyTorch read as data, MMPose's names and configurations."""
