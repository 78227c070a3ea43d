"""Benchmarks: what the house costs, held against a floor measured in the same run."""
