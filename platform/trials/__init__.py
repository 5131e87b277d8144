"""Candidates evaluated in parallel: what is handed out, what comes back, what a death means."""
