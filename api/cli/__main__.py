"""`python -m api.cli` is `houtai`; the supervisor starts its processes this way."""

from api.cli.app import main

main()
