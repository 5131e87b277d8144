"""The stages of the spatial level."""
