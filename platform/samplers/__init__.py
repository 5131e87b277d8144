"""Who proposes the next architecture: always an allowed one, a new one, and the same for a seed."""
