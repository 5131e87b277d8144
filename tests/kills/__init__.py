"""Commands that are stopped or killed at random moments: ``python -m tests.kills``, `make kills`."""
