"""Keeps and finds what the service knows, on SQLite and on PostgreSQL."""
