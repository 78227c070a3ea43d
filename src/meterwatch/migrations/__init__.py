"""Brings a database from one revision of the tables to the next."""
