"""A run's fields, section by section."""
