"""The address of MLflow's store: the part that may be shown, and hiding its secrets in other texts."""

import os
import re
from urllib.parse import unquote_plus, urlsplit

from tagger.core.common.errors import InputError

DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
# If a secret could be mistaken for another part, nobody can tell what may be shown.
_PARTS = re.compile(r"(?:(?P<login>[^@?/#\\]*)@)?(?P<place>[^@?#\\]*)(?:\?(?P<query>[^@#]*))?")
_SECRET = re.compile("(?i)passw|token|secret|_pwd$|_key$")  # names of variables of the environment


def kind_of(uri: str) -> str:
    """Return the kind of a store, such as `postgresql` of `postgresql+psycopg2://...`."""
    return uri.partition(":")[0].partition("+")[0]


def parse_address(uri: str) -> tuple[str, set[str]]:
    """Return what may be shown of the URI of a store, and its secrets.

    In place of user and password, and of a query, which may have a password too, stands ***. Raises InputError if
    others may read it in another way. The line shows nothing of it: anything may be the password.
    """
    scheme, _, rest = uri.partition("://")
    if (not rest and "@" not in uri) or (kind_of(uri) in ("sqlite", "file") and rest.startswith("/")):
        return uri, set()
    try:
        found = _PARTS.fullmatch(rest) if rest and uri.isprintable() and urlsplit(uri).port != 0 else None
    except ValueError:  # no number
        found = None
    if found is None:
        expected = "scheme://user:password@host:port/path, in which user and password have %40 for @, %2F for /, ..."
        raise InputError(f"MLFLOW_TRACKING_URI: can't be read as an address; expected {expected}")
    login, place, query = found.groups()
    user, _, password = (login or "").partition(":")
    fields = (field.partition("=") for field in (query or "").split("&"))
    raw = [password or user, *(value or name for name, _, value in fields)]
    shown = scheme + "://" + "***@" * (login is not None) + place + "?***" * (query is not None)
    return shown, {*raw, *map(unquote_plus, raw)} - {""}


def hide_secrets(text: str, uri: str) -> str:
    """Hide the secrets of the store and of the environment in a text, and the login of any other address."""
    shown, known = parse_address(uri)
    text = text.replace(uri, shown)
    known |= {value for name, value in os.environ.items() if value and _SECRET.search(name)}
    for secret in sorted(known, key=len, reverse=True):
        text = re.sub(_any_form(secret), "***", text)
    return re.sub(r"://(?!/)[^\s'\"]*@", "://***@", text)


def _any_form(secret: str) -> str:
    """Return a pattern for a secret as it is, quoted by percent signs or backslashes. A short one is a whole word."""
    codes = ("".join(f"%{byte:02x}" for byte in character.encode()) for character in secret)
    forms = (rf"(?:\\*{re.escape(own)}|(?i:{code}))" for own, code in zip(secret, codes, strict=True))
    pattern = "".join(forms).replace(r"\ ", r"[ +]")
    return pattern if len(secret) >= 8 else rf"(?:(?<!\w)|(?<=%[0-9A-Fa-f]{{2}})){pattern}(?!\w)"
