"""One file for each revision, numbered; a revision that was published never changes."""
