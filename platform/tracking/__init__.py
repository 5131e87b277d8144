"""MLflow: what is sent, what waits on disk, the server."""
