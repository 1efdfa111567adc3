"""Tasks of a benchmark in processes of one thread each; what is done is kept in a folder, and not done again."""

import json
import multiprocessing
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed

import torch
from threadpoolctl import threadpool_limits


def prepare_worker():
    torch.set_num_threads(1)
    threadpool_limits(1)  # the linear algebra of NumPy and SciPy, whose threads wait for each other
    warnings.filterwarnings("ignore", category=FutureWarning)


def work(folder, do, task, *arguments):
    """Do a task unless it is done."""
    path = folder / f"{'-'.join(map(str, (task, *arguments)))}.json"
    if not path.exists():
        started = time.perf_counter()
        result = do(*arguments)
        part = path.with_suffix(".part")
        part.write_text(json.dumps({**result, "seconds": time.perf_counter() - started}))
        part.rename(path)
    return json.loads(path.read_text())


def run_all(functions, tasks, folder, workers):
    """Results by task and arguments, in the order of the tasks; each task begins with its function's name there."""
    results = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=prepare_worker) as pool:
        futures = {pool.submit(work, folder, functions[task[0]], *task): task for task in tasks}
        try:
            for future in as_completed(futures):
                task = futures[future]
                results[task] = future.result()
                print(f"{' '.join(map(str, task)):45s} {results[task]['seconds']:6.1f} s", flush=True)
        except BaseException:  # an interrupt does not wait for what has not begun
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return {task: results[task] for task in tasks}
