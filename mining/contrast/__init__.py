"""What sets some cases apart from others: fields and combinations of them, and sources beside their outcomes.

Method and figures: docs/contrast.md.
"""
