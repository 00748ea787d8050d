"""The five colours of causes can be told apart by anybody, and are the same everywhere."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from api.pages.render import STATIC
from dashboards.panels import CAUSE_COLOURS as GRAFANA
from mining.names import CAUSE_COLOURS

Floats = npt.NDArray[np.float64]
SEEN = {
    "all cones": np.eye(3),
    "no red cones": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""Linear RGB as it is seen (Machado, Oliveira and Fernandes 2009, severity 1)."""
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: str) -> Floats:
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb: Floats) -> Floats:
    white = XYZ @ np.clip(rgb, 0, 1) / np.array([0.95047, 1, 1.08883])
    x, y, z = np.where(white > 0.008856, np.cbrt(white), 7.787 * white + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eyes", SEEN)
def test_no_two_look_alike(eyes: str) -> None:
    points = {name: lab(np.array(SEEN[eyes]) @ linear(colour)) for name, colour in CAUSE_COLOURS.items()}
    for one, other in itertools.combinations(points, 2):
        assert np.linalg.norm(points[one] - points[other]) > 20, (one, other)


def test_pages_and_grafana_have_them_from_one_place() -> None:
    style = STATIC["houtai.css"].decode()
    for name, colour in CAUSE_COLOURS.items():
        assert GRAFANA[name] == colour
        assert style.count(f"--{name}:") == 1
        assert f"--{name}:{colour}" in style
