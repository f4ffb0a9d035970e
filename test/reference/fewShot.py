"""Stratified few-shot examples, drawn by CPython's random: a reading of the rule in words, not the harness's own code.

    python3 test/reference/fewShot.py > test/stages/golden/fewShot.json    (CPython 3.11)

The rule: one random.Random(42) shuffles the documents; then, for each document, every label gives int(ratio * shots)
examples, the rest goes one by one to the label that gives fewest, each label's are sampled in the order in which labels
first appear, and the examples are shuffled.
"""

import json
import random


def draw(documents, labels, shots, asked=4):
    rng = random.Random(42)
    order = list(range(documents))
    rng.shuffle(order)
    groups = {}
    for position, label in enumerate(labels):
        groups.setdefault(label, []).append(position)
    given = {label: int(len(group) / len(labels) * shots) for label, group in groups.items()}
    while sum(given.values()) < shots:
        fewest = min(given, key=given.get)
        given[fewest] += 1
    samples = []
    for _ in range(asked):
        examples = [position for label, group in groups.items() for position in rng.sample(group, given[label])]
        rng.shuffle(examples)
        samples.append(examples)
    return {"shots": shots, "documents": documents, "order": order[:asked], "samples": samples}


def labels(counts, seed):
    values = [label for label, count in enumerate(counts) for _ in range(count)]
    random.Random(seed).shuffle(values)
    return values


CASES = [([700, 200, 100], 9), ([30, 30, 40], 5), ([150, 30], 1)]
ROWS = [labels(counts, seed) for counts, seed in CASES]
print(json.dumps([
    {"labels": "".join(map(str, rows)), "drawn": [draw(50, rows, shots) for shots in (0, 1, 2, 3, 4, 10)]}
    for rows in ROWS
]))
