"""A training on Ray Train, and what is seen of it."""
