"""The examples, as files and as modules."""

import importlib.util
from types import ModuleType

from tests.documents import ROOT

EXAMPLES = ROOT / "examples"
SOURCES = sorted(path for path in EXAMPLES.glob("**/*") if path.suffix in (".py", ".mjs"))


def load(name: str) -> ModuleType:
    """Load an example as a new module, because it reads the environment when it is loaded."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
