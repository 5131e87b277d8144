"""Weights at rest: released checkpoints in MMPose's naming, our own safetensors, and ONNX."""
