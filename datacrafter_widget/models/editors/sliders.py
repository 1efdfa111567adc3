"""From plain sliders to a model's own numbers."""

from __future__ import annotations


def along(slider: float, low: float, middle: float, high: float) -> float:
    """A number for a slider: straight from `low` at 0 to `middle` at 0.5, and on to `high` at 1."""
    if slider <= 0.5:
        return low + (middle - low) * 2 * slider
    return middle + (high - middle) * (2 * slider - 1)


def steps_for(slider: float, usual: int) -> int:
    """Denoising steps: half of the usual number for a quick edit, twice as many for a careful one."""
    return max(1, round(along(slider, usual / 2, usual, 2 * usual)))


def guidance_for(slider: float, usual: float) -> float:
    """Guidance around the model's usual one; a model that needs none (1 or below) keeps its own."""
    if usual <= 1:
        return usual
    return round(along(slider, 1 + (usual - 1) / 3, usual, 2 * usual), 3)
