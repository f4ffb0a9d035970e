"""Draws of CPython's random.Random: python3 test/reference/pythonRandom.py > test/text/golden/pythonRandom.json"""

import hashlib
import json
import platform
import random
import struct
import sys

sys.set_int_max_str_digits(0)

SAMPLES = [
    (0, 0), (1, 1), (21, 5), (22, 5), (85, 6), (86, 6), (85, 21), (86, 21), (277, 22), (278, 22),
    (1000, 300), (5000, 300),
]

SEEDS = [0, 1, 42, -42, 2**32 - 1, 2**32, 123456789012345678901234567890, 2**20000 + 7]


def draws(seed):
    rng = random.Random(seed)
    return {
        "seed": str(seed),
        "bits": [rng.getrandbits(k) for k in (1, 5, 31, 32, 33, 48, 53)],
        "below": [rng.randrange(n) for n in (1, 2, 3, 1000, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**53 - 1)],
        "uniform": [rng.random() for _ in range(5)],
        "after2000": [rng.random() for _ in range(2001)][-1],
    }


def sample(seed, size, count):
    return {"seed": seed, "size": size, "count": count, "positions": random.Random(seed).sample(range(size), count)}


def shuffle(seed, size):
    items = list(range(size))
    random.Random(seed).shuffle(items)
    return {
        "seed": seed,
        "size": size,
        "first": items[:8],
        "sha256": hashlib.sha256(struct.pack(f"<{size}I", *items)).hexdigest(),
    }


def few_shot(rows, train, shots):
    """The evaluation harness: shuffle the documents, then draw examples for each from the same stream."""
    rng = random.Random(42)
    order = list(range(rows))
    rng.shuffle(order)
    return {
        "rows": rows,
        "train": train,
        "shots": shots,
        "order": order[:5],
        "samples": [rng.sample(range(train), shots) for _ in range(3)],
    }


print(json.dumps({
    "python": platform.python_version(),
    "draws": [draws(seed) for seed in SEEDS],
    "samples": [sample(7, *case) for case in SAMPLES],
    "shuffles": [shuffle(42, size) for size in (0, 1, 2, 10, 624, 625, 100_000)],
    "fewShot": [few_shot(2434, 20073, shots) for shots in (1, 2, 3)],
}))
