"""Parts of the way in by databases: reading, comparing, remembering, handing on."""
