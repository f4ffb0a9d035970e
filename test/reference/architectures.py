"""What transformers computes for the switches of GPT-NeoX and LLaMA configs, for test/model/architectures.test.ts.

    python test/reference/architectures.py test/model/golden/architectures

Versions: requirements.txt. Everything runs in float32 on one thread. Configs that read the same
weights share one file: a family is a folder of weights, and a case of it is a config.json with the logits it gives.
"""
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

import torch
import transformers

torch.set_num_threads(1)
out = Path(sys.argv[1])
VOCABULARY = 32
sizes = dict(vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24,
             max_position_embeddings=32, bos_token_id=0, eos_token_id=0)
llama = dict(model_type="llama", **sizes, num_key_value_heads=2, rms_norm_eps=1e-5)
# Heads of eight elements: four frequencies, so that the scalings have something to tell apart.
rotated = dict(llama, num_attention_heads=2, num_key_value_heads=1)
neox = dict(model_type="gpt_neox", **dict(sizes, num_attention_heads=2), layer_norm_eps=1e-5)
llama3 = dict(factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=30)

families = {
    "llama": {
        "theta": dict(rotated, rope_theta=500000.0),
        "theta in rope_parameters": dict(rotated, rope_parameters=dict(rope_type="default", rope_theta=500000.0)),
        "linear, as of old": dict(rotated, rope_scaling=dict(type="linear", factor=4.0)),
        "linear": dict(rotated, rope_parameters=dict(rope_type="linear", factor=4.0, rope_theta=10000.0)),
        "dynamic, as of old": dict(rotated, rope_scaling=dict(type="dynamic", factor=2.0)),
        "dynamic": dict(rotated, rope_parameters=dict(rope_type="dynamic", factor=2.0, rope_theta=10000.0)),
        "llama3, as of old": dict(rotated, rope_theta=100.0, rope_scaling=dict(rope_type="llama3", **llama3)),
        "llama3": dict(rotated, rope_parameters=dict(rope_type="llama3", rope_theta=100.0, **llama3)),
        "llama3 over rope_parameters": dict(rotated, rope_theta=100.0, rope_scaling=dict(rope_type="llama3", **llama3),
                                            rope_parameters=dict(rope_type="linear", factor=4.0, rope_theta=7.0)),
        "gelu": dict(rotated, hidden_act="gelu"),
    },
    "llama-biased": {"biases, tied, grouped": dict(llama, attention_bias=True, mlp_bias=True, tie_word_embeddings=True)},
    "llama-wide": {"heads of 12": dict(llama, head_dim=12)},
    "llama-narrow": {"heads of 2, each of its own": dict(llama, head_dim=2, num_key_value_heads=4)},
    "neox": {
        **{name: dict(neox, hidden_act=name, rotary_pct=1.0) for name in
           ["gelu", "gelu_python", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_accurate",
            "quick_gelu", "relu", "relu2", "silu", "swish", "sigmoid", "tanh"]},
        **{f"rotates {share}": dict(neox, rotary_pct=share) for share in [0.25, 0.5, 0.75]},
        "rotation not said": neox,
        "base": dict(neox, rotary_pct=0.5, rotary_emb_base=300),
        "base and share in rope_parameters": dict(neox, rope_parameters=dict(
            rope_type="default", rope_theta=300.0, partial_rotary_factor=0.5)),
        "linear": dict(neox, rotary_pct=1.0, rope_scaling=dict(type="linear", factor=4.0)),
        "sequential": dict(neox, use_parallel_residual=False),
    },
    "neox-plain": {"no attention biases, tied": dict(neox, attention_bias=False, tie_word_embeddings=True)},
}


def randomize(model):
    """Weights large enough that every part shows; biases and norms away from zero and one."""
    for name, parameter in model.named_parameters():
        centre, width = (0, 0.2) if name.endswith("bias") else (1, 0.2) if "norm" in name else (0, 0.4)
        parameter.data.normal_(centre, width)


def load(config, weights):
    """Through a folder, so that the config is read as published configs are."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.json").write_text(json.dumps(config))
        if weights is None:
            model = transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.from_pretrained(folder))
            randomize(model)
            return model.eval()
        shutil.copy(weights, folder)
        return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def main():
    for family, cases in families.items():
        torch.manual_seed(11)
        generator = random.Random(13)
        folder = out / family
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        load(next(iter(cases.values())), None).save_pretrained(folder)
        for extra in ["generation_config.json", "config.json"]:
            (folder / extra).unlink(missing_ok=True)
        # The longest row fills the model's positions, the shortest is well within them.
        rows = [[generator.randrange(VOCABULARY) for _ in range(length)] for length in [32, 9]]
        reference = []
        for name, config in cases.items():
            model = load(config, folder / "model.safetensors")
            with torch.no_grad():
                logits = [model(torch.tensor([row])).logits[0] for row in rows]
            reference.append(dict(name=name, config=config, logits=[[[round(x, 6) for x in token] for token in row[-6:].tolist()] for row in logits]))
        (folder / "reference.json").write_text(json.dumps(dict(rows=rows, cases=reference), separators=(",", ":")) + "\n")


main()
