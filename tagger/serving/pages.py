"""The two pages, `/` and `/docs`."""

from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse

from tagger.report.page.web_page import page_templates

EXAMPLES = ("The dog ate the book.", "Time flies like an arrow.", "Will Will will the will to Will?")


def render(template: str, **values: Any) -> HTMLResponse:
    """Return a page whose template gets these values."""
    return HTMLResponse(_TEMPLATES.get_template(template).render(**values), headers=_HEADERS)


def describe_type(schema: dict[str, Any]) -> str:
    """Return the type of a JSON schema in words, such as `list of string`."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(map(describe_type, schema["anyOf"]))
    if schema.get("type") == "array":
        items = describe_type(schema.get("items", {}))
        return f"list of ({items})" if " or " in items else f"list of {items}"
    return str(schema.get("type", "any"))


_TEMPLATES = page_templates(Path(__file__).parent, "frame", {"type": describe_type})
# The icon of the page is a `data:` URL.
_POLICY = f"{_TEMPLATES.globals['policy']}; connect-src 'self'; img-src data:; frame-ancestors 'none'"
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
