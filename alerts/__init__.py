"""Knowledge wakes somebody: Prometheus rules, routing, delivery, runbooks."""
