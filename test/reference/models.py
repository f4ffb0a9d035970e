"""Tiny GPT-NeoX and LLaMA models and what transformers, PEFT and torch compute with them, for test/model.

    python test/reference/models.py test/model/golden

Versions: requirements.txt. Everything runs in float32 on one thread.
"""
import json
import random
import shutil
import sys
from pathlib import Path

import peft
import torch
import transformers

torch.set_num_threads(1)
out = Path(sys.argv[1])
VOCABULARY = 64

common = dict(
    vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
    max_position_embeddings=48, initializer_range=0.25, bos_token_id=0, eos_token_id=0, hidden_dropout=0.0, attention_dropout=0.0,
)
variants = {
    # What OpenCALM is: both branches read the same input, a quarter of each head is rotated.
    "parallel": dict(use_parallel_residual=True, hidden_act="gelu", tie_word_embeddings=False,
                     rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.25}),
    # The other side of each switch, in half precision and in several files.
    "sequential": dict(use_parallel_residual=False, hidden_act="gelu_new", tie_word_embeddings=True, attention_bias=False,
                       rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0}),
    # Two query heads share one head of keys and values.
    "llama": dict(num_key_value_heads=2, hidden_act="silu", tie_word_embeddings=False,
                  rope_parameters={"rope_type": "default", "rope_theta": 10000.0}),
}


def randomize(model):
    """Biases and norms away from zero and one, so that a forgotten one shows."""
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.data.normal_(0, 0.1)
        elif "norm" in name:
            parameter.data.normal_(1, 0.1)


def rows(count, shortest, longest, generator):
    return [[generator.randrange(1, VOCABULARY) for _ in range(generator.randint(shortest, longest))] for _ in range(count)]


def logits_of(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0]


def continuation_score(model, context, continuation):
    ids = (context + continuation)[-(common["max_position_embeddings"] + 1):]
    log_probabilities = torch.log_softmax(logits_of(model, ids[:-1]), -1)
    picked = log_probabilities[-len(continuation):].gather(1, torch.tensor(continuation)[:, None])
    return picked.sum().item()


def learning_rate(step, peak, warm_up, total):
    return peak * step / warm_up if step < warm_up else peak * (total - step) / (total - warm_up)


def training(model, data, normalization, folder, targets):
    """24 steps of 6 rows, in micro-batches of 3 rows padded on the left; 4 steps of warm-up, gradients clipped at 1."""
    torch.manual_seed(7)
    config = peft.LoraConfig(r=4, lora_alpha=16, lora_dropout=0.0, target_modules=targets, task_type="CAUSAL_LM",
                             base_model_name_or_path="tiny")
    tuned = peft.get_peft_model(model, config)
    if not (folder / "initial").exists():
        tuned.save_pretrained(folder / "initial")
    parameters = [p for p in tuned.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1.0, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    steps, batch, micro, peak, warm_up = 24, 6, 3, 2e-2, 4
    losses, norms, rates = [], [], []
    for step in range(steps):
        chosen = [data[(step * batch + i) % len(data)] for i in range(batch)]
        groups = [chosen[i:i + micro] for i in range(0, batch, micro)]
        tokens = sum(len(row) - 1 for row in chosen)
        total = 0.0
        for group in groups:
            length = max(map(len, group))
            ids = torch.tensor([[0] * (length - len(row)) + row for row in group])
            mask = torch.tensor([[0] * (length - len(row)) + [1] * len(row) for row in group])
            # A row's first token is predicted by padding, which is no prediction: unlabelled.
            labels = torch.tensor([[-100] * (length - len(row) + 1) + row[1:] for row in group])
            position = (mask.cumsum(-1) - 1).clamp(min=0)
            logits = tuned(ids, attention_mask=mask, position_ids=position).logits[:, :-1]
            loss = torch.nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), labels[:, 1:].reshape(-1), reduction="sum")
            counted = (labels[:, 1:] != -100).sum()
            (loss / tokens if normalization == "token" else loss / counted / len(groups)).backward()
            total += loss.item()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, 1.0).item())
        rates.append(learning_rate(step, peak, warm_up, steps))
        for group in optimizer.param_groups:
            group["lr"] = rates[-1]
        optimizer.step()
        optimizer.zero_grad()
        losses.append(total / tokens)
    tuned.save_pretrained(folder / f"trained-{normalization}")
    validation = []
    with torch.no_grad():
        held_out = data[:5]
        sums = [torch.nn.functional.cross_entropy(tuned(torch.tensor([row])).logits[0, :-1], torch.tensor(row[1:]), reduction="sum").item()
                for row in held_out]
        validation = sum(sums) / sum(len(row) - 1 for row in held_out)
    answer = tuned(torch.tensor([data[0]])).logits[0].detach().tolist()
    tuned.unload()
    return dict(losses=losses, gradientNorms=norms, learningRates=rates, validation=validation, logits=answer)


def main():
    for name, switches in variants.items():
        generator = random.Random(5)
        torch.manual_seed(3)
        folder = out / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if name == "llama":
            model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**common, **switches)).eval()
        else:
            model = transformers.GPTNeoXForCausalLM(transformers.GPTNeoXConfig(**common, **switches)).eval()
        randomize(model)
        if name == "sequential":
            model = model.to(torch.bfloat16)
            model.save_pretrained(folder, max_shard_size="16KB")
            # Read back, because to(float32) would leave the rotary frequencies rounded to bfloat16.
            model = transformers.GPTNeoXForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        else:
            model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        data = rows(18, 4, 22, generator)
        reference = dict(
            rows=data,
            logits=[logits_of(model, row).tolist() for row in data[:3]],
            perplexity=[],
            choices=[],
            generation=[],
        )
        for row in data[:8]:
            prompt = generator.randint(1, len(row) - 2)
            reference["perplexity"].append(dict(prompt=prompt, loss=-continuation_score(model, row[:prompt], row[prompt:]) / (len(row) - prompt)))
        # The last two contexts do not fit the model's 48 positions and are cut from the left.
        for context in rows(4, 5, 20, generator) + rows(2, 46, 60, generator):
            continuations = rows(3, 1, 5, generator)
            scores = [continuation_score(model, context, continuation) for continuation in continuations]
            reference["choices"].append(dict(context=context, continuations=continuations, scores=scores))
        for prompt in rows(5, 2, 14, generator):
            with torch.no_grad():
                answer = model.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), do_sample=False,
                                        max_new_tokens=20, repetition_penalty=1.3, pad_token_id=0)
            reference["generation"].append(dict(prompt=prompt, answer=answer[0, len(prompt):].tolist()))
        if name != "sequential":
            targets = ["q_proj", "v_proj"] if name == "llama" else ["query_key_value"]
            kinds = ["token"] if name == "llama" else ["token", "micro-batch"]
            reference["training"] = {kind: training(model, data, kind, folder, targets) for kind in kinds}
            for readme in folder.rglob("README.md"):
                readme.unlink()
        (folder / "reference.json").write_text(json.dumps(reference, separators=(",", ":")) + "\n")


main()
