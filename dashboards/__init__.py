"""Grafana dashboards, data sources and provisioning, as code."""

import warnings

# The SDK warns on import of the classic model. Only Grafana 12 and later understand the newer one; all the classic.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import bargauge as _bargauge  # noqa: F401
    from grafana_foundation_sdk.builders import dashboard as _dashboard  # noqa: F401

from dashboards.building import build, documents
from dashboards.checking import check
from dashboards.provisioning import Sources
from dashboards.pushing import push

__all__ = ["Sources", "build", "check", "documents", "push"]
