"""Trains a byte-level BPE as GPT-NeoX has it: { rows, most, size, to }, of which `most` rows of a file of JSON Lines are read."""

import itertools
import json
import sys

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

job = json.loads(sys.argv[1])


def texts():
    with open(job["rows"], encoding="utf-8") as rows:
        for line in itertools.islice(rows, job["most"]):
            yield "\n".join(json.loads(line).values())


tokenizer = Tokenizer(models.BPE())
tokenizer.normalizer = normalizers.NFC()
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
trainer = trainers.BpeTrainer(
    vocab_size=job["size"],
    special_tokens=["<|endoftext|>", "<|padding|>"],
    initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    show_progress=False,
)
tokenizer.train_from_iterator(texts(), trainer)
tokenizer.save(job["to"])
