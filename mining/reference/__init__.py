"""What a process should be: a model that somebody drew or marked, and how far cases are from it."""
