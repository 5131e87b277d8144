"""What a machine does for a search: one architecture in, its accuracy out."""
