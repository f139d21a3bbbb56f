import doctest
from pathlib import Path


def test_the_examples_print_what_the_readme_says():
    result = doctest.testfile(str(Path(__file__).parents[1] / "README.md"), module_relative=False)
    assert result.attempted >= 8
    assert result.failed == 0
