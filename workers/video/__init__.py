"""Follows tracked people through a video, online: plain classes, without Ray."""
