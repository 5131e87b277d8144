"""The stages of a run, one a file; each reads the run's folder and writes into it, and does nothing twice."""
