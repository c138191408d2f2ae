"""The two pages, `/` and `/docs`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse

from tagger.report.page.web_page import PageTemplates
from tagger.serving.api_types import MAX_SENTENCES, MAX_WORDS

EXAMPLES = ("The dog ate the book .", "Time flies like an arrow .", "Will Will will the will to Will ?")


def render_home(models: Sequence[str]) -> HTMLResponse:
    """Return the page where a person types a sentence; it lists the models by these names."""
    return _render("home.html", models=models, examples=EXAMPLES, max_words=MAX_WORDS, max_sentences=MAX_SENTENCES)


def render_docs(schema: dict[str, Any]) -> HTMLResponse:
    """Return the documentation of the API from its OpenAPI schema."""
    operations = [
        {"path": path, "method": method.upper(), "body": _body(operation), **operation}
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    return _render("docs.html", info=schema["info"], operations=operations, types=schema["components"]["schemas"])


def _body(operation: dict[str, Any]) -> dict[str, Any] | None:
    content: dict[str, Any] = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return content.get("schema")


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


_TEMPLATES = PageTemplates(
    Path(__file__).parent, "frame", {"type": describe_type, "json": lambda value: json.dumps(value, ensure_ascii=False)}
)
_HEADERS = {
    # The icon of the page is a `data:` URL.
    "Content-Security-Policy": f"{_TEMPLATES.policy}; connect-src 'self'; img-src data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def _render(template: str, **values: Any) -> HTMLResponse:
    return HTMLResponse(_TEMPLATES.render(template, **values), headers=_HEADERS)
