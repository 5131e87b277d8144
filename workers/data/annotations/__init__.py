"""Annotation files as columns: opened, every field of every record checked, nothing usable lost."""
