"""Trainings by PEFT on base models in float16, for test/model/half.test.ts.

    python test/reference/halves.py loss_scaler.py test/model/golden

Versions: torch 2.13.0, transformers 5.24.0, peft 0.21.0; the loss is scaled by DeepSpeed 0.8.3's own class, see
lossScales.py. Base models and the adapters' first values are those of models.py. Everything runs on one thread; the
base is in float16, or in float32 for comparison, the adapter in float32 either way.
"""
import json
import sys
from pathlib import Path

import peft
import torch
import transformers

from lossScaler import load

torch.set_num_threads(1)
golden = Path(sys.argv[2])
STEPS, BATCH, PEAK, LARGEST_NORM, VOCABULARY = 20, 6, 5e-3, 1.0, 64
DynamicLossScaler = load(sys.argv[1])


def train(name, dtype):
    data = json.loads((golden / name / "reference.json").read_text())["rows"]
    base = transformers.AutoModelForCausalLM.from_pretrained(golden / name, dtype=dtype)
    tuned = peft.PeftModel.from_pretrained(base, golden / name / "initial", is_trainable=True).train()
    parameters = [p for p in tuned.parameters() if p.requires_grad]
    assert all(p.dtype == torch.float32 for p in parameters)
    optimizer = torch.optim.AdamW(parameters, lr=1.0, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    scaler = DynamicLossScaler(init_scale=2**16, scale_window=1000, min_scale=1, delayed_shift=2)
    losses, norms, scales, taken = [], [], [], 0
    for step in range(STEPS):
        rows = [data[(step * BATCH + i) % len(data)] for i in range(BATCH)]
        tokens = sum(len(row) - 1 for row in rows)
        total = 0.0
        for row in rows:
            logits = tuned(torch.tensor([row])).logits[0, :-1].float()
            loss = torch.nn.functional.cross_entropy(logits, torch.tensor(row[1:]), reduction="sum")
            scaler.backward(loss / tokens)
            total += loss.item()
        for parameter in parameters:
            parameter.grad /= scaler.loss_scale
        norm = torch.nn.utils.clip_grad_norm_(parameters, LARGEST_NORM).item()
        overflowed = not torch.isfinite(torch.tensor(norm)).item()
        losses.append(total / tokens)
        norms.append(None if overflowed else norm)
        scales.append(scaler.loss_scale)
        if not overflowed:
            for group in optimizer.param_groups:
                group["lr"] = PEAK * (STEPS - taken) / STEPS
            optimizer.step()
            taken += 1
        optimizer.zero_grad()
        scaler.update_scale(overflowed)
    return dict(losses=losses, gradientNorms=norms, scales=scales)


results = {name: {"float16": train(name, torch.float16), "float32": train(name, torch.float32)} for name in ("parallel", "llama")}
(golden / "half" / "reference.json").write_text(json.dumps(results, separators=(",", ":")) + "\n")
