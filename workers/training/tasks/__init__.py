"""What is trained: supernets, single networks, groups of networks, and how each is validated."""
