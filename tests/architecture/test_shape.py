import ast

from tests.architecture.source_tree import Function, modules

MAX_MODULE_LINES = 250
MAX_FUNCTION_LINES = 50
ONE_FILE = {"reports/bundle_files/verify_custody.py": 1830}  # a program for strangers must be one file


def test_no_module_is_longer_than_one_reason_to_change_needs() -> None:
    long = {
        module.path: module.line_count
        for module in modules()
        if module.line_count > ONE_FILE.get(module.path, MAX_MODULE_LINES)
    }

    assert long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{module.path}:{node.lineno} {node.name}": lines
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, Function)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    }

    assert long == {}


def test_every_module_says_what_it_knows() -> None:
    silent = [module.path for module in modules() if not ast.get_docstring(module.tree)]

    assert silent == []


def test_no_module_is_named_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "handler", "base", "common", "misc"}

    assert [module.path for module in modules() if vague & set(module.name.split("."))] == []
