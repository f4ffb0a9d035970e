"""
Perplexity of answers with transformers: {"model", "rows", "batchSize"}. Rows are padded to the longest of their batch;
labels are the answer's tokens and the end of text. Tokenizing is timed, loading is not.
Ends with {"seconds", "losses"}, the mean cross entropy of each row in nats.
"""
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

job = json.loads(sys.argv[1])
rows = json.load(open(job["rows"]))
tokenizer = AutoTokenizer.from_pretrained(job["model"])
model = AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32).eval()


def encode(row):
    ids = tokenizer(row["prompt"] + row["response"])["input_ids"] + [tokenizer.eos_token_id]
    prompt = len(tokenizer(row["prompt"])["input_ids"])
    return torch.tensor(ids), torch.tensor([-100] * prompt + ids[prompt:])


def padded(tensors, value):
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=value)


@torch.no_grad()
def losses(batch):
    ids, labels = zip(*[encode(row) for row in batch])
    if len(batch) == 1:
        return [model(input_ids=ids[0][None], labels=labels[0][None]).loss.item()]
    mask = padded([torch.ones_like(row) for row in ids], 0)
    logits = model(input_ids=padded(ids, tokenizer.pad_token_id), attention_mask=mask).logits[:, :-1]
    targets = padded(labels, -100)[:, 1:]
    each = torch.nn.functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index=-100, reduction="none")
    return (each.sum(1) / (targets != -100).sum(1)).tolist()


losses(rows[:1])
begin = time.perf_counter()
size = job["batchSize"]
given = [loss for start in range(0, len(rows), size) for loss in losses(rows[start : start + size])]
print(json.dumps({"seconds": time.perf_counter() - begin, "losses": given}))
