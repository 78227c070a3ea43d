"""Runs the service: the broker client, the beats and the roles."""
