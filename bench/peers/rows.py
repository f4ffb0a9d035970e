"""Rows from JSON Lines to token ids with datasets and tokenizers: { rows, tokenizer, templates, column, maxLength, processes }.

Every step works on batches. Ends with { seconds, rows, tokens, digest }.
"""

import hashlib
import json
import os
import sys
import tempfile
import time

# Each process has a core to itself; threads of the tokenizer would only share it.
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import datasets
import numpy
from tokenizers import Tokenizer

job = json.loads(sys.argv[1])
datasets.disable_progress_bars()
tokenizer = Tokenizer.from_file(os.path.join(job["tokenizer"], "tokenizer.json"))
with_input, without_input = job["templates"]


def keep(batch):
    return ["翻訳" not in instruction for instruction in batch["instruction"]]


def fill(batch):
    rows = zip(batch["instruction"], batch["input"], batch["output"])
    return {
        "text": [
            (without_input if given == "" else with_input).format(instruction=instruction, input=given) + output
            for instruction, given, output in rows
        ]
    }


def tokenize(batch):
    return {"ids": [encoding.ids[: job["maxLength"]] for encoding in tokenizer.encode_batch_fast(batch["text"])]}


with tempfile.TemporaryDirectory(dir=os.path.dirname(job["rows"])) as cache:
    begin = time.perf_counter()
    rows = datasets.load_dataset("json", data_files=job["rows"], split="train", cache_dir=cache)
    kept = rows.filter(keep, batched=True, num_proc=job["processes"])
    texts = kept.map(fill, batched=True, remove_columns=kept.column_names, num_proc=job["processes"])
    features = datasets.Features({"ids": datasets.List(datasets.Value("int32"))})
    tokenized = texts.map(
        tokenize, batched=True, remove_columns=["text"], features=features, num_proc=job["processes"]
    )
    seconds = time.perf_counter() - begin

    digest = hashlib.sha256()
    tokens = 0
    for batch in tokenized.with_format("numpy").iter(batch_size=1000):
        for ids in batch["ids"]:
            digest.update(numpy.int32(len(ids)).tobytes())
            digest.update(numpy.asarray(ids, dtype=numpy.int32).tobytes())
            tokens += len(ids)
    print(json.dumps({"seconds": seconds, "rows": len(tokenized), "tokens": tokens, "digest": digest.hexdigest()}))
