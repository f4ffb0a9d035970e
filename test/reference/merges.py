"""Models with adapters merged in by PEFT, and adapters that PEFT loads, for test/model/merge.test.ts.

    /opt/ref/bin/python test/reference/merges.py merge test/model/golden
    /opt/ref/bin/python test/reference/merges.py load test/model/golden FOLDER...

Versions: torch 2.13.0, transformers 5.24.0, peft 0.21.0. `merge` writes golden/merged. `load` takes folders of models
and adapters made by Tanren, loads each as a user would, and prints how far its logits are from the reference.
"""
import json
import shutil
import sys
from pathlib import Path

import peft
import torch
import transformers
from safetensors.torch import save_file

torch.set_num_threads(1)
golden = Path(sys.argv[2])


def load(folder, dtype):
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()


def logits_of(model, row):
    with torch.no_grad():
        return model(torch.tensor([row])).logits[0].float()


def rows():
    return json.loads((golden / "parallel" / "reference.json").read_text())["rows"][:2]


def merge():
    """The adapted layers alone: the others must be as they were."""
    out = golden / "merged"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    for name, dtype in [("float32", torch.float32), ("float16", torch.float16), ("bfloat16", torch.bfloat16)]:
        model = load(golden / "parallel", torch.float32).to(dtype)
        merged = peft.PeftModel.from_pretrained(model, golden / "parallel" / "trained-token").merge_and_unload()
        weights = {key: value.contiguous() for key, value in merged.state_dict().items() if key.endswith("query_key_value.weight")}
        save_file(weights, out / f"{name}.safetensors", metadata={"format": "pt"})


def compare(folders):
    for folder in map(Path, folders):
        if (folder / "adapter_config.json").exists():
            model = peft.PeftModel.from_pretrained(load(golden / "parallel", torch.float32), folder)
        else:
            model = load(folder, "auto")
        reference = peft.PeftModel.from_pretrained(load(golden / "parallel", torch.float32), golden / "parallel" / "trained-token")
        distance = max((logits_of(model, row) - logits_of(reference, row)).abs().max().item() for row in rows())
        print(f"{folder.name}: {next(model.parameters()).dtype}, logits within {distance:.1e} of PEFT's")


if sys.argv[1] == "merge":
    merge()
else:
    compare(sys.argv[3:])
