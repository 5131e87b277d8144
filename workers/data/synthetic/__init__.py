"""Synthetic data: drawn figures in clips, with their labels."""
