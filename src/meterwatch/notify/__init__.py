"""Speaks to carriers: what a message says, and how it is sent."""
