"""`ToneModel`: a folder with ``manifest.json`` and ``weights.npz``, read as data only and verified before use.

A head is one logistic regression over the shared features: the four labels, the ten threat kinds, the seven patterns and
the languages. Its logit for a message is ``(1 - s) * z(message) + s * max(z(segment))``, ``s`` being the head's
``segment_share``; Platt scaling turns it into a probability.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clienttone import engine, features, normalize
from clienttone.errors import ModelError, explain
from clienttone.features import BLOCKS, BUCKETS, Counts, Occurrences
from clienttone.normalize import Folded
from clienttone.results import LABELS
from clienttone.segment import Segments, segment

FORMAT = 1
MANIFEST, WEIGHTS = "manifest.json", "weights.npz"
_REMEDY = "Install clienttone again, or train a model with `clienttone train`."
_ARRAYS = {"kept": np.uint8, "idf": np.float16, "coef": np.float16, "coef_more": np.int8, "scale_more": np.float32}

Floats = NDArray[np.float32]


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
        odds = np.exp(-np.clip(a * logits + b, -40, 40))
        return np.asarray(1 / (1 + odds), np.float32)


@dataclass(frozen=True, slots=True)
class Rows:
    """A featurised batch: its code points, segments, known n-grams (``column`` of each, -1 unknown) and their counts.

    Rows of ``counts`` are the messages, then the segments of messages that have several.
    """

    folded: Folded
    segments: Segments
    grams: Occurrences
    column: NDArray[np.int64]
    counts: Counts


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class ToneModel:
    """Weights over the features, and what turns them into probabilities.

    ``column`` (3 * BUCKETS,) int32: the column of each bucket, -1 where training did not keep it; ``edges`` (4,): the first
    column of each block; ``idf2`` (c,) float32: squared idf; ``coef`` (c, 4) float32: weights of the labels times idf;
    ``coef_more`` (c, h) int8 with ``scale_more`` (h,): those of the other heads.
    """

    name: str
    heads: tuple[Head, ...]
    column: NDArray[np.int32]
    edges: NDArray[np.int64]
    idf2: Floats
    coef: Floats
    coef_more: NDArray[np.int8]
    scale_more: Floats

    def head(self, name: str) -> Head:
        """The head of that name."""
        return next(h for h in self.heads if h.name == name)

    def featurize(self, messages: Sequence[str]) -> Rows:
        """Fold, cut and count a batch."""
        folded = normalize.fold(messages)
        segments = segment(folded)
        grams = features.occurrences(folded, segments)
        column = self.column[grams.bucket].astype(np.int64)
        known = np.flatnonzero(column >= 0)
        part = grams.segment[known]
        cut = known[(part >= 0) & segments.several[part]]
        row = np.concatenate([grams.message[known], folded.size + grams.segment[cut]])
        columns = np.concatenate([column[known], column[cut]])
        return Rows(folded, segments, grams, column, features.count(row, columns, len(self.idf2)))

    def row_logits(self, rows: Rows, more: bool = False) -> Floats:
        """(messages + segments, heads) logits without intercept of each row; the label heads, or with ``more`` the others."""
        counts, size = rows.counts, rows.folded.size + len(rows.segments.message)
        weights = self.coef_more if more else self.coef
        out = np.zeros((size, weights.shape[1]), np.float32)
        if not len(counts.row):
            return out
        value = 1 + np.log(counts.tf)
        starts, norm = self.block_norms(counts, value)
        sums = np.add.reduceat(value[:, None] * weights[counts.column], starts, axis=0) / norm[:, None]
        owner = counts.row[starts]
        first = np.flatnonzero(np.diff(owner, prepend=-1))
        out[owner[first]] = np.add.reduceat(sums, first, axis=0)
        return out * self.scale_more if more else out

    def block_norms(self, counts: Counts, value: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Where each (row, block) starts in the counts, and the L2 norm of its values."""
        group = counts.row * len(BLOCKS) + np.searchsorted(self.edges[1:-1], counts.column, side="right")
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        norm = np.sqrt(np.add.reduceat(value * value * self.idf2[counts.column], starts))
        return starts, np.maximum(norm, np.float32(1e-12))

    def mix(self, rows: Rows, logits: Floats, heads: Sequence[Head]) -> Floats:
        """(messages, heads): the whole message and its strongest segment, by each head's ``segment_share``."""
        size = rows.folded.size
        whole, parts = logits[:size], logits[size:]
        strongest = whole.copy()
        several = np.flatnonzero(rows.segments.several)
        if len(several):
            owner = rows.segments.message[several]
            first = np.flatnonzero(np.diff(owner, prepend=-1))
            strongest[owner[first]] = np.maximum.reduceat(parts[several], first, axis=0)
        share = np.array([h.segment_share for h in heads], np.float32)
        return whole + share * (strongest - whole)

    def label_scores(self, mixed: Floats) -> Floats:
        """(messages, 4) calibrated probabilities in the order of `LABELS`; a bluff is never likelier than a threat."""
        scores = np.stack([h.probability(mixed[:, i]) for i, h in enumerate(self.heads[: len(LABELS)])], axis=1)
        scores[:, 2] = np.minimum(scores[:, 2], scores[:, 1])
        return scores

    def score(self, messages: Sequence[str]) -> Floats:
        """(messages, 4) float32 probabilities of the labels: the short way for those who need no explanation."""
        return engine.score(self, messages) if engine.ENGINE == "c" else self.score_with_numpy(messages)

    def score_with_numpy(self, messages: Sequence[str]) -> Floats:
        """What `score` says, by the reference definition."""
        rows = self.featurize(messages)
        return self.label_scores(self.mix(rows, self.row_logits(rows), self.heads[: len(LABELS)]))

    def save(self, folder: Path, extra: Mapping[str, Any] | None = None) -> None:
        """Write the folder; ``extra`` goes into the manifest for the reader's eye (seed, sources, metrics)."""
        folder.mkdir(parents=True, exist_ok=True)
        idf = np.sqrt(self.idf2)
        arrays: dict[str, NDArray[Any]] = {
            "kept": np.packbits(self.column >= 0),
            "idf": idf.astype(np.float16),
            "coef": (self.coef / idf[:, None]).astype(np.float16),
            "coef_more": self.coef_more,
            "scale_more": self.scale_more,
        }
        _write_npz(folder / WEIGHTS, arrays)
        manifest = {
            "format": FORMAT,
            "name": self.name,
            "features": feature_definition(),
            "sha256": {WEIGHTS: _sha256(folder / WEIGHTS)},
            "heads": [
                {
                    "name": h.name,
                    "segment_share": h.segment_share,
                    "calibration": list(h.calibration),
                    "threshold": h.threshold,
                    "medium": h.medium,
                    "high": h.high,
                }
                for h in self.heads
            ],
            **(extra or {}),
        }
        manifest["sha256"]["heads"] = _heads_sha256(manifest["heads"])
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def feature_definition() -> dict[str, Any]:
    """What a model's weights depend on; a model trained on another definition is refused."""
    return {
        "bits": features.BITS,
        "chars": list(features.CHARS),
        "stem": features.STEM,
        "blocks": list(BLOCKS),
        "unicode_sha256": _sha256(Path(normalize.__file__).parent / normalize.UNICODE_TABLE),
    }


def load_model(folder: str | Path) -> ToneModel:
    """Read and verify a model folder.

    Raises `ModelError`, saying where, what was expected, what was found and what to do, when a file is missing, truncated,
    altered or of a newer format. Nothing in the folder is ever run; arrays are read with ``allow_pickle=False``.
    """
    folder = Path(folder)
    manifest = _manifest(folder / MANIFEST)
    arrays = _arrays(folder / WEIGHTS, manifest["sha256"][WEIGHTS])
    place = folder / WEIGHTS
    kept = np.unpackbits(arrays["kept"]).view(np.bool_)
    columns, more = int(kept.sum()), len(manifest["heads"]) - len(LABELS)
    shapes = {"idf": (columns,), "coef": (columns, len(LABELS)), "coef_more": (columns, more), "scale_more": (more,)}
    if len(kept) != len(BLOCKS) * BUCKETS:
        raise ModelError(explain(place, f"{len(BLOCKS) * BUCKETS} buckets", len(kept), _REMEDY))
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ModelError(explain(f"{place}, array {name}", f"shape {shape}", arrays[name].shape, _REMEDY))
    if not all(np.isfinite(arrays[name]).all() for name in ("idf", "coef", "scale_more")):
        raise ModelError(explain(place, "finite weights", "NaN or infinity", _REMEDY))
    index = np.where(kept, np.cumsum(kept, dtype=np.int32) - np.int32(1), np.int32(-1))
    edges = np.concatenate([[0], np.cumsum(kept.reshape(len(BLOCKS), BUCKETS).sum(axis=1))])
    idf = arrays["idf"].astype(np.float32)
    coef = arrays["coef"].astype(np.float32) * idf[:, None]
    heads = tuple(_head(h, folder / MANIFEST) for h in manifest["heads"])
    return ToneModel(manifest["name"], heads, index, edges, idf * idf, coef, arrays["coef_more"], arrays["scale_more"])


def _manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(explain(path, "a model manifest", "no such file", _REMEDY)) from None
    except (OSError, ValueError) as error:
        raise ModelError(
            explain(path, "a JSON manifest", f"a damaged file ({type(error).__name__})", _REMEDY)
        ) from None
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT:
        remedy = "Upgrade clienttone to read this model." if isinstance(found, int) and found > FORMAT else _REMEDY
        raise ModelError(explain(f"{path}, key format", FORMAT, found, remedy))
    for key, kind in (("name", str), ("sha256", dict), ("heads", list), ("features", dict)):
        if not isinstance(manifest.get(key), kind):
            raise ModelError(explain(f"{path}, key {key}", f"a {kind.__name__}", manifest.get(key), _REMEDY))
    if manifest["features"] != feature_definition():
        raise ModelError(
            explain(f"{path}, key features", feature_definition(), manifest["features"], "Train the model again.")
        )
    for key, found in ((WEIGHTS, manifest["sha256"].get(WEIGHTS)), ("heads", _heads_sha256(manifest["heads"]))):
        if key == WEIGHTS and not isinstance(found, str):
            raise ModelError(explain(f"{path}, key sha256", f"a digest of {WEIGHTS}", found, _REMEDY))
        if key == "heads" and manifest["sha256"].get(key) != found:
            raise ModelError(explain(f"{path}, key heads", f"SHA-256 {manifest['sha256'].get(key)}", found, _REMEDY))
    return dict(manifest)


def _arrays(path: Path, expected: str) -> dict[str, NDArray[Any]]:
    try:
        raw = path.read_bytes()
    except OSError:
        raise ModelError(explain(path, "the model's weights", "no readable file", _REMEDY)) from None
    found = hashlib.sha256(raw).hexdigest()
    if found != expected:
        raise ModelError(explain(path, f"SHA-256 {expected}", f"{found} ({len(raw)} bytes)", _REMEDY))
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as data:
            arrays = {name: data[name] for name in _ARRAYS}
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise ModelError(explain(path, f"arrays {', '.join(_ARRAYS)}", f"{type(error).__name__}", _REMEDY)) from None
    for name, dtype in _ARRAYS.items():
        if arrays[name].dtype != dtype:
            raise ModelError(explain(f"{path}, array {name}", np.dtype(dtype).name, arrays[name].dtype, _REMEDY))
    return arrays


def _head(raw: Any, path: Path) -> Head:
    try:
        a, b = (float(x) for x in raw["calibration"])
        numbers = (float(raw[key]) for key in ("threshold", "medium", "high"))
        return Head(str(raw["name"]), float(raw["segment_share"]), (a, b), *numbers)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            explain(
                f"{path}, key heads", "name, segment_share, calibration, threshold, medium, high", repr(error), _REMEDY
            )
        ) from None


def _write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Like ``np.savez_compressed``, with fixed time stamps: the same arrays give the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
            out.writestr(
                zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), buffer.getvalue(), zipfile.ZIP_DEFLATED, 9
            )


def _heads_sha256(heads: Any) -> str:
    return hashlib.sha256(json.dumps(heads, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
