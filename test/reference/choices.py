"""Tiny models with the tiny tokenizers, and what lm-eval's HFLM makes of choices: jointly tokenized, and rows' losses.

    python test/reference/choices.py test/stages/golden test/text/golden/tokenizers

Versions: requirements.txt. Everything runs in float32 on one thread.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

torch.set_num_threads(1)
out, tokenizers = Path(sys.argv[1]), Path(sys.argv[2])
POSITIONS = 96

common = dict(
    hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24, max_position_embeddings=POSITIONS,
    initializer_range=0.3, tie_word_embeddings=True, hidden_dropout=0.0, attention_dropout=0.0,
)


def byte_level():
    switches = dict(vocab_size=512, bos_token_id=0, eos_token_id=0, use_parallel_residual=True)
    return transformers.GPTNeoXForCausalLM(transformers.GPTNeoXConfig(**common, **switches))


def sentence_piece():
    switches = dict(vocab_size=480, bos_token_id=1, eos_token_id=2, num_key_value_heads=1)
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**common, **switches))


# No choice may merge with its context altogether: HFLM takes one without tokens for certain, or fails.
# Contexts that end in space of several kinds, are empty, begin with BOS, merge with what follows, or are too long.
prompts = [
    ("日本の首都は", ["東京です。", "大阪です。"]),
    ("The quick brown ", ["fox", "lazy dog"]),
    ("The quick brown  \n\n", ["fox", " again"]),
    ("The quick bro", ["wn foxes jump again", "wns jump"]),
    ("", ["The quick", "日本"]),
    ("<s>Below is", [" an instruction", " a task"]),
    ("<|endoftext|>Below is", [" an instruction", " a task"]),
    ("以下は\u3000", ["entailment", "neutral"]),
    ("### 返答:\n", ["ポジティブ", "ネガティブ"]),
    ("bom \ufeff", ["1", "2"]),
    ("rows \x1c\x85", ["1", "22"]),
    ("again and again, " * 60 + "the", [" quick brown fox", " lazy dog", "東京"]),
]

rows = [
    ("日本の首都はどこですか？\n", "東京です。"),
    ("What?\n", "The quick brown fox."),
    ("東京から大阪の行き方を教えてください。\n", "新幹線"),
    ("Again?", " and again and again and again"),
]


def losses(lm, prompt, answer):
    """Mean cross entropy of the answer and EOS: the paper's own arithmetic."""
    ids = lm.tokenizer(prompt + answer)["input_ids"] + [lm.tokenizer.eos_token_id]
    begin = len(lm.tokenizer(prompt)["input_ids"])
    labels = [-100] * begin + ids[begin:]
    with torch.no_grad():
        loss = lm.model(torch.tensor([ids]), labels=torch.tensor([labels])).loss
    return {"prompt": prompt, "answer": answer, "loss": loss.item(), "tokens": len(ids) - begin}


def written(lm, prompt):
    ids = torch.tensor([lm.tokenizer(prompt)["input_ids"]])
    with torch.no_grad():
        mask = torch.ones_like(ids)
        answer = lm.model.generate(ids, attention_mask=mask, do_sample=False, max_new_tokens=12, pad_token_id=0)
    return {"prompt": prompt, "answer": lm.tokenizer.decode(answer[0, ids.shape[1]:], skip_special_tokens=True)}


for name, build in (("byteLevel", byte_level), ("sentencePiece", sentence_piece)):
    torch.manual_seed(11)
    model = build().eval()
    folder = out / name
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    config = json.loads((tokenizers / f"{name}.tokenizer_config.json").read_text())
    roles = ["bos_token", "eos_token", "pad_token", "unk_token"]
    named = {role: config[role]["content"] if isinstance(config[role], dict) else config[role] for role in roles}
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(tokenizers / f"{name}.tokenizer.json"), **named)
    lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=1, max_length=POSITIONS)
    pairs = [(context, choice) for context, choices in prompts for choice in choices]
    instances = [Instance("loglikelihood", {}, pair, index) for index, pair in enumerate(pairs)]
    scored = lm.loglikelihood(instances, disable_tqdm=True)
    scores = iter(score for score, _ in scored)
    golden = {
        "joint": [
            {"context": context, "choices": choices, "scores": [next(scores) for _ in choices]}
            for context, choices in prompts
        ],
        "rows": [losses(lm, *row) for row in rows],
        "written": [written(lm, prompt) for prompt, _ in rows],
    }
    (folder / "reference.json").write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")
