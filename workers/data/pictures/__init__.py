"""Image files before they are decoded: where they may lie, what they declare."""
