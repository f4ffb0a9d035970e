"""A small choice task run by lm-eval 0.4, and the files it writes, without what changes from run to run, for test/stages.

    python test/reference/harnessFiles.py test/stages/golden test/text/golden/tokenizers

Versions: requirements.txt. Everything runs in float32 on one thread.
"""
import json
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from lm_eval import simple_evaluate
from lm_eval.loggers import EvaluationTracker
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

torch.set_num_threads(1)
golden, tokenizers = Path(sys.argv[1]), Path(sys.argv[2])
CHOICES = ["東京です。", "大阪です。", "京都"]
rows = [
    {"sentence": "日本の首都は", "label": 0},
    {"sentence": "西の都は", "label": 1},
    {"sentence": "The old capital: ", "label": 2},
    {"sentence": "again", "label": 0},
]

with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    (folder / "rows.json").write_text(json.dumps(rows, ensure_ascii=False))
    task = {
        "task": "capitals", "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(folder / "rows.json")}},
        "test_split": "test", "output_type": "multiple_choice", "doc_to_text": "{{sentence}}", "doc_to_target": "label",
        "doc_to_choice": CHOICES, "target_delimiter": "", "metadata": {"version": 1.0},
        "metric_list": [{"metric": name, "aggregation": "mean", "higher_is_better": True} for name in ("acc", "acc_norm")],
    }
    model = transformers.AutoModelForCausalLM.from_pretrained(golden / "byteLevel", dtype=torch.float32).eval()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(tokenizers / "byteLevel.tokenizer.json"), eos_token="<|endoftext|>", bos_token="<|endoftext|>",
        pad_token="<|padding|>")
    lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=1, max_length=96)
    tracker = EvaluationTracker(output_path=str(folder / "out"))
    tracker.general_config_tracker.log_experiment_args("hf", "pretrained=tiny", "", "", False)
    results = simple_evaluate(model=lm, tasks=[task], log_samples=True, bootstrap_iters=100, task_manager=TaskManager())
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    tracker.save_results_samples(task_name="capitals", samples=samples["capitals"])
    (written,) = (folder / "out").rglob("results_*.json")
    (lines,) = (folder / "out").rglob("samples_*.jsonl")
    report = json.loads(written.read_text())
    sampled = [json.loads(line) for line in lines.read_text().splitlines()]

reference = {
    "choices": CHOICES,
    "rows": rows,
    "keys": {name: sorted(value) if isinstance(value, dict) else None for name, value in report.items()},
    "taskKeys": {name: sorted(report[name]["capitals"]) for name in ("results", "configs", "higher_is_better", "n-samples")},
    "results": report["results"], "n-shot": report["n-shot"], "n-samples": report["n-samples"],
    "higher_is_better": report["higher_is_better"], "versions": report["versions"], "group_subtasks": report["group_subtasks"],
    "samples": sampled,
}
(golden / "harness.json").write_text(json.dumps(reference, ensure_ascii=False, indent=1) + "\n")
