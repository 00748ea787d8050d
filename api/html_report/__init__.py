"""The answer in one sentence and numbers as people read them: what reports, pages and the terminal share."""
