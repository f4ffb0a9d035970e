"""Trains two tiny tokenizers and writes what Python makes of difficult texts.

python test/reference/tokenizerGoldens.py test/text/golden/tokenizers    (tokenizers 0.23, transformers 5.24)
"""

import json
import pathlib
import sys

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

folder = pathlib.Path(sys.argv[1])

corpus = [
    "### 指示:\n日本の首都はどこですか？\n\n### 返答:\n日本の首都は東京です。\n",
    "以下はタスクを説明する指示です。要求を適切に満たすような返答を書いてください。\n\n",
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n",
    "東京から大阪の行き方を教えてください。新幹線で行くのが便利です。\n",
    "The quick brown fox jumps over the lazy dog, again and again and again: 0123456789.\n",
] * 4

texts = [
    "",
    " ",
    "   leading, double  and trailing   ",
    "日本の首都は東京です。",
    "### 指示:\n東京から大阪の行き方\n\n### 返答:\n",
    "The quick brown fox don't jump 12345.",
    "emoji 👍🏽 👨‍👩‍👧‍👦 🇯🇵 ☃️",
    "control \x00\x01\x1b[0m\x7f\x85 tab\t crlf\r\n bom \ufeff",
    "combining か\u3099 e\u0301, wide ＡＢＣ, half ｶﾞ, ligature ﬁ",
    "invisible \u200b\u200d\u2028\u00a0\u3000 end",
    "special <|endoftext|> inside </s><s> and <unk> words",
    "private \ue000 \U0010ffff and \ufffd",
    "한국어 العربية עברית ไทย हिन्दी",
    "▁ metaspace ▁▁",
    "long " + "東京 tower, " * 3000,
    "x" * 20000,
]

MODES = {"plain": False, "special": True}
ROLES = ["bos_token", "eos_token", "pad_token", "unk_token"]


def added_token(content):
    """A token as configs of 2023 spell it."""
    flags = {"lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    return {"__type": "AddedToken", "content": content, **flags}


def ends(ids):
    return {"length": len(ids), "first": ids[:20], "last": ids[-20:]}


def write(name, tokenizer, config, special_tokens_map=None):
    tokenizer.save(str(folder / f"{name}.tokenizer.json"), pretty=False)
    (folder / f"{name}.tokenizer_config.json").write_text(json.dumps(config, ensure_ascii=False, indent=1) + "\n")
    named = {role: config[role]["content"] if isinstance(config[role], dict) else config[role] for role in ROLES}
    transformers = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named)
    cases = []
    for text in texts:
        ids = {mode: tokenizer.encode(text, add_special_tokens=special).ids for mode, special in MODES.items()}
        assert ids["special"] == transformers(text)["input_ids"]
        case = {"text": text, **ids, "decoded": tokenizer.decode(ids["plain"], skip_special_tokens=False)}
        if len(text) > 1000:  # a long text is kept as its number of ids and their ends
            case["text"] = {"start": text[:5], "unit": text[5:15], "length": len(text)}
            case.update({mode: ends(ids[mode]) for mode in MODES}, decoded=None)
        cases.append(case)
    golden = {
        "vocabularySize": len(transformers),
        "bosId": transformers.bos_token_id,
        "eosId": transformers.eos_token_id,
        "padId": transformers.pad_token_id,
        "unkId": transformers.unk_token_id,
        "cases": cases,
    }
    (folder / f"{name}.golden.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n")


def byte_level():
    """As GPT-NeoX and OpenCALM: NFC, bytes as letters, no special token added."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=["<|endoftext|>", "<|padding|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def sentence_piece():
    """As LLaMA: spaces as U+2581, unknown letters as bytes, BOS by the post-processor."""
    trainer = trainers.BpeTrainer(
        vocab_size=480,
        special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)],
        limit_alphabet=120,
        show_progress=False,
    )
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trained.train_from_iterator(corpus, trainer)
    model = json.loads(trained.to_str())["model"]
    tokenizer = Tokenizer(models.BPE(
        vocab=model["vocab"],
        merges=[tuple(merge) for merge in model["merges"]],
        unk_token="<unk>",
        fuse_unk=True,
        byte_fallback=True,
    ))
    tokenizer.normalizer = trained.normalizer
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)
    ])
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in ("<unk>", "<s>", "</s>")])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    return tokenizer


folder.mkdir(parents=True, exist_ok=True)
write("byteLevel", byte_level(), {
    "bos_token": "<|endoftext|>",
    "eos_token": "<|endoftext|>",
    "pad_token": "<|padding|>",
    "unk_token": "<|endoftext|>",
    "tokenizer_class": "GPTNeoXTokenizer",
})
write("sentencePiece", sentence_piece(), {
    "add_bos_token": True,
    "add_eos_token": False,
    "bos_token": added_token("<s>"),
    "eos_token": added_token("</s>"),
    "pad_token": None,
    "unk_token": added_token("<unk>"),
    "tokenizer_class": "LlamaTokenizer",
})
