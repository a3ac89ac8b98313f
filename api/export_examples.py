"""What exports look like, for the documentation."""

from __future__ import annotations

EXPORT_JSONL = '{"id":"7106594312292453675","type":"video","title":"Morning run",…}\n'
EXPORT_CSV = "id,type,title,…\r\n7106594312292453675,video,Morning run,…\r\n"
EXPORT_PARQUET = "PAR1…"
