"""What can be searched: architectures, elastic supernets, closed-form cost, extraction."""
