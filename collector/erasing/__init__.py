"""Taking one object or person out of everything that is kept."""
