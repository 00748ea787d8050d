"""How long cases take to leave a step, where some have not left it yet."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Leaving:
    """The product-limit estimator (Kaplan, Meier, J. Am. Stat. Assoc. 53, 1958) of the time to leave a step.

    Cases that still stand count as long as they have been seen to stand. What the curve never comes below is the share
    of those that never leave (Maller, Zhou, Biometrika 79, 1992).
    """

    times: Times
    """Times to leave (µs) that occurred, ascending."""
    standing: npt.NDArray[np.float64]
    """Share that still stands after each of them."""

    @property
    def share(self) -> float:
        """Of those that come to the step, how many leave it; 0 where none has."""
        return 1.0 - float(self.standing[-1]) if len(self.standing) else 0.0

    def within(self, part: float) -> int:
        """Time (µs) within which `part` (0..1) of those that ever leave have left. ValueError where none has."""
        if not len(self.times):
            raise ValueError("nobody has left")
        place = np.searchsorted(1.0 - self.standing, part * self.share - 1e-12, side="left")
        return int(self.times[min(int(place), len(self.times) - 1)])


def leaving(took: Times, stands: Times) -> Leaving:
    """From the times (µs) after which cases left, and those for which others have stood until now."""
    times, left = np.unique(took, return_counts=True)
    ordered, still = np.sort(took), np.sort(stands)
    at_risk = len(ordered) - np.searchsorted(ordered, times) + len(still) - np.searchsorted(still, times)
    standing: npt.NDArray[np.float64] = np.cumprod(1.0 - left / at_risk, dtype=np.float64)
    return Leaving(times, standing)
