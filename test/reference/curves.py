"""A hundred optimiser steps by PEFT and torch's AdamW on a tiny GPT-NeoX, for test/model/curves.test.ts.

    python test/reference/curves.py test/model/golden

Versions: requirements.txt. Everything runs in float32 on one thread. The base model and
the adapter's first values are those of models.py, golden/parallel. Rows are of mixed lengths, in micro-batches padded on
the left; the last step of an epoch has fewer rows, and its last micro-batch one alone. DeepSpeed's rates are those of
schedules.py.
"""
import json
import random
import shutil
import sys
from pathlib import Path

import peft
import torch
import transformers

torch.set_num_threads(1)
golden = Path(sys.argv[1])
out = golden / "curves"
VOCABULARY, ROWS, EPOCHS, BATCH, MICRO = 64, 28, 20, 6, 3
PEAK, WARM_UP, DECAY, LARGEST_NORM = 5e-3, 10, 0.1, 1.4
STEPS = EPOCHS * -(-ROWS // BATCH)


def linear(step):
    return PEAK * step / WARM_UP if step < WARM_UP else PEAK * (STEPS - step) / (STEPS - WARM_UP)


schedules = json.loads((golden / "schedules.json").read_text())
deepspeed = next(case["linear"] for case in schedules if case["peak"] == PEAK).__getitem__

cases = {
    "token": ("token", linear),
    "micro-batch": ("micro-batch", linear),
    "token-deepspeed": ("token", deepspeed),
    "micro-batch-deepspeed": ("micro-batch", deepspeed),
}


def padded(group):
    length = max(map(len, group))
    ids = torch.tensor([[0] * (length - len(row)) + row for row in group])
    mask = torch.tensor([[0] * (length - len(row)) + [1] * len(row) for row in group])
    # A row's first token is predicted by padding, which is no prediction: unlabelled.
    labels = torch.tensor([[-100] * (length - len(row) + 1) + row[1:] for row in group])
    return ids, mask, labels


def train(data, normalization, schedule, folder):
    base = transformers.AutoModelForCausalLM.from_pretrained(golden / "parallel", dtype=torch.float32)
    tuned = peft.PeftModel.from_pretrained(base, golden / "parallel" / "initial", is_trainable=True).train()
    parameters = [p for p in tuned.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1.0, betas=(0.9, 0.999), eps=1e-8, weight_decay=DECAY)
    losses, norms, rates = [], [], []
    for step in range(STEPS):
        begin = step % (STEPS // EPOCHS) * BATCH
        chosen = data[begin:begin + BATCH]
        groups = [chosen[i:i + MICRO] for i in range(0, len(chosen), MICRO)]
        tokens = sum(len(row) - 1 for row in chosen)
        total = 0.0
        for group in groups:
            ids, mask, labels = padded(group)
            logits = tuned(ids, attention_mask=mask, position_ids=(mask.cumsum(-1) - 1).clamp(min=0)).logits[:, :-1]
            loss = torch.nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), labels[:, 1:].reshape(-1), reduction="sum")
            counted = (labels[:, 1:] != -100).sum()
            (loss / tokens if normalization == "token" else loss / counted / len(groups)).backward()
            total += loss.item()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, LARGEST_NORM).item())
        rates.append(schedule(step))
        for group in optimizer.param_groups:
            group["lr"] = rates[-1]
        optimizer.step()
        optimizer.zero_grad()
        losses.append(total / tokens)
    tuned.save_pretrained(folder)
    (folder / "README.md").unlink()
    return dict(losses=losses, gradientNorms=norms, learningRates=rates)


def main():
    shutil.rmtree(out, ignore_errors=True)
    generator = random.Random(17)
    data = [[generator.randrange(1, VOCABULARY) for _ in range(generator.randint(4, 30))] for _ in range(ROWS)]
    curves = {name: train(data, normalization, schedule, out / name) for name, (normalization, schedule) in cases.items()}
    for name, curve in curves.items():
        clipped = sum(norm > LARGEST_NORM for norm in curve["gradientNorms"])
        print(name, "loss", curve["losses"][0], "to", curve["losses"][-1], "clipped at", clipped, "of", STEPS, "steps")
    (out / "reference.json").write_text(json.dumps(dict(rows=data, curves=curves), separators=(",", ":")) + "\n")


main()
