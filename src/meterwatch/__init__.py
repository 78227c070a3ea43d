"""Watches water meters and panic buttons, and keeps telling people until somebody has gone to look."""

__version__ = "0.1.0"
