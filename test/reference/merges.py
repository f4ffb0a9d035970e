"""Models with adapters merged in by PEFT, and an adapter of ours loaded by it, for test/model.

    node test/reference/writtenAdapter.ts test/model/golden/written
    python test/reference/merges.py test/model/golden

Versions: requirements.txt. Everything runs on one thread.
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
golden = Path(sys.argv[1])


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
        weights = {key: value.contiguous() for key, value in merged.state_dict().items()
                   if key.endswith("query_key_value.weight")}
        save_file(weights, out / f"{name}.safetensors", metadata={"format": "pt"})


def load_written():
    """The logits of the adapter in golden/written, which test/reference/writtenAdapter.ts wrote."""
    folder = golden / "written"
    model = peft.PeftModel.from_pretrained(load(golden / "parallel", torch.float32), folder)
    logits = [logits_of(model, row).tolist() for row in rows()]
    (folder / "reference.json").write_text(json.dumps(dict(logits=logits), separators=(",", ":")) + "\n")


merge()
load_written()
