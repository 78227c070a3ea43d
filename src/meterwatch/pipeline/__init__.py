"""Does what the service does, one transaction a function: read, decide, write."""
