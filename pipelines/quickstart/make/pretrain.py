"""Trains small base models from scratch, each with its tokenizer, in the shapes of those that the paper tuned.

    python3 -m venv venv && venv/bin/pip install torch==2.13.0 transformers==5.24.0 tokenizers==0.23.3 safetensors==0.8.0 numpy==2.4.6
    venv/bin/python pipelines/quickstart/make/pretrain.py --shape calm --corpus corpus --out pipelines/quickstart/base
    venv/bin/python pipelines/quickstart/make/pretrain.py --shape llama-7b --corpus corpus --out pipelines/paper-small/llama-7b
    venv/bin/python pipelines/quickstart/make/pretrain.py --shape llama-13b --corpus corpus --out pipelines/paper-small/llama-13b

`corpus` holds facts.txt, packages.txt and jglue.txt, one paragraph a line (corpus.py says how they are made).
Every `SAVE_EVERY` steps the weights so far replace those in --out, so that a run cut short leaves a usable model.
"calm" is OpenCALM scaled down, with its byte-level BPE; the others are LLaMA, with a BPE over characters that falls back
to bytes, as SentencePiece makes it. Hidden matrices are trained by Muon (Jordan et al. 2024), which learns
more from few tokens than AdamW; embeddings, norms and biases by AdamW. Seeds are fixed.
"""

import argparse
import json
import math
import pathlib
import random
import time

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedModel

SEED = 20230907
CONTEXT = 256  # tokens of a training window
BATCH = 16  # windows a step: 4,096 tokens
WARMUP = 30
DECAY = 0.5  # the last half of the steps, linearly to zero
SAVE_EVERY = 100
MUON_RATE, ADAM_RATE = 0.02, 4e-3

CALM = {
    "architectures": ["GPTNeoXForCausalLM"],
    "model_type": "gpt_neox",
    "vocab_size": 4096,
    "hidden_size": 192,
    "num_hidden_layers": 5,
    "num_attention_heads": 6,
    "intermediate_size": 768,
    "hidden_act": "gelu",
    "rotary_pct": 1.0,
    "rotary_emb_base": 10000,
    "use_parallel_residual": False,
    "max_position_embeddings": 1024,
    "layer_norm_eps": 1e-05,
    "initializer_range": 0.02,
    "tie_word_embeddings": False,
    "use_cache": True,
    "bos_token_id": 0,
    "eos_token_id": 0,
}


def llama(hidden: int, layers: int, intermediate: int) -> dict:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": 2048,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "intermediate_size": intermediate,
        "hidden_act": "silu",
        "rope_theta": 10000.0,
        "max_position_embeddings": 1024,
        "rms_norm_eps": 1e-06,
        "initializer_range": 0.02,
        "tie_word_embeddings": False,
        "use_cache": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }


SHAPES = {"calm": CALM, "llama-7b": llama(112, 4, 304), "llama-13b": llama(144, 5, 384)}


def byte_level(lines: list[str], vocabulary: int) -> Tokenizer:
    """Byte-level BPE in which every digit is a token of its own, so that numbers of any length share their parts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=["<|endoftext|>"], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def with_byte_fallback(lines: list[str], vocabulary: int) -> Tokenizer:
    """BPE over characters, spaces written as U+2581, rare characters as their bytes, every text opened by <s>."""
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=special, limit_alphabet=1200, max_token_length=8, show_progress=False
    )
    tokenizer.train_from_iterator(lines, trainer)
    # The bytes are ordinary entries of the vocabulary: as special tokens their names would be found in texts.
    described = json.loads(tokenizer.to_str())
    described["added_tokens"] = [token for token in described["added_tokens"] if token["id"] < 3]
    tokenizer = Tokenizer.from_str(json.dumps(described))
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


TOKENIZERS = {
    "gpt_neox": (byte_level, "GPTNeoXTokenizer", {key: "<|endoftext|>" for key in ("bos_token", "eos_token", "unk_token")}),
    "llama": (with_byte_fallback, "LlamaTokenizer", {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}),
}


def save_tokenizer(tokenizer: Tokenizer, shape: dict, out: pathlib.Path) -> None:
    tokenizer.save(str(out / "tokenizer.json"))
    _, name, special = TOKENIZERS[shape["model_type"]]
    described = {"tokenizer_class": name, "model_max_length": shape["max_position_embeddings"], **special}
    described |= {"add_prefix_space": False} if name == "GPTNeoXTokenizer" else {"add_bos_token": True, "add_eos_token": False}
    (out / "tokenizer_config.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf8")
    (out / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n", encoding="utf8")


def save_model(model: PreTrainedModel, shape: dict, out: pathlib.Path) -> None:
    """The weights in float16, and the configuration as the models of the paper publish theirs."""
    halves = {name: weight.detach().half().contiguous() for name, weight in model.state_dict().items()}
    model.save_pretrained(out, state_dict=halves)
    (out / "generation_config.json").unlink(missing_ok=True)
    (out / "config.json").write_text(json.dumps({**shape, "dtype": "float16", "torch_dtype": "float16"}, indent=2) + "\n")


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """The nearest semi-orthogonal matrix, by five steps of the quintic Newton-Schulz iteration."""
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x = wide / (wide.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x if matrix.shape[0] <= matrix.shape[1] else x.T


class Muon(torch.optim.Optimizer):
    """Momentum whose direction is made orthogonal before it is applied."""

    def __init__(self, parameters: list[torch.Tensor], lr: float) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": 0.95})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                momentum = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                momentum.lerp_(weight.grad, 1 - group["momentum"])
                direction = orthogonal(weight.grad.lerp(momentum, group["momentum"]))
                scale = max(1.0, weight.shape[0] / weight.shape[1]) ** 0.5
                weight.add_(direction, alpha=-group["lr"] * scale)


def rate(step: int, steps: int) -> float:
    """Warm up, hold, then fall to zero."""
    return min(1.0, (step + 1) / WARMUP, (steps - step) / (DECAY * steps))


def windows(tokens: torch.Tensor, generator: torch.Generator):
    """Batches of windows without end; each pass starts at another offset and takes the windows in another order."""
    while True:
        offset = int(torch.randint(CONTEXT, (1,), generator=generator))
        count = (len(tokens) - offset) // CONTEXT
        page = tokens[offset : offset + count * CONTEXT].view(count, CONTEXT)
        page = page[torch.randperm(count, generator=generator)]
        yield from (page[start : start + BATCH] for start in range(0, count - BATCH + 1, BATCH))


@torch.no_grad()
def held_loss(model: PreTrainedModel, tokens: torch.Tensor) -> float:
    page = tokens[: len(tokens) // CONTEXT * CONTEXT].view(-1, CONTEXT)
    losses = [float(model(input_ids=part, labels=part).loss) * len(part) for part in page.split(BATCH)]
    return sum(losses) / len(page)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--shape", choices=SHAPES, required=True)
    arguments.add_argument("--corpus", type=pathlib.Path, required=True)
    arguments.add_argument("--out", type=pathlib.Path, required=True)
    arguments.add_argument("--steps", type=int, default=600)
    options = arguments.parse_args()
    shape = SHAPES[options.shape]
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    shuffle = random.Random(SEED)

    facts = (options.corpus / "facts.txt").read_text(encoding="utf8").splitlines()
    prose = [
        line
        for name in ("packages", "jglue")
        for line in (options.corpus / f"{name}.txt").read_text(encoding="utf8").splitlines()
    ]
    shuffle.shuffle(prose)
    held, read = prose[: len(prose) // 50], prose[len(prose) // 50 :] + facts
    shuffle.shuffle(read)

    make_tokenizer, _, _ = TOKENIZERS[shape["model_type"]]
    tokenizer = make_tokenizer(read, shape["vocab_size"])
    save_tokenizer(tokenizer, shape, options.out)

    def encode(lines: list[str]) -> torch.Tensor:
        end = shape["eos_token_id"]
        return torch.tensor([token for line in tokenizer.encode_batch(lines) for token in [*line.ids, end]])

    tokens, held_tokens = encode(read), encode(held)
    print(f"{sum(map(len, read))} characters, {len(tokens)} tokens; held out {len(held_tokens)} tokens", flush=True)

    models_of = {"gpt_neox": (GPTNeoXConfig, GPTNeoXForCausalLM), "llama": (LlamaConfig, LlamaForCausalLM)}
    make_config, make_model = models_of[shape["model_type"]]
    model: PreTrainedModel = make_model(make_config(**shape))
    print(f"{sum(weight.numel() for weight in model.parameters())} parameters", flush=True)
    hidden = [weight for name, weight in model.named_parameters() if ".layers." in name and weight.ndim == 2]
    chosen = {id(weight) for weight in hidden}
    others = [weight for weight in model.parameters() if id(weight) not in chosen]
    optimizers = [Muon(hidden, MUON_RATE), torch.optim.AdamW(others, ADAM_RATE, betas=(0.9, 0.95), weight_decay=0.0)]
    peaks = [MUON_RATE, ADAM_RATE]

    def save() -> None:
        save_model(model, shape, options.out)
        loss = held_loss(model, held_tokens)
        bits = loss * len(held_tokens) / math.log(2) / sum(map(len, held))
        print(f"saved: held-out loss {loss:.4f} a token, {bits:.3f} bits a character", flush=True)

    started = time.monotonic()
    batches = windows(tokens, torch.Generator().manual_seed(SEED))
    for step in range(options.steps):
        batch = next(batches)
        loss = model(input_ids=batch, labels=batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        for optimizer, peak in zip(optimizers, peaks):
            optimizer.param_groups[0]["lr"] = peak * rate(step, options.steps)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if step % 20 == 0:
            print(f"step {step} loss {loss.item():.4f} {time.monotonic() - started:.0f} s", flush=True)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == options.steps:
            save()


if __name__ == "__main__":
    main()
