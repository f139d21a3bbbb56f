"""The model folder: ``manifest.json`` and ``weights.bin``, data only, verified before use and mapped into memory.

``weights.bin`` holds little-endian arrays one behind the other, each at a multiple of 64 bytes; the manifest's ``arrays``
says type, shape and offset of each, and ``sha256`` what the file and the heads must hash to. Nothing in it is ever run.
`read` needs no numpy; the arrays are made of what it returns in ``clienttone.arrays``, or read in place by the C engine.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import struct

from clienttone.definition import BLOCKS, BUCKETS, feature_definition, map_file
from clienttone.errors import ModelError, explain
from clienttone.results import LABELS

TYPE_CHECKING = False  # typing's own costs its import
if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import dataclass
    from pathlib import Path
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
else:
    from clienttone.records import dataclass

FORMAT = 2
MANIFEST, WEIGHTS = "manifest.json", "weights.bin"
ALIGNMENT = 64
GROUP = 8  # rows of the other heads that share one entry of ``groups``
PADDING = 32  # zero bytes behind the last packed row, so that a reader may load whole words
MAX_MORE = 32  # heads beside the labels
TYPES = {"kept": "u1", "labels": "f2", "groups": "u4", "packed": "u1", "scales": "f4"}
REMEDY = "Install clienttone again, or train a model with `clienttone train`."
_HEAD = ("name", "segment_share", "calibration", "threshold", "medium", "high")
_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class Head:
    """One classifier: ``calibration`` (a, b) of ``sigmoid(a * z + b)``; ``threshold`` and band edges are probabilities."""

    name: str
    segment_share: float
    calibration: tuple[float, float]
    threshold: float
    medium: float
    high: float

    def probability(self, logits: Floats) -> Floats:
        """Calibrated probabilities of an array of logits."""
        import numpy as np

        a, b = self.calibration
        return np.asarray(1 / (1 + np.exp(-np.clip(a * logits + b, -40, 40))))


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's arrays as bytes in their file's form, and its heads, the labels first.

    ``kept`` a bit for each bucket (lowest bit first) that training kept, each of which has a column; ``labels`` (columns, 5)
    half precision: the weights of the four labels, and the idf; ``groups`` where each eighth row starts in ``packed``, the
    weights of the other heads in units of ``scales`` (see `clienttone.arrays`).
    """

    name: str
    heads: tuple[Head, ...]
    kept: memoryview
    labels: memoryview
    groups: memoryview
    packed: memoryview
    scales: memoryview
    folder: Path | None = None

    @property
    def head_numbers(self) -> bytes:
        """(heads, 3) float64: segment share and calibration of each head."""
        numbers = [x for h in self.heads for x in (h.segment_share, *h.calibration)]
        return struct.pack(f"<{len(numbers)}d", *numbers)


def read(folder: Path) -> Weights:
    """Verify and map a model folder.

    Raises `ModelError`, saying where, what was expected, what was found and what to do, when a file is missing, truncated,
    altered or of a newer format.
    """
    path = folder / WEIGHTS
    manifest = _manifest(folder / MANIFEST)
    heads = tuple(_head(h, folder / MANIFEST) for h in manifest["heads"])
    arrays = _sections(_verified(path, manifest["sha256"][WEIGHTS]), manifest["arrays"], folder / MANIFEST)
    columns = int.from_bytes(arrays["kept"], "little").bit_count()
    shapes = {
        "kept": [len(BLOCKS) * BUCKETS // 8],
        "labels": [columns, len(LABELS) + 1],
        "groups": [-(-columns // GROUP)],
        "scales": [len(heads) - len(LABELS)],
    }
    for name, shape in shapes.items():
        if manifest["arrays"][name]["shape"] != shape:
            found = manifest["arrays"][name]["shape"]
            raise ModelError(explain(f"{path}, array {name}", f"shape {shape}", found, REMEDY))
    return Weights(manifest["name"], heads, **arrays, folder=folder)


def write(folder: Path, weights: Weights, extra: Mapping[str, Any]) -> None:
    """Write a model folder; the same weights give the same bytes. Files are replaced whole: others may have mapped them."""
    folder.mkdir(parents=True, exist_ok=True)
    file, arrays = bytearray(), {}
    rows, columns = len(LABELS) + 1, len(weights.labels) // (2 * (len(LABELS) + 1))
    for name, kind in TYPES.items():
        data: memoryview = getattr(weights, name)
        file += bytes(-len(file) % ALIGNMENT)
        shape = [columns, rows] if name == "labels" else [len(data) // int(kind[1:])]
        arrays[name] = {"dtype": f"<{kind}", "shape": shape, "offset": len(file)}
        file += data
    heads = [{key: getattr(h, key) for key in _HEAD} | {"calibration": list(h.calibration)} for h in weights.heads]
    manifest = {
        "format": FORMAT,
        "name": weights.name,
        "features": feature_definition(),
        "sha256": {WEIGHTS: hashlib.sha256(file).hexdigest(), "heads": _heads_sha256(heads)},
        "arrays": arrays,
        "heads": heads,
        **extra,
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    for name, content in ((WEIGHTS, bytes(file)), (MANIFEST, text.encode())):
        (folder / f"{name}.new").write_bytes(content)
        (folder / f"{name}.new").replace(folder / name)


def _heads_sha256(heads: object) -> str:
    """What the manifest's heads hash to: a changed threshold is found as a changed weight is."""
    return hashlib.sha256(json.dumps(heads, sort_keys=True).encode()).hexdigest()


def _manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(explain(path, "a model manifest", "no such file", REMEDY)) from None
    except (OSError, ValueError) as error:
        found = f"a damaged file ({type(error).__name__})"
        raise ModelError(explain(path, "a JSON manifest", found, REMEDY)) from None
    version = manifest.get("format") if isinstance(manifest, dict) else None
    if version != FORMAT:
        newer = isinstance(version, int) and version > FORMAT
        remedy = "Upgrade clienttone to read this model." if newer else REMEDY
        raise ModelError(explain(f"{path}, key format", FORMAT, version, remedy))
    for key, kind in (("name", str), ("sha256", dict), ("arrays", dict), ("heads", list), ("features", dict)):
        if not isinstance(manifest.get(key), kind):
            raise ModelError(explain(f"{path}, key {key}", f"a {kind.__name__}", manifest.get(key), REMEDY))
    _check_manifest(manifest, path)
    return dict(manifest)


def _check_manifest(manifest: Mapping[str, Any], path: Path) -> None:
    expected, found = feature_definition(), manifest["features"]
    if found != expected:
        raise ModelError(explain(f"{path}, key features", expected, found, "Train the model again."))
    digest = manifest["sha256"].get(WEIGHTS)
    if not isinstance(digest, str):
        raise ModelError(explain(f"{path}, key sha256", f"a digest of {WEIGHTS}", digest, REMEDY))
    digest, actual = manifest["sha256"].get("heads"), _heads_sha256(manifest["heads"])
    if digest != actual:
        raise ModelError(explain(f"{path}, key heads", f"SHA-256 {digest}", actual, REMEDY))
    most = len(LABELS) + MAX_MORE
    if not len(LABELS) <= len(manifest["heads"]) <= most:
        raise ModelError(explain(f"{path}, key heads", f"4 to {most} heads", len(manifest["heads"]), REMEDY))


def _verified(path: Path, digest: str) -> memoryview:
    try:
        mapped = map_file(path)
    except (OSError, ValueError):  # ValueError: an empty file cannot be mapped
        raise ModelError(explain(path, "the model's weights", "no readable file", REMEDY)) from None
    found = _sha256(mapped)
    if found != digest:
        raise ModelError(explain(path, f"SHA-256 {digest}", f"{found} ({len(mapped)} bytes)", REMEDY))
    return memoryview(mapped)


def _sha256(mapped: mmap.mmap) -> str:
    """Hash a mapped file; what has been read need not stay in memory until it is used."""
    digest = hashlib.sha256()
    with memoryview(mapped) as view:
        for low in range(0, len(view), _STEP):
            digest.update(view[low : low + _STEP])
            if hasattr(mmap, "MADV_DONTNEED"):
                mapped.madvise(mmap.MADV_DONTNEED, low, min(_STEP, len(view) - low))
    return digest.hexdigest()


def _sections(file: memoryview, arrays: Mapping[str, Any], path: Path) -> dict[str, memoryview]:
    out = {}
    for name, kind in TYPES.items():
        entry: Any = arrays.get(name)
        try:
            start, size = entry["offset"], int(kind[1:])
            for length in entry["shape"]:
                size *= length
            sound = entry["dtype"] == f"<{kind}" and 0 <= start <= start + size <= len(file) and not start % ALIGNMENT
        except (KeyError, TypeError):
            sound = False
        if not sound:
            expected = f"dtype <{kind}, shape, and an offset within the {len(file)} bytes of {WEIGHTS}"
            raise ModelError(explain(f"{path}, key arrays.{name}", expected, entry, REMEDY))
        out[name] = file[start : start + size]
    return out


def _head(raw: Any, path: Path) -> Head:
    try:
        a, b = (float(x) for x in raw["calibration"])
        numbers = (float(raw[key]) for key in ("threshold", "medium", "high"))
        return Head(str(raw["name"]), float(raw["segment_share"]), (a, b), *numbers)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(explain(f"{path}, key heads", ", ".join(_HEAD), repr(error), REMEDY)) from None
