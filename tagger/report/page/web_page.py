"""Pages that contain their style and script, with a policy that allows only these two, by their hashes."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def page_templates(folder: Path, name: str, **filters: Callable[..., Any]) -> Environment:
    """Return the templates of a folder, whose pages share `<name>.css` and `<name>.js`.

    A template finds these as `style` and `script`, and as `policy` the Content-Security-Policy that allows them and
    nothing else. The filters are Jinja2's, by their names in the templates.
    """
    style, script = ((folder / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    allowed = [base64.b64encode(hashlib.sha256(source.encode()).digest()).decode() for source in (style, script)]
    policy = (
        f"default-src 'none'; style-src 'sha256-{allowed[0]}'; script-src 'sha256-{allowed[1]}'; base-uri 'none'; "
        "form-action 'none'"
    )
    loader = FileSystemLoader(folder)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= filters
    environment.globals |= {"style": style, "script": script, "policy": policy}
    return environment
