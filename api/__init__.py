"""People and programs ask: HTTP API, pages, settings, command line."""
