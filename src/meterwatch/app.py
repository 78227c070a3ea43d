"""The only wiring: every part is made and handed to the others here."""
