"""OTLP/JSON as it comes in: the receiver checks by these shapes, and the converter reads by them."""
