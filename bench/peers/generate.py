"""
Greedy generation with transformers: {"model", "prompts", "batchSize", "maxTokens"}. Prompts are padded on the left. The
first token of a shorter run is not timed.
Ends with {"seconds", "answers"}: the tokens written after each prompt.
"""
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

job = json.loads(sys.argv[1])
prompts = json.load(open(job["prompts"]))
tokenizer = AutoTokenizer.from_pretrained(job["model"], padding_side="left")
model = AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32).eval()


def write(batch, tokens):
    inputs = tokenizer(batch, return_tensors="pt", padding=True, return_token_type_ids=False)
    written = model.generate(
        **inputs, do_sample=False, max_new_tokens=tokens, pad_token_id=tokenizer.pad_token_id
    )
    answers = written[:, inputs["input_ids"].shape[1] :].tolist()
    end = tokenizer.eos_token_id
    return [answer[: answer.index(end) + 1] if end in answer else answer for answer in answers]


write(prompts[:1], 2)
begin = time.perf_counter()
size = job["batchSize"]
answers = [
    answer
    for start in range(0, len(prompts), size)
    for answer in write(prompts[start : start + size], job["maxTokens"])
]
print(json.dumps({"seconds": time.perf_counter() - begin, "answers": answers}))
