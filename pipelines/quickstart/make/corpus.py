"""Gathers the running Japanese text that the quickstart's base model reads, one paragraph a line.

    apt-get download libreoffice-help-ja debian-handbook debian-reference-ja developers-reference-ja \
        maint-guide-ja debian-faq-ja debian-policy-ja aptitude-doc-ja harden-doc lilypond-doc-html-ja
    for package in *.deb; do dpkg -x "$package" packages; done
    node pipelines/quickstart/make/text.ts > corpus/facts.txt
    python3 pipelines/quickstart/make/corpus.py --packages packages --jglue JGLUE_FOLDER --out corpus

JGLUE_FOLDER is searched for JGLUE (Yahoo Japan and Waseda University, CC BY-SA 4.0): JNLI as JSON lines, and
JCommonsenseQA and JSQuAD as JSON arrays of {instruction, input, output}. Only sentences are taken, never a
question together with its answer. Needs Python 3.11 and nothing else.
"""

import argparse
import html.parser
import json
import pathlib
import re

BLOCKS = {"p", "div", "li", "dd", "dt", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "br", "section", "title", "body"}
SILENT = {"script", "style", "pre", "nav", "aside", "header", "footer", "noscript", "table"}
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff。、]")


class Paragraphs(html.parser.HTMLParser):
    """Collects the text of an HTML page block by block, leaving out code, menus and tables."""

    def __init__(self) -> None:
        super().__init__()
        self.silent = 0
        self.pieces: list[str] = []
        self.found: list[str] = []

    def close_block(self) -> None:
        text = "".join(self.pieces)
        self.pieces = []
        self.found.append(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.silent += tag in SILENT
        if tag in BLOCKS:
            self.close_block()

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self.silent = max(0, self.silent - 1)
        if tag in BLOCKS:
            self.close_block()

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.pieces.append(data)


def tidy(text: str) -> str:
    """One line, with no space between two Japanese characters (line breaks of the source leave some)."""
    line = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"(?<=[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]) (?=[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef])", "", line)


def is_prose(line: str) -> bool:
    """A sentence or more, mostly in Japanese script, of a length that a page of prose has."""
    return 15 <= len(line) <= 1500 and "。" in line and len(JAPANESE.findall(line)) >= 0.7 * len(line)


def package_lines(folder: pathlib.Path) -> list[str]:
    lines: list[str] = []
    for path in sorted(folder.rglob("*.html")):
        name = str(path)
        if path.is_dir() or not re.search(r"\.ja\.html$|/ja/|/ja-JP/", name):
            continue
        page = Paragraphs()
        page.feed(path.read_text(encoding="utf8", errors="ignore"))
        page.close_block()
        lines += [line for line in map(tidy, page.found) if is_prose(line)]
    return lines


def jglue_lines(folder: pathlib.Path) -> list[str]:
    lines: list[str] = []
    for path in sorted(folder.rglob("*.json")):
        text = path.read_text(encoding="utf8")
        rows = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
        for row in rows:
            if "sentence1" in row:
                lines += [row["sentence1"], row["sentence2"]]
            else:
                context = row["input"].split("：", 1)
                lines += [row["instruction"], context[1] if len(context) == 2 else ""]
    return [line for line in map(tidy, lines) if len(line) >= 8]


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--packages", type=pathlib.Path, required=True)
    arguments.add_argument("--jglue", type=pathlib.Path, required=True)
    arguments.add_argument("--out", type=pathlib.Path, required=True)
    options = arguments.parse_args()
    for name, lines in (("packages", package_lines(options.packages)), ("jglue", jglue_lines(options.jglue))):
        distinct = list(dict.fromkeys(lines))
        (options.out / f"{name}.txt").write_text("".join(f"{line}\n" for line in distinct), encoding="utf8")
        print(f"{name}: {len(distinct)} paragraphs, {sum(map(len, distinct))} characters")


if __name__ == "__main__":
    main()
