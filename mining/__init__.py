"""Events become knowledge: arena, kernels, findings, the report document."""
