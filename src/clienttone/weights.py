"""The model folder: ``manifest.json`` and ``weights.bin``, data only, verified before use and mapped into memory.

``weights.bin`` holds little-endian arrays one behind the other, each at a multiple of 64 bytes; the manifest's ``arrays``
says type, shape and offset of each, and ``sha256`` what the file and the heads must hash to. Nothing in it is ever run.
`read` needs no numpy; the arrays are made of what it returns in ``clienttone.arrays``, or read in place by the C engine.
The digests are no signature: whoever alters a folder can make them fit, so that every number is checked as well. A file
that is in use must be replaced whole, as `write` does, and never be written to in place.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import struct
from math import prod
from stat import S_ISREG

from clienttone.definition import BLOCKS, BUCKETS, feature_definition, map_file
from clienttone.errors import ModelError, explain
from clienttone.results import LABELS

TYPE_CHECKING = False  # typing's own costs its import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import dataclass
    from pathlib import Path
    from typing import Any, NoReturn, TypeVar

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    Content = TypeVar("Content")
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
_MANIFEST_BYTES, _WEIGHTS_BYTES = 1 << 20, 1 << 28  # more than any model needs
_STEP = 1 << 20
_LARGEST = 1e6  # number of a head: far from where a sum of them would be infinite


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
        a, b = self.calibration
        return logistic(a * logits + b)


def logistic(z: Floats) -> Floats:
    """``1 / (1 + exp(-z))``, nowhere 0 or 1 in double precision."""
    import numpy as np

    return np.asarray(1 / (1 + np.exp(-np.clip(z, -40, 40))))


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
    try:
        return _read(folder)
    except RecursionError:
        _refuse(folder / MANIFEST, "a model manifest", "one that is nested too deeply")


def _read(folder: Path) -> Weights:
    path = folder / WEIGHTS
    manifest = _manifest(folder / MANIFEST)
    heads = _heads(manifest["heads"], folder / MANIFEST)
    arrays = _sections(_verified(path, manifest["sha256"][WEIGHTS]), manifest["arrays"], folder / MANIFEST)
    columns = int.from_bytes(arrays["kept"], "little").bit_count()
    shapes = {
        "kept": [len(BLOCKS) * BUCKETS // 8],
        "labels": [columns, len(LABELS) + 1],
        "groups": [-(-columns // GROUP)],
        "scales": [len(heads) - len(LABELS)],
    }
    for name, shape in shapes.items():
        found = manifest["arrays"][name]["shape"]
        if found != shape:
            _refuse(f"{path}, array {name}", f"shape {shape}", found)
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


def _refuse(where: object, expected: object, found: object, remedy: str = REMEDY) -> NoReturn:
    raise ModelError(explain(where, expected, found, remedy)) from None


def _shown(value: object) -> str:
    """What stands in a manifest, at a readable length and without characters that a terminal would obey."""
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:120]}..."


def _content(path: Path, what: str, most: int, read: Callable[[Path], Content]) -> Content:
    """What ``read`` makes of a file that is neither a pipe nor a device, which might never end."""
    try:
        status = path.stat()
        if S_ISREG(status.st_mode) and status.st_size <= most:
            return read(path)
    except FileNotFoundError:
        _refuse(path, what, "no such file")
    except (
        OSError,
        ValueError,
    ) as error:  # ValueError: a path that cannot be, or an empty file, which cannot be mapped
        _refuse(path, what, f"no readable file ({type(error).__name__})")
    _refuse(path, what, f"no regular file of at most {most} bytes")


def _manifest(path: Path) -> dict[str, Any]:
    raw = _content(path, "a model manifest", _MANIFEST_BYTES, lambda path: path.read_bytes())
    try:
        manifest = json.loads(raw.decode("utf-8"))
    except ValueError as error:
        _refuse(path, "a JSON manifest", f"a damaged file ({type(error).__name__})")
    version = manifest.get("format") if isinstance(manifest, dict) else None
    if version != FORMAT:
        newer = isinstance(version, int) and version > FORMAT
        remedy = "Upgrade clienttone to read this model." if newer else REMEDY
        _refuse(f"{path}, key format", FORMAT, _shown(version), remedy)
    for key, kind in (("name", str), ("sha256", dict), ("arrays", dict), ("heads", list), ("features", dict)):
        if not isinstance(manifest.get(key), kind):
            _refuse(f"{path}, key {key}", f"a {kind.__name__}", _shown(manifest.get(key)))
    _check_manifest(manifest, path)
    return dict(manifest)


def _check_manifest(manifest: Mapping[str, Any], path: Path) -> None:
    expected, found = feature_definition(), manifest["features"]
    if found != expected:
        _refuse(f"{path}, key features", expected, _shown(found), "Train the model again.")
    if not manifest["name"].isprintable():
        _refuse(f"{path}, key name", "printable characters", _shown(manifest["name"]))
    digest = manifest["sha256"].get(WEIGHTS)
    if not isinstance(digest, str):
        _refuse(f"{path}, key sha256", f"a digest of {WEIGHTS}", _shown(digest))
    digest, actual = manifest["sha256"].get("heads"), _heads_sha256(manifest["heads"])
    if digest != actual:
        _refuse(f"{path}, key heads", f"SHA-256 {_shown(digest)}", actual)
    most = len(LABELS) + MAX_MORE
    if not len(LABELS) <= len(manifest["heads"]) <= most:
        _refuse(f"{path}, key heads", f"4 to {most} heads", len(manifest["heads"]))


def _verified(path: Path, digest: str) -> memoryview:
    mapped = _content(path, "the model's weights", _WEIGHTS_BYTES, map_file)
    found = _sha256(mapped)
    if found != digest:
        _refuse(path, f"SHA-256 {_shown(digest)}", f"{found} ({len(mapped)} bytes)")
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
        entry, size = arrays.get(name), int(kind[1:])
        if not isinstance(entry, dict) or entry.get("dtype") != f"<{kind}" or not _lies_within(file, entry, size):
            expected = f"dtype <{kind}, shape, and an offset within the {len(file)} bytes of {WEIGHTS}"
            _refuse(f"{path}, key arrays.{name}", expected, _shown(entry))
        start = entry["offset"]
        out[name] = file[start : start + size * prod(entry["shape"])]
    return out


def _lies_within(file: memoryview, entry: Mapping[str, Any], size: int) -> bool:
    """Whether an array of items of that size stands in the file; one or two small whole numbers give its shape."""
    start, shape = entry.get("offset"), entry.get("shape")
    if type(start) is not int or start % ALIGNMENT or not isinstance(shape, list) or not 1 <= len(shape) <= 2:
        return False
    if any(type(number) is not int or not 0 <= number <= len(file) for number in (start, *shape)):
        return False
    return start + size * prod(shape) <= len(file)


def _heads(raw: list[Any], path: Path) -> tuple[Head, ...]:
    heads = tuple(_head(head, path) for head in raw)
    names = tuple(head.name for head in heads)
    if names[: len(LABELS)] != LABELS or len({*names}) < len(names):
        _refuse(f"{path}, key heads", f"{', '.join(LABELS)}, then others, each once", _shown(names))
    return heads


def _head(raw: Any, path: Path) -> Head:
    try:
        (a, b), name = raw["calibration"], raw["name"]
        share, edges = raw["segment_share"], (raw["threshold"], raw["medium"], raw["high"])
        sound = isinstance(name, str) and name.isprintable() and 0 <= share <= 1
        if sound and all(type(x) in (int, float) and abs(x) <= _LARGEST for x in (share, a, b, *edges)):
            return Head(name, float(share), (float(a), float(b)), *map(float, edges))
    except (KeyError, TypeError, ValueError):
        pass
    _refuse(f"{path}, key heads", f"{', '.join(_HEAD)}, and numbers that a model can have", _shown(raw))
