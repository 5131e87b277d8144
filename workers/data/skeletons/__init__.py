"""Skeletons beside those of the annotation files: given ones, said ones, joints in another order."""
