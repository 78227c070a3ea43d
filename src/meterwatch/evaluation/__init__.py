"""Scores detectors on recorded homes: how early, how quiet."""
