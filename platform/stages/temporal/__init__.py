"""The stages of the temporal level."""
