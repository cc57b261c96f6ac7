"""Arrays and plain data in one blob of bytes, without pickle.

A trained model comes back from the database: unpickling it would run whatever
somebody managed to write there. The blob is a NumPy archive whose loader is told to
refuse objects, with one JSON entry for everything that is not an array.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ai.engine.types import EngineError

_META = "__meta__"
Arrays = dict[str, NDArray[Any]]


def pack(meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return one compressed blob; `meta` must be JSON-serialisable."""
    encoded = np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **{_META: encoded}, **arrays)
    return buffer.getvalue()


def unpack(blob: bytes, *, forms: Collection[str]) -> tuple[dict[str, Any], Arrays]:
    """Return (meta, arrays) of a blob whose meta says one of `forms`.

    Raises a permanent `EngineError` when the bytes are broken or of another form.
    """
    try:
        with np.load(io.BytesIO(blob), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        meta = json.loads(arrays.pop(_META).tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise EngineError("The stored model is damaged; train it again.", permanent=True) from error
    if meta.get("form") not in forms:
        message = f"The stored model has another form ({meta.get('form')}); train it again."
        raise EngineError(message, permanent=True)
    return meta, arrays
