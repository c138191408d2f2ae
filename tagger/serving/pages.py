"""The two pages, `/` and `/docs`: each holds its style and its script, and a policy lets just these two in."""

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tagger.serving.api_types import MAX_SENTENCES, MAX_WORDS

FOLDER = Path(__file__).parent
EXAMPLES = ("The dog ate the book .", "Time flies like an arrow .", "Will Will will the will to Will ?")


class Document(NamedTuple):
    """A page and the headers that it is sent with."""

    html: str
    headers: dict[str, str]


def render_home(models: Sequence[str]) -> Document:
    """Return the page where a person types a sentence."""
    return _render("home.html", models=models, examples=EXAMPLES, max_words=MAX_WORDS, max_sentences=MAX_SENTENCES)


def render_docs(schema: dict[str, Any]) -> Document:
    """Return what an OpenAPI schema says, as a page."""
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
    """Return the type of a JSON schema in words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(describe_type(choice) for choice in schema["anyOf"])
    if schema.get("type") == "array":
        items = describe_type(schema.get("items", {}))
        return f"list of ({items})" if " or " in items else f"list of {items}"
    if "additionalProperties" in schema and "properties" not in schema:
        return "object"
    return str(schema.get("type", "any"))


def _render(template: str, **values: Any) -> Document:
    style, script = _source("frame.css"), _source("frame.js")
    html = _environment().get_template(template).render(style=style, script=script, **values)
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Document(
        html,
        {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache",
        },
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"type": describe_type, "json": lambda value: json.dumps(value, ensure_ascii=False)}
    return environment


@cache
def _source(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"
