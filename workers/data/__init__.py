"""People, crops, heatmaps and training batches, read from COCO's layout."""
