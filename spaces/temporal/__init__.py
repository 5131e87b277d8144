"""The temporal level: fusion of the previous frame's heatmaps, and one architecture for every frame."""
