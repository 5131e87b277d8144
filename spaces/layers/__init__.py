"""Elastic primitives, each beside its plain twin and its closed-form cost."""
