"""Tiny state dicts as torch.save writes them, beside the same tensors as safetensors, for test/model/weights.

    python test/reference/torchFiles.py test/model/golden

Versions: requirements.txt. Reads the golden models of models.py.
"""
import json
import shutil
import sys
import zipfile
from pathlib import Path

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

golden = Path(sys.argv[1])
out = golden / "torch"
shutil.rmtree(out, ignore_errors=True)
out.mkdir(parents=True)


def tensors_of(element):
    torch.manual_seed(11)
    return {
        "matrix": torch.randn(3, 5).to(element),
        "vector": torch.randn(4).to(element),
        "scalar": torch.tensor(2.5).to(element),
        "empty": torch.zeros(0, 3).to(element),
        "column": torch.randn(1, 3, 1).to(element),
        "名前": torch.randn(2).to(element),
    }


# A state dict of each element type that models are computed from, and of each protocol.
for name, protocol in [("float32", 2), ("float16", 4), ("bfloat16", 5)]:
    tensors = tensors_of(getattr(torch, name))
    save_file(tensors, out / f"{name}.safetensors")
    torch.save(tensors, out / f"{name}.bin", pickle_protocol=protocol)

# A module's own state dict (an attribute on an OrderedDict), with a shared weight and with buffers that are no weights.
module = torch.nn.ModuleDict({
    "embedding": torch.nn.Embedding(6, 2),
    "head": torch.nn.Linear(2, 6, bias=False),
    "norm": torch.nn.BatchNorm1d(2),
})
module["head"].weight = module["embedding"].weight
module.register_buffer("mask", torch.tril(torch.ones(3, 3)).bool())
module.register_buffer("wide", torch.ones(2, dtype=torch.float64))
state = module.state_dict()
torch.save(state, out / "module.bin")
kept = {name: tensor.clone() for name, tensor in state.items() if tensor.dtype == torch.float32}
save_file(kept, out / "module.safetensors")

# Parameters, and two parts of one storage.
whole = torch.arange(12, dtype=torch.float32).reshape(4, 3)
parts = {"first": torch.nn.Parameter(whole[:2]), "rest": whole[2:]}
torch.save(parts, out / "parts.bin")
save_file({name: tensor.detach().clone() for name, tensor in parts.items()}, out / "parts.safetensors")

# What is refused: a view in another order, the old format, a training checkpoint, programs, a compressed copy.
refused = out / "refused"
refused.mkdir()
torch.save({"turned": whole.T}, refused / "transposed.bin")
torch.save({"whole": whole}, refused / "legacy.bin", _use_new_zipfile_serialization=False)
torch.save({"model": {"whole": whole}, "epoch": 3}, refused / "checkpoint.bin")
torch.save(torch.nn.Linear(1, 1), refused / "module.bin")
torch.jit.script(torch.nn.Linear(1, 1)).save(refused / "program.bin")


def copied(source, target, method=zipfile.ZIP_STORED, wide=False, change=lambda name, content: content):
    """A copy of an archive by Python's own writer."""
    with zipfile.ZipFile(source) as read, zipfile.ZipFile(target, "w") as write:
        for name in read.namelist():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = method
            with write.open(entry, "w", force_zip64=wide) as file:
                file.write(change(name, read.read(name)))


copied(out / "float32.bin", refused / "compressed.bin", method=zipfile.ZIP_DEFLATED)
copied(out / "float32.bin", refused / "bigEndian.bin",
       change=lambda name, content: b"big" if name.endswith("byteorder") else content)
copied(out / "float32.bin", out / "copied.bin", wide=True)
shutil.copy(out / "float32.safetensors", out / "copied.safetensors")

# A golden model in one file, one in several, and an adapter, saved as their makers did in 2023.
whole_model = out / "whole"
whole_model.mkdir()
shutil.copy(golden / "parallel" / "config.json", whole_model)
torch.save(load_file(golden / "parallel" / "model.safetensors"), whole_model / "pytorch_model.bin")

sharded = out / "sharded"
sharded.mkdir()
shutil.copy(golden / "sequential" / "config.json", sharded)
weight_map = {}
for shard in sorted((golden / "sequential").glob("model*.safetensors")):
    file = shard.name.replace("model", "pytorch_model").replace(".safetensors", ".bin")
    tensors = load_file(shard)
    torch.save(tensors, sharded / file)
    weight_map.update({tensor: file for tensor in tensors})
index = {"metadata": {"total_size": 0}, "weight_map": weight_map}
(sharded / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=1) + "\n")

base = transformers.GPTNeoXForCausalLM.from_pretrained(golden / "parallel")
tuned = peft.PeftModel.from_pretrained(base, golden / "parallel" / "trained-token")
tuned.save_pretrained(out / "adapter", safe_serialization=False)
(out / "adapter" / "README.md").unlink()
