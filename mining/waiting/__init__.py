"""What each piece of work waited for: when it could have started, and why it did not."""
