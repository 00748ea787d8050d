"""Knowledge becomes pictures: Grafana dashboards as code."""
