"""CloudEvents 1.0 as they come in: read, checked, written in one form; and who may send them."""
