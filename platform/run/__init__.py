"""The run under way: its folder, lock, cluster session, tracking, and what other runs left."""
