"""Background work: a `Job` with progress, cancel and result, and the one thread that runs them.

One thread owns the models, so that work on the accelerator is serial. Interactive jobs go first: they are
taken from the queue before long ones, and a long job lets them in at each `Job.checkpoint()`.
"""

from datacrafter_widget.jobs.job import Job, State
from datacrafter_widget.jobs.progress import Progress, ProgressBar
from datacrafter_widget.jobs.runner import JobRunner

__all__ = ["Job", "JobRunner", "Progress", "ProgressBar", "State"]
