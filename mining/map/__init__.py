"""The process map: which part of the report to draw, where everything stands, and the drawing."""

from mining.map.choosing import Choice, choose
from mining.map.drawing import STYLE, svg
from mining.map.layout import Layout, PlacedEdge, PlacedNode, layout

__all__ = ["STYLE", "Choice", "Layout", "PlacedEdge", "PlacedNode", "choose", "layout", "svg"]
