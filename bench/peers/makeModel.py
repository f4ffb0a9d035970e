"""Writes a model with random weights: {"folder", "config"}, the config as transformers has it, weights by seed 0."""
import json
import sys

import torch
from transformers import AutoConfig, AutoModelForCausalLM

job = json.loads(sys.argv[1])
torch.manual_seed(0)
config = AutoConfig.for_model(**job["config"])
AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(job["folder"])
print(json.dumps({}))
