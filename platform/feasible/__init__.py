"""What may be proposed: the architectures and allocations within a run's bounds."""
