"""What lm-eval 0.3.0 makes of the choices of choices.py: context and choice tokenized apart, EOS for an empty context.

    python test/reference/choicesApart.py SOURCES test/stages/golden test/text/golden/tokenizers

SOURCES holds lm_eval-0.3.0, unpacked. The harness of the paper scores by the same methods of BaseLM, and encodes without
special tokens. Versions: requirements.txt. Everything runs in float32 on one thread.
"""
import json
import sys
from pathlib import Path

import torch
import transformers

sys.path.insert(0, str(Path(sys.argv[1]) / "lm_eval-0.3.0"))
from lm_eval.base import BaseLM  # noqa: E402

torch.set_num_threads(1)
golden, tokenizers = Path(sys.argv[2]), Path(sys.argv[3])


class Tiny(BaseLM):
    """A model and its tokenizer, as that version's own GPT-2 class wraps them."""

    max_gen_toks, batch_size, device = 0, 1, "cpu"

    def __init__(self, name):
        super().__init__()
        config = json.loads((tokenizers / f"{name}.tokenizer_config.json").read_text())
        eos = config["eos_token"]
        self.tokenizer = transformers.PreTrainedTokenizerFast(
            tokenizer_file=str(tokenizers / f"{name}.tokenizer.json"), eos_token=eos["content"] if isinstance(eos, dict) else eos)
        self.model = transformers.AutoModelForCausalLM.from_pretrained(golden / name, dtype=torch.float32).eval()

    @property
    def eot_token_id(self):
        return self.tokenizer.eos_token_id

    @property
    def max_length(self):
        return self.model.config.max_position_embeddings

    def tok_encode(self, string):
        return self.tokenizer.encode(string, add_special_tokens=False)

    def tok_decode(self, tokens):
        return self.tokenizer.decode(tokens)

    def _model_call(self, inps):
        with torch.no_grad():
            return self.model(inps).logits

    def _model_generate(self, context, max_length, eos_token_id):
        raise NotImplementedError

    def greedy_until(self, requests):
        raise NotImplementedError


for name in ("byteLevel", "sentencePiece"):
    prompts = json.loads((golden / name / "reference.json").read_text())["joint"]
    pairs = [(prompt["context"], choice) for prompt in prompts for choice in prompt["choices"]]
    scores = [score for score, _ in Tiny(name).loglikelihood(pairs)]
    (golden / name / "apart.json").write_text(json.dumps(scores, indent=1) + "\n")
