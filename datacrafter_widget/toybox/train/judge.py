"""Train the judge: a classifier of rendered pictures.

python -m datacrafter_widget.toybox.train.judge --data DIR --checkpoint DIR --minutes 4
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional

from datacrafter_widget.toybox.judge import ANSWERS, Judge
from datacrafter_widget.toybox.train import data
from datacrafter_widget.toybox.train.augment import augment, to_images
from datacrafter_widget.toybox.train.optimiser import Muon
from datacrafter_widget.toybox.train.schedule import Budget, atomic_save, cosine, device

__all__ = ["accuracy", "save", "train"]

#: Question → the attribute that answers it.
_FIELDS = {name: "kind" if name == "class" else name for name in ANSWERS}


def train(
    folder: Path, checkpoint: Path, minutes: float, *, batch: int = 96, lr: float = 2e-3, seed: int = 1
) -> Judge:
    """Train for some minutes of wall clock, from the checkpoint's state if there is one."""
    torch.manual_seed(seed)
    rng, where = np.random.default_rng(seed), device()
    pictures, attributes = data.load(folder)
    targets = torch.from_numpy(attributes.astype(np.int64)).to(where)
    judge = Judge().to(where, memory_format=torch.channels_last)
    heads = list(judge.heads.parameters())
    optimiser = Muon(judge.features.parameters(), adam=heads, lr=lr)
    step, budget, state_file = 0, Budget(minutes), checkpoint / "state.pt"
    if state_file.exists():
        state = torch.load(state_file, weights_only=True, map_location=where)
        judge.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        step, budget = state["step"], Budget(minutes, state["spent"])
    while budget.share < 1:
        for group in optimiser.param_groups:
            group["lr"] = lr * cosine(budget.share)
        chosen = rng.integers(len(pictures), size=batch)
        logits = judge(augment(to_images(pictures[chosen], where)))
        loss = sum(
            functional.cross_entropy(
                logits[name], targets[chosen, data.FIELDS.index(field)], label_smoothing=0.02
            )
            for name, field in _FIELDS.items()
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step += 1
        if step % 100 == 0:
            print(f"step {step}  {budget.spent:.1f} min  loss {loss.item():.3f}", flush=True)
    state = {"model": judge.state_dict(), "optimiser": optimiser.state_dict()}
    atomic_save(state | {"step": step, "spent": budget.spent}, state_file)
    return judge.eval()


def accuracy(judge: Judge, folder: Path) -> dict[str, float]:
    """Share of right answers on another rendered set."""
    pictures, attributes = data.load(folder)
    answers = judge.predict(pictures)
    truth = [data.attributes_of(row) for row in attributes]
    return {
        name: float(
            np.mean([given == getattr(a, field) for given, a in zip(answers[name], truth, strict=True)])
        )
        for name, field in _FIELDS.items()
    }


def save(judge: Judge, path: Path) -> None:
    """Write the weights in half precision."""
    tensors = {name: tensor.half().contiguous() for name, tensor in judge.state_dict().items()}
    save_file({name: tensor for name, tensor in tensors.items() if not name.endswith("tracked")}, path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder written by train.data")
    parser.add_argument("--test", type=Path, help="another such folder, to report the accuracy on")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    judge = train(arguments.data, arguments.checkpoint, arguments.minutes).cpu()
    save(judge, arguments.checkpoint / "judge.safetensors")
    if arguments.test:
        print({name: round(value, 4) for name, value in accuracy(judge, arguments.test).items()})


if __name__ == "__main__":
    main()
