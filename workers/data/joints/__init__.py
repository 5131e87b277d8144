"""What the names of joints say."""
