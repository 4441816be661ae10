"""fast-feature with the flags of the file that FLAGS names: its own server has no file of flags."""

from __future__ import annotations

import json
import os
from pathlib import Path

from benchmarks.rivals.base import imported

__all__ = ["application"]

_flag = imported("fast_feature.core").Flag
_flags = [_flag(**each) for each in json.loads(Path(os.environ["FLAGS"]).read_text("utf-8"))]
_repository = imported("fast_feature.storage.inmemory").InMemoryFlagRepository(_flags)
application = imported("fastapi").FastAPI()
application.include_router(imported("fast_feature.ofrep").OfrepRouter.build(_repository))
