"""
Choices as lm-eval scores them: {"model", "questions", "batchSize"}. Tokenizing is timed, loading is not.
Ends with {"seconds", "scores"}: log-probabilities of each question's choices.
"""
import json
import sys
import time

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

job = json.loads(sys.argv[1])
questions = json.load(open(job["questions"]))
lm = HFLM(pretrained=job["model"], device="cpu", dtype="float32", batch_size=job["batchSize"])


def scores(pairs):
    instances = [Instance("loglikelihood", {}, pair, index) for index, pair in enumerate(pairs)]
    return [score for score, _ in lm.loglikelihood(instances, disable_tqdm=True)]


scores([("a", "b")])
begin = time.perf_counter()
given = iter(scores([(question["context"], choice) for question in questions for choice in question["choices"]]))
seconds = time.perf_counter() - begin
print(json.dumps({"seconds": seconds, "scores": [[next(given) for _ in q["choices"]] for q in questions]}))
