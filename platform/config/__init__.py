"""One run as one value: its fields by section, recipes, files, arguments."""
