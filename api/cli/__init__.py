"""The command line. A command imports its packages inside itself, so that each process loads only what it uses."""
