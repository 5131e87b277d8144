"""PoseTrack18's evaluation."""
