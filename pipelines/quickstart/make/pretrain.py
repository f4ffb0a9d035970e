"""Trains the quickstart's base model from scratch: a byte-level BPE tokenizer and a small GPT-NeoX.

    python3 -m venv venv && venv/bin/pip install torch==2.13.0 transformers==5.24.0 tokenizers==0.23.3 safetensors==0.8.0 numpy==2.4.6
    venv/bin/python pipelines/quickstart/make/pretrain.py --corpus corpus --out pipelines/quickstart/base

`corpus` holds facts.txt, packages.txt and jglue.txt, one paragraph a line (corpus.py says how they are made).
Every `SAVE_EVERY` steps the weights so far replace those in --out, so that a run cut short leaves a usable model.
The shape is that of OpenCALM, scaled down. Hidden matrices are trained by Muon (Jordan et al. 2024), which learns
more from few tokens than AdamW; embeddings, norms and biases by AdamW. Seeds are fixed.
"""

import argparse
import json
import math
import pathlib
import random
import time

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

SEED = 20230907
CONTEXT = 256  # tokens of a training window
BATCH = 16  # windows a step: 4,096 tokens
WARMUP = 30
DECAY = 0.5  # the last half of the steps, linearly to zero
SAVE_EVERY = 100
MUON_RATE, ADAM_RATE = 0.02, 4e-3
END = "<|endoftext|>"

SHAPE = {
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


def train_tokenizer(lines: list[str]) -> Tokenizer:
    """Byte-level BPE in which every digit is a token of its own, so that numbers of any length share their parts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=SHAPE["vocab_size"], special_tokens=[END], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, out: pathlib.Path) -> None:
    tokenizer.save(str(out / "tokenizer.json"))
    described = {
        "tokenizer_class": "GPTNeoXTokenizer",
        "add_prefix_space": False,
        "model_max_length": SHAPE["max_position_embeddings"],
        "bos_token": END,
        "eos_token": END,
        "unk_token": END,
    }
    special = {key: END for key in ("bos_token", "eos_token", "unk_token")}
    (out / "tokenizer_config.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf8")
    (out / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n", encoding="utf8")


def save_model(model: GPTNeoXForCausalLM, out: pathlib.Path) -> None:
    """The weights in float16, and the configuration as OpenCALM publishes its own."""
    halves = {name: weight.detach().half().contiguous() for name, weight in model.state_dict().items()}
    model.save_pretrained(out, state_dict=halves)
    (out / "generation_config.json").unlink(missing_ok=True)
    (out / "config.json").write_text(json.dumps({**SHAPE, "dtype": "float16", "torch_dtype": "float16"}, indent=2) + "\n")


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
def held_loss(model: GPTNeoXForCausalLM, tokens: torch.Tensor) -> float:
    page = tokens[: len(tokens) // CONTEXT * CONTEXT].view(-1, CONTEXT)
    losses = [float(model(input_ids=part, labels=part).loss) * len(part) for part in page.split(BATCH)]
    return sum(losses) / len(page)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--corpus", type=pathlib.Path, required=True)
    arguments.add_argument("--out", type=pathlib.Path, required=True)
    arguments.add_argument("--steps", type=int, default=600)
    options = arguments.parse_args()
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

    tokenizer = train_tokenizer(read)
    save_tokenizer(tokenizer, options.out)

    def encode(lines: list[str]) -> torch.Tensor:
        return torch.tensor([token for line in tokenizer.encode_batch(lines) for token in [*line.ids, 0]])

    tokens, held_tokens = encode(read), encode(held)
    print(f"{sum(map(len, read))} characters, {len(tokens)} tokens; held out {len(held_tokens)} tokens", flush=True)

    model = GPTNeoXForCausalLM(GPTNeoXConfig(**SHAPE))
    print(f"{sum(weight.numel() for weight in model.parameters())} parameters", flush=True)
    hidden = [weight for name, weight in model.named_parameters() if ".layers." in name and weight.ndim == 2]
    chosen = {id(weight) for weight in hidden}
    others = [weight for weight in model.parameters() if id(weight) not in chosen]
    optimizers = [Muon(hidden, MUON_RATE), torch.optim.AdamW(others, ADAM_RATE, betas=(0.9, 0.95), weight_decay=0.0)]
    peaks = [MUON_RATE, ADAM_RATE]

    def save() -> None:
        save_model(model, options.out)
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
