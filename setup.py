"""The C extension; everything else is in pyproject.toml. Where no compiler is found the package installs without it."""

import os

from setuptools import Extension, setup

KERNEL = Extension(
    "clienttone._kernel",
    [
        f"src/kernel/{name}.c"
        for name in ("module", "weights", "scratch", "text", "table", "words", "totals", "score", "describe")
    ],
    depends=[
        f"src/kernel/{name}.h"
        for name in ("kernel", "weights", "scratch", "message", "table", "words", "totals", "grams")
    ],
    define_macros=[("Py_LIMITED_API", "0x030B0000")],
    extra_compile_args=[] if os.name == "nt" else ["-O3"],
    py_limited_api=True,
    optional=True,
)

setup(ext_modules=[KERNEL], options={"bdist_wheel": {"py_limited_api": "cp311"}})
