"""What DeepSpeed 0.8.3's DynamicLossScaler makes of sequences of overflows, for test/model/lossScale.test.ts.

    python test/reference/lossScales.py loss_scaler.py > test/model/golden/half/lossScales.json

The argument is deepspeed/runtime/fp16/loss_scaler.py of the package's source archive, which is run as it is; of the
package around it, it needs a rank and a logger. Sequences are runs of steps: [overflowed, how many].
"""
import json
import random
import sys

from lossScaler import load

SETTINGS = dict(init_scale=2**16, scale_window=1000, min_scale=1, delayed_shift=2)
generator = random.Random(3)
sequences = {
    "growth": [[False, 2500]],
    "hysteresis": [[True, 1], [False, 10], [True, 1], [False, 999], [True, 1], [False, 1000], [True, 2], [False, 5]],
    "in a row": [[True, 5], [False, 3], [True, 2], [False, 1001], [True, 1]],
    "to the end": [[True, 30]],
    "mixed": [[index % 2 == 1, generator.choice([1, 1, 2, 3] if index % 2 else [1, 400, 999, 1000, 1001])] for index in range(60)],
}


def scales(scaler, steps):
    """The scale at each step as runs, and the step at which it refuses to go on."""
    runs = []
    for step, overflowed in enumerate(steps):
        if not runs or runs[-1][0] != scaler.cur_scale:
            runs.append([scaler.cur_scale, 0])
        runs[-1][1] += 1
        try:
            scaler.update_scale(overflowed)
        except Exception:
            return dict(scales=runs, ended=step)
    return dict(scales=runs, ended=None)


DynamicLossScaler = load(sys.argv[1])
golden = {
    name: dict(steps=runs, **scales(DynamicLossScaler(**SETTINGS), [overflowed for overflowed, count in runs for _ in range(count)]))
    for name, runs in sequences.items()
}
print(json.dumps(golden, separators=(",", ":")))
