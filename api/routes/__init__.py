"""The JSON paths of `/api/v1`."""
