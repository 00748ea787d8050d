"""How far cases are from what a model allows: optimal alignments, one a variant."""
