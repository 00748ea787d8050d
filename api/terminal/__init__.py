"""What commands show on a terminal: a summary of a report, and progress."""
