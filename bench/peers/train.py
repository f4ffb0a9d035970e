"""
LoRA training as PEFT and torch do it: {"model", "rows", "options"}. Each step takes `batchSize` rows, in micro-batches of
`microBatchSize` padded to their longest; its loss is the mean over the labels of the step. The first step is not timed.
Ends with {"seconds", "tokens", "losses"}, tokens without padding.
"""
import json
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

job = json.loads(sys.argv[1])
options = job["options"]
rows = [torch.tensor(row) for row in json.load(open(job["rows"]))[: options["steps"] * options["batchSize"]]]
torch.manual_seed(0)
model = AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32)
lora = LoraConfig(
    r=options["rank"],
    lora_alpha=options["alpha"],
    lora_dropout=options["dropout"],
    target_modules=options["targets"],
    task_type="CAUSAL_LM",
)
model = get_peft_model(model, lora)
model.train()
parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(parameters, lr=options["learningRate"], weight_decay=0.0)


def padded(batch):
    longest = max(len(row) for row in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    mask = torch.zeros(len(batch), longest, dtype=torch.long)
    for index, row in enumerate(batch):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask, "labels": ids.masked_fill(mask == 0, -100)}


def step(batch):
    labels = sum(len(row) - 1 for row in batch)
    total = 0.0
    for start in range(0, len(batch), options["microBatchSize"]):
        micro = batch[start : start + options["microBatchSize"]]
        loss = model(**padded(micro)).loss * (sum(len(row) - 1 for row in micro) / labels)
        loss.backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return total


losses, seconds, tokens = [], 0.0, 0
for start in range(0, len(rows), options["batchSize"]):
    batch = rows[start : start + options["batchSize"]]
    begin = time.perf_counter()
    losses.append(step(batch))
    if start > 0:
        seconds += time.perf_counter() - begin
        tokens += sum(len(row) for row in batch)
print(json.dumps({"seconds": seconds, "tokens": tokens, "losses": losses}))
