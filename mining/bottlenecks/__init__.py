"""What the bottleneck report shows beside the report document: periods, trends, single passages, before and after."""
