"""Parquet and Arrow files as pyarrow writes them, and what is in them as JSON: the goldens of test/source/columns.test.ts."""
import json
import pathlib
import sys

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)

rows = [
    {
        "text": ["猫", "", "a\nb"][i % 3],
        "count": i * 1_000_003,
        "score": i / 8,
        "flag": i % 2 == 0,
        "missing": None if i % 3 == 0 else f"x{i}",
        "list": list(range(i % 4)),
        "inner": {"question": f"q{i}", "answer": [f"a{i}"]},
    }
    for i in range(50)
]
(folder / "rows.json").write_text(json.dumps(rows, ensure_ascii=False) + "\n")
table = pa.Table.from_pylist(rows)
for codec in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]:
    pq.write_table(table, folder / f"{codec}.parquet", compression=codec, row_group_size=20)
with pa.ipc.new_file(folder / "file.arrow", table.schema) as writer:
    writer.write_table(table, max_chunksize=20)
with pa.ipc.new_stream(folder / "stream.arrow", table.schema) as writer:
    writer.write_table(table, max_chunksize=20)
encoded = table.set_column(0, "text", table["text"].dictionary_encode())
with pa.ipc.new_stream(folder / "dictionary.arrow", encoded.schema) as writer:
    writer.write_table(encoded, max_chunksize=20)
