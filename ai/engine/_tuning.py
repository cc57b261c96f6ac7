"""Fine-tuning with torch; `tuned` loads this module by name where somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

if TYPE_CHECKING:
    from ai.engine.tuned import Recipe

# What a ticket is about stands in its beginning; a pass costs as much as its longest text is long.
MAX_TOKENS = 128
# Of six layers the lower three keep what MiniLM knows of language.
FIRST_LAYER = 3
READ_BATCH = 64
# So many batches are drawn at once, and within them texts of like length share one: padding was
# four fifths of the work.
POOL = 16
SEED = 0


def has_gpu() -> bool:
    """Whether torch finds one."""
    return bool(torch.cuda.is_available())


class Net:
    """MiniLM, its words' mean, and a linear head over the classes."""

    def __init__(self, path: str, classes: int, device: str) -> None:
        packed: Any = SentenceTransformer(path, device="cpu", local_files_only=True)
        self.tokenizer = packed.tokenizer
        self.body = packed[0].auto_model.to(device)
        self.head = torch.nn.Linear(self.body.config.hidden_size, classes).to(device)
        self.device = device
        for name, weights in self.body.named_parameters():
            weights.requires_grad = is_tuned(name)

    def logits(self, texts: list[str]) -> torch.Tensor:
        """(rows, classes)."""
        tokens = self.tokenizer(
            texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        ).to(self.device)
        hidden = self.body(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
        found: torch.Tensor = self.head(mean.float())
        return found

    def margins(self, texts: list[str]) -> NDArray[np.float32]:
        """Log probabilities (rows, classes)."""
        self.body.eval()
        found = np.zeros((len(texts), self.head.out_features), dtype=np.float32)
        order = np.argsort([len(text) for text in texts], kind="stable")
        with torch.inference_mode():
            for start in range(0, len(texts), READ_BATCH):
                rows = order[start : start + READ_BATCH]
                logits = self.logits([texts[row] for row in rows])
                found[rows] = torch.log_softmax(logits.float(), dim=1).cpu().numpy()
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was tuned, in half precision."""
        own = {
            name: weights.detach().half().cpu().numpy()
            for name, weights in self.body.named_parameters()
            if is_tuned(name)
        }
        own["head_weight"] = self.head.weight.detach().float().cpu().numpy()
        own["head_bias"] = self.head.bias.detach().float().cpu().numpy()
        return own


def is_tuned(name: str) -> bool:
    """Whether a parameter of the body changes."""
    parts = name.split(".")
    return parts[:2] == ["encoder", "layer"] and int(parts[2]) >= FIRST_LAYER


def load(path: str, arrays: Mapping[str, NDArray[Any]]) -> Net:
    """The net of what was learned, on the GPU where there is one."""
    net = Net(path, len(arrays["head_bias"]), "cuda" if has_gpu() else "cpu")
    with torch.no_grad():
        for name, weights in net.body.named_parameters():
            if is_tuned(name):
                weights.copy_(torch.from_numpy(arrays[name].astype(np.float32)))
        net.head.weight.copy_(torch.from_numpy(arrays["head_weight"]))
        net.head.bias.copy_(torch.from_numpy(arrays["head_bias"]))
    return net


def fit(
    path: str,
    texts: list[str],
    targets: NDArray[np.int64],
    classes: int,
    *,
    where: str,
    recipe: Recipe,
) -> dict[str, NDArray[Any]]:
    """Tune on all rows; the same rows give the same model on the same machine."""
    torch.manual_seed(SEED)
    device = "cuda" if where == "gpu" else "cpu"
    net = Net(path, classes, device)
    own = [weights for weights in net.body.parameters() if weights.requires_grad]
    groups = [
        {"params": own, "lr": recipe.rate},
        {"params": list(net.head.parameters()), "lr": recipe.head_rate},
    ]
    steps = recipe.epochs * -(-len(texts) // recipe.batch)
    steps = min(steps, recipe.most_steps) if recipe.most_steps else steps
    machine = torch.optim.AdamW(groups)
    rates = [group["lr"] for group in machine.param_groups]
    known = torch.from_numpy(targets)
    random = np.random.default_rng(SEED)
    order = np.zeros(0, dtype=np.int64)
    net.body.train()
    for step in range(steps):
        for group, rate in zip(machine.param_groups, rates, strict=True):
            group["lr"] = rate * (1 - step / steps)
        if len(order) < min(recipe.batch, len(texts)):
            order = random.permutation(len(texts))
        rows, order = order[: recipe.batch], order[recipe.batch :]
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            logits = net.logits([texts[row] for row in rows])
        loss: Any = torch.nn.functional.cross_entropy(logits.float(), known[rows].to(device))
        machine.zero_grad()
        loss.backward()
        machine.step()
    return net.arrays()
