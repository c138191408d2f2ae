"""Pages that hold their style and their script, with a policy that lets in just these two, by their hashes."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


class PageTemplates:
    """The templates of a folder, whose pages share one style and one script.

    Attributes:
        policy: a Content-Security-Policy that allows that style and that script, and nothing else.
    """

    def __init__(self, folder: Path, name: str, filters: Mapping[str, Callable[..., Any]]) -> None:
        """Read `<name>.css` and `<name>.js`; the filters are Jinja2's, by their names in the templates."""
        self._style, self._script = ((folder / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= filters
        self.policy = (
            f"default-src 'none'; style-src {_hash(self._style)}; script-src {_hash(self._script)}; base-uri 'none'; "
            "form-action 'none'"
        )

    def render(self, template: str, **values: Any) -> str:
        """Return a page; its template gets `style`, `script` and `policy` besides these values."""
        page = self._environment.get_template(template)
        return page.render(style=self._style, script=self._script, policy=self.policy, **values)


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"
