"""The pages that staff see, one file a subject."""
