"""Stands in for a district: speaks to the service only by payloads."""
