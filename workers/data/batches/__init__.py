"""Training batches: samples, augmentation, caches, processes."""
