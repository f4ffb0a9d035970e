"""Loads DeepSpeed's loss scaler from its one file, without the package, which needs a compiler to install."""
import importlib.util
import logging
import sys
import types


def load(path):
    """The class DynamicLossScaler of deepspeed/runtime/fp16/loss_scaler.py."""
    package, comm, utils = (types.ModuleType(name) for name in ("deepspeed", "deepspeed.comm", "deepspeed.utils"))
    comm.get_rank = lambda: 0
    utils.logger = logging.getLogger("deepspeed")
    package.comm, package.utils = comm, utils
    sys.modules.update({"deepspeed": package, "deepspeed.comm": comm, "deepspeed.utils": utils})
    spec = importlib.util.spec_from_file_location("loss_scaler", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.DynamicLossScaler
