"""Writes a byte-level tokenizer: {"folder", "texts", "size"}, a file with a list of texts, and the number of tokens."""
import json
import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

job = json.loads(sys.argv[1])
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
special = ["<unk>", "<s>", "</s>"]
alphabet = pre_tokenizers.ByteLevel.alphabet()
trainer = trainers.BpeTrainer(
    vocab_size=job["size"], special_tokens=special, initial_alphabet=alphabet, show_progress=False
)
tokenizer.train_from_iterator(json.load(open(job["texts"])), trainer)
roles = dict(unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>")
PreTrainedTokenizerFast(tokenizer_object=tokenizer, **roles).save_pretrained(job["folder"])
print(json.dumps({}))
