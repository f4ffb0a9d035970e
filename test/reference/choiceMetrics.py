"""Metrics of choice tasks by scikit-learn 1.9 and numpy 2.4.

    python test/reference/choiceMetrics.py > test/stages/golden/choiceMetrics.json
"""

import json
import random
import warnings

import numpy as np
from sklearn import metrics

warnings.simplefilter("ignore")  # of classes that are predicted and never occur


def measured(classes, gold, predicted, normalized):
    hits = np.equal(gold, predicted).astype(float)
    normalized_hits = np.equal(gold, normalized).astype(float)

    def error(values):
        return None if len(values) < 2 else float(np.std(values, ddof=1) / np.sqrt(len(values)))

    return {
        "classes": classes,
        "gold": gold,
        "predicted": predicted,
        "normalized": normalized,
        "scores": [
            [float(hits.mean()), error(hits)],
            [float(normalized_hits.mean()), error(normalized_hits)],
            [float(metrics.balanced_accuracy_score(gold, predicted)), None],
            [float(metrics.matthews_corrcoef(gold, predicted)), None],
            [float(metrics.f1_score(gold, predicted, average="macro")), None],
        ],
    }


def drawn(classes, rows, seed, of=None):
    rng = random.Random(seed)
    return [[rng.choice(of or range(classes)) for _ in range(rows)] for _ in range(3)]


print(json.dumps([
    measured(3, *drawn(3, 40, 1)),
    measured(2, *drawn(2, 25, 2)),
    measured(5, *drawn(5, 30, 3, of=[0, 2, 3])),  # two classes that never occur and are never predicted
    measured(3, [0, 1, 0, 1, 1], [2, 1, 0, 2, 1], [0, 0, 0, 0, 0]),  # one that is predicted and never occurs
    measured(3, [0, 1, 2, 1, 0, 2, 2], [1] * 7, [2] * 7),  # one answer to everything
    measured(3, [1] * 6, [0, 1, 1, 2, 1, 0], [1] * 6),  # one class
    measured(2, [1] * 4, [1] * 4, [1] * 4),  # all right
    measured(2, [0] * 4, [1] * 4, [1] * 4),  # all wrong
    measured(2, [1], [1], [0]),  # one question
]))
