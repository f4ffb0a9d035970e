"""Learning rates by step of DeepSpeed 0.8.3's WarmupDecayLR, as its engine drives it, for test/model.

    python test/reference/schedules.py SOURCES > test/model/golden/schedules.json

SOURCES holds deepspeed-0.8.3, unpacked: neither its extensions nor its imports fit a torch of today, but the class of the
schedule and the engine's method that takes a step run as they are.
"""
import ast
import importlib.util
import json
import logging
import sys
import types
from pathlib import Path
from unittest.mock import MagicMock

import torch

runtime = Path(sys.argv[1]) / "deepspeed-0.8.3" / "deepspeed" / "runtime"
sys.modules["deepspeed"] = types.ModuleType("deepspeed")
sys.modules["deepspeed.utils"] = types.SimpleNamespace(logger=logging.getLogger("deepspeed"))

spec = importlib.util.spec_from_file_location("lr_schedules", runtime / "lr_schedules.py")
lr_schedules = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lr_schedules)


def engine_method(name):
    engine = next(node for node in ast.parse((runtime / "engine.py").read_text()).body
                  if isinstance(node, ast.ClassDef) and node.name == "DeepSpeedEngine")
    method = next(node for node in engine.body if isinstance(node, ast.FunctionDef) and node.name == name)
    scope = {}
    exec(compile(ast.Module([method], []), "engine.py", "exec"), scope)
    return scope[name]


take_step = engine_method("_take_model_step")


class Recorder(torch.optim.SGD):
    """An optimiser that notes the rate of each update."""

    def step(self, closure=None):
        self.rates.append(self.param_groups[0]["lr"])


def rates(peak, warm_up, total, **options):
    optimizer = Recorder([torch.nn.Parameter(torch.zeros(1))], lr=peak)
    optimizer.rates = []
    engine = MagicMock(optimizer=optimizer, quantizer=None)
    engine.gradient_clipping.return_value = 0.0
    engine.lr_scheduler = lr_schedules.WarmupDecayLR(
        optimizer, total_num_steps=total, warmup_max_lr=peak, warmup_num_steps=warm_up, **options)
    for _ in range(total):
        take_step(engine, {})
    return optimizer.rates


cases = [
    # The third is that of curves.py.
    dict(peak=peak, warmup=warm_up, total=total, linear=rates(peak, warm_up, total, warmup_type="linear"),
         default=rates(peak, warm_up, total))
    for peak, warm_up, total in [(1.0, 0, 5), (3e-4, 1, 8), (5e-3, 10, 100), (2e-4, 3, 12), (1e-3, 7, 7), (1e-3, 9, 6)]
]
print(json.dumps(cases, separators=(",", ":")))
