"""The nouns of the service and their rules: pure values, no I/O, no clock."""
