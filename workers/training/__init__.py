"""Training of weight-shared supernets: the sandwich step, its loop, and the thin Ray Train adapter."""
