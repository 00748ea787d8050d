"""One root error with two children that decide what happens next."""


class HoutaiError(Exception):
    """Root of every error Houtai raises on purpose; its text is one line fit for a person."""


class PermanentError(HoutaiError):
    """The sender or user must change something; never retry."""


class RetryableError(HoutaiError):
    """Nothing is wrong with the input; the same call may succeed later."""
