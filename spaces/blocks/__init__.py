"""The blocks that stages are stacked from: plain, elastic, and their cost, one kind a file."""
