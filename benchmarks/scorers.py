"""Who is measured: how each scorer is imported, made ready and called. Nothing heavy is imported before it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import corpus

Score = Callable[[list[str]], Any]
REFERENCE = "scikit-learn"


@dataclass(frozen=True, slots=True)
class Scorer:
    """``load(folder)`` gives the batch function; ``prepare(folder, count)`` trains on ``count`` messages and returns MB.

    ``statement`` is what a user imports, ``packages`` the distributions whose version is recorded, ``env`` the engine.
    ``load_two(folder)`` scores with two workers; ``load_assess(folder)`` is the full assessment of one message.
    """

    statement: str
    packages: tuple[str, ...]
    load: Callable[[Path], Score]
    prepare: Callable[[Path, int], float]
    load_two: Callable[[Path], Score] | None = None
    load_assess: Callable[[Path], Callable[[str], Any]] | None = None
    columns: Callable[[Any], list[list[float]]] | None = None
    env: dict[str, str] = field(default_factory=dict)


def megabytes(*paths: Path) -> float:
    files = [f for path in paths for f in (path.rglob("*") if path.is_dir() else [path]) if f.is_file()]
    return sum(f.stat().st_size for f in files if f.suffix not in {".py", ".pyc"}) / 1e6


def package_folder(name: str) -> Path:
    from importlib.util import find_spec

    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ImportError(f"no module named {name}")
    return Path(spec.origin).parent


# clienttone: BENCH_MODEL names another model folder


def _assessor(_: Path) -> Any:
    from clienttone import Assessor

    return Assessor(os.environ.get("BENCH_MODEL") or None)


def clienttone_prepare(engine: str) -> Callable[[Path, int], float]:
    def prepare(folder: Path, _: int) -> float:
        from clienttone.assessor import DEFAULT_MODEL
        from clienttone.engine import ENGINE

        if engine != ENGINE:
            raise ImportError("no module named clienttone._kernel: the C extension was not built")

        _assessor(folder)
        return megabytes(Path(os.environ.get("BENCH_MODEL") or DEFAULT_MODEL))

    return prepare


def clienttone_two(folder: Path) -> Score:
    from functools import partial
    from inspect import signature

    score = _assessor(folder).score_many
    if "workers" not in signature(score).parameters:
        raise NotImplementedError("score_many takes no workers")
    return partial(score, workers=2)


def clienttone(engine: str) -> Scorer:
    return Scorer(
        "import clienttone",
        ("clienttone", "numpy"),
        lambda folder: _assessor(folder).score_many,
        clienttone_prepare(engine),
        clienttone_two,
        lambda folder: _assessor(folder).assess,
        lambda scores: scores.tolist(),
        {"CLIENTTONE_ENGINE": engine},
    )


# the equal scikit-learn pipeline


def sklearn_prepare(folder: Path, count: int) -> float:
    import joblib
    from sklearn_pipeline import Pipeline

    rows = corpus.labelled("train")[:count]
    pipeline = Pipeline(min_df=3).fit([r["text"] for r in rows], [[r[label] for r in rows] for label in corpus.LABELS])
    joblib.dump(pipeline, folder / "sklearn.joblib")  # uncompressed: loads fastest
    joblib.dump(pipeline, folder / "sklearn.small", compress=3)  # compressed, as our model file is
    return megabytes(folder / "sklearn.small")


def sklearn_load(folder: Path) -> Score:
    import joblib

    return joblib.load(folder / "sklearn.joblib").score  # type: ignore[no-any-return]


def sklearn_two(folder: Path) -> Score:
    import joblib

    score, pool = sklearn_load(folder), joblib.Parallel(2)

    def both(texts: list[str]) -> Any:
        return pool(joblib.delayed(score)(part) for part in (texts[::2], texts[1::2]))

    return both


# the others


def fasttext_prepare(name: str, **settings: Any) -> Callable[[Path, int], float]:
    def prepare(folder: Path, count: int) -> float:
        import fasttext

        lines = [f"{_fasttext_labels(r)} {' '.join(r['text'].split())}\n" for r in corpus.labelled("train")[:count]]
        (folder / f"{name}.txt").write_text("".join(lines), encoding="utf-8")
        model = fasttext.train_supervised(
            str(folder / f"{name}.txt"), loss="ova", verbose=0, thread=1, epoch=10, **settings
        )
        model.save_model(str(folder / f"{name}.bin"))
        return megabytes(folder / f"{name}.bin")

    return prepare


def _fasttext_labels(row: dict[str, Any]) -> str:
    return " ".join(f"__label__{label}" for label in corpus.LABELS if row[label]) or "__label__none"


def fasttext_load(name: str) -> Callable[[Path], Score]:
    def load(folder: Path) -> Score:
        import fasttext

        # a list, also for one message: predict(str) breaks under numpy 2
        predict = fasttext.load_model(str(folder / f"{name}.bin")).predict
        return lambda texts: predict([t.replace("\n", " ") for t in texts], k=-1)

    return load


def fasttext_columns(found: Any) -> list[list[float]]:
    rows = [dict(zip(labels, chances.tolist(), strict=True)) for labels, chances in zip(*found, strict=True)]
    return [[row[f"__label__{label}"] for label in corpus.LABELS] for row in rows]


def fasttext(name: str, **settings: Any) -> Scorer:
    load, prepare = fasttext_load(name), fasttext_prepare(name, **settings)
    return Scorer("import fasttext", ("fasttext-wheel", "fasttext"), load, prepare, columns=fasttext_columns)


def one_by_one(function: Callable[[str], Any]) -> Score:
    return lambda texts: [function(t) for t in texts]


def alt_load(_: Path) -> Score:
    from profanity_check import predict_prob

    return predict_prob  # type: ignore[no-any-return]


def vader_load(_: Path) -> Score:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return one_by_one(SentimentIntensityAnalyzer().polarity_scores)


def hatesonar_load(_: Path) -> Score:
    from hatesonar import Sonar

    return one_by_one(Sonar().ping)


def better_profanity_load(_: Path) -> Score:
    from better_profanity import profanity

    profanity.load_censor_words()
    return one_by_one(profanity.contains_profanity)


def ready_made(statement: str, distribution: str, module: str, load: Callable[[Path], Score]) -> Scorer:
    def prepare(folder: Path, _: int) -> float:
        load(folder)(["Where is my order?"])
        return megabytes(package_folder(module))

    return Scorer(statement, (distribution,), load, prepare)


SCORERS: dict[str, Scorer] = {
    REFERENCE: Scorer(
        "import sklearn.feature_extraction.text, sklearn.linear_model",
        ("scikit-learn", "scipy"),
        sklearn_load,
        sklearn_prepare,
        sklearn_two,
        columns=lambda scores: scores.tolist(),
    ),
    "clienttone (C)": clienttone("c"),
    "clienttone (numpy)": clienttone("numpy"),
    "fastText, words": fasttext("words"),
    "fastText, n-grams": fasttext("ngrams", wordNgrams=2, minn=2, maxn=5, dim=32, bucket=200_000),
    "alt-profanity-check": ready_made(
        "from profanity_check import predict_prob", "alt-profanity-check", "profanity_check", alt_load
    ),
    "VADER": ready_made(
        "from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer",
        "vaderSentiment",
        "vaderSentiment",
        vader_load,
    ),
    "hatesonar": ready_made("from hatesonar import Sonar", "hatesonar", "hatesonar", hatesonar_load),
    "better-profanity": ready_made(
        "from better_profanity import profanity", "better-profanity", "better_profanity", better_profanity_load
    ),
}


def average_precision(y: Sequence[int], scores: Sequence[float]) -> float:
    """Mean precision at each positive, ties in the order given."""
    hits, total = 0, 0.0
    for rank, i in enumerate(sorted(range(len(y)), key=lambda i: -scores[i]), start=1):
        if y[i]:
            hits += 1
            total += hits / rank
    return total / max(hits, 1)
