"""Human-guided expansion of small image data sets, in a notebook.

The names below are imported when they are first used, so that ``import datacrafter_widget`` stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import (
    DataCrafterError,
    InputError,
    JobCancelled,
    ModelError,
    OutOfMemoryError,
    StoreError,
    TemplateError,
)

if TYPE_CHECKING:
    from datacrafter_widget import evaluate as evaluate
    from datacrafter_widget.editing.gallery import Gallery
    from datacrafter_widget.generation.imagination import ImaginationSettings
    from datacrafter_widget.generation.ray_pool import RayPool
    from datacrafter_widget.generation.templates import PromptTemplate
    from datacrafter_widget.jobs import Job
    from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
    from datacrafter_widget.models.editors.editor import Abilities
    from datacrafter_widget.models.editors.registry import open_editor
    from datacrafter_widget.session import Session
    from datacrafter_widget.session.cost_report import Prices
    from datacrafter_widget.widget import (
        DataCrafter,
        Detail,
        Evaluation,
        Info,
        Map,
        Metrics,
        Prompts,
        Suggestions,
    )

__version__ = "0.1.0"

_HOMES = {
    "Abilities": "datacrafter_widget.models.editors.editor",
    "DataCrafter": "datacrafter_widget.widget",
    "Detail": "datacrafter_widget.widget",
    "DiffusersGenerator": "datacrafter_widget.models.diffusers_generator",
    "Evaluation": "datacrafter_widget.widget",
    "Gallery": "datacrafter_widget.editing.gallery",
    "ImaginationSettings": "datacrafter_widget.generation.imagination",
    "Info": "datacrafter_widget.widget",
    "Job": "datacrafter_widget.jobs",
    "Map": "datacrafter_widget.widget",
    "Metrics": "datacrafter_widget.widget",
    "Prices": "datacrafter_widget.session.cost_report",
    "PromptTemplate": "datacrafter_widget.generation.templates",
    "Prompts": "datacrafter_widget.widget",
    "RayPool": "datacrafter_widget.generation.ray_pool",
    "Session": "datacrafter_widget.session",
    "Suggestions": "datacrafter_widget.widget",
    "open_editor": "datacrafter_widget.models.editors.registry",
}

__all__ = [
    "Abilities",
    "DataCrafter",
    "DataCrafterError",
    "Detail",
    "DiffusersGenerator",
    "Evaluation",
    "Gallery",
    "ImaginationSettings",
    "Info",
    "InputError",
    "Job",
    "JobCancelled",
    "Map",
    "Metrics",
    "ModelError",
    "OutOfMemoryError",
    "Prices",
    "PromptTemplate",
    "Prompts",
    "RayPool",
    "Session",
    "StoreError",
    "Suggestions",
    "TemplateError",
    "__version__",
    "evaluate",
    "open_editor",
]


def __getattr__(name: str) -> Any:
    if name == "evaluate":
        return import_module("datacrafter_widget.evaluate")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
