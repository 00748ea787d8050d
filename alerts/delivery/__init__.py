"""Delivery by the service itself, where there is no Alertmanager."""

from alerts.delivery.background import Background
from alerts.delivery.deliverer import Deliverer

__all__ = ["Background", "Deliverer"]
