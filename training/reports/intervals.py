"""How sure a share is that was counted on some rows."""

import math

Z_95 = 1.96  # standard deviations to each side that hold 95 % of a normal distribution


def interval(share: float, rows: int) -> tuple[float, float]:
    """Return the 95 % interval of a share that was counted on so many rows (Wilson 1927)."""
    spread = Z_95**2 / rows
    middle = share + spread / 2
    half = math.sqrt(spread * (share * (1 - share) + spread / 4))
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))
