"""The one table of results: its schema, and the durable store of its rows."""
