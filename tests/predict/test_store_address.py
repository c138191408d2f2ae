"""Secrets in the address of a store: never shown, in whatever form they come and whoever quotes them."""

import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagger.core.common.errors import InputError
from tagger.predict.store_address import hide_secrets, parse_address

SECRET = st.text(st.characters(categories=("L", "N", "P", "S", "Zs"), codec="utf-8"), min_size=4).filter(
    lambda text: text.isprintable() and any(character.isalnum() for character in text)
)
# What can stand in an address as it is; all else has to be quoted, or the address is refused.
RAW = st.text(st.sampled_from("abcXYZ0189'\"`|()<>{}~!$*;,=^ +-._"), min_size=4).filter(str.strip)
SERVERS, DATABASES = ("http", "https", "ftp"), ("postgresql", "mysql+pymysql", "mssql+pyodbc", "postgresql+psycopg2")


@st.composite
def addresses(draw: st.DrawFn) -> tuple[str, str]:
    """An address, and the secret in it, as it is after quoting is undone."""
    scheme = draw(st.sampled_from([*SERVERS, *DATABASES]))
    secret, form = draw(SECRET), draw(st.sampled_from(["%", "%25", "raw"]))
    written = quote(secret, safe="") if form == "%" else quote(quote(secret, safe=""), safe="")
    if form == "raw":
        written = secret = draw(RAW)
    place = draw(st.sampled_from(["user:{}@host:1/runs", "{}@host/runs", "host:1/runs?{}", "host/runs?a=b&{}"]))
    if "?" in place:  # there, & and + mean something else
        written = written.replace("+", "%2B")
        place = place.format(draw(st.sampled_from(["password={}", "token={}", "{}", "sslpassword={}"])))
        if "?{}" in place or "&{}" in place:
            written = written.replace("=", "%3D")
    return f"{scheme}://{place.format(written)}", secret if form != "%25" else quote(secret, safe="")


def said_of(address: str, secret: str) -> list[str]:
    """What libraries make of an address and of a secret in their messages."""
    return [
        f"can't reach {address!r} now",
        f"can't reach {address}",
        f"Failed to parse: {quote(address, safe='')}.",
        f"url: /?token={quote_plus(secret)}/api/2.0",
        f"connection to 'host' with password={secret!r} failed",
        f'{{"password": "{secret}"}}',
        repr([address, secret]),
    ]


@settings(deadline=None)
@given(addresses())
def test_no_secret_is_shown_in_any_form(generated: tuple[str, str]) -> None:
    address, secret = generated
    shown, _ = parse_address(address)
    for text in [shown, *(hide_secrets(text, address) for text in said_of(address, secret))]:
        assert not re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", text), text
        assert quote(secret, safe="") not in text or len(secret) < 8, text
    assert "host" in shown
    assert parse_address(shown)[0] == shown  # records of the outbox are compared by it


@settings(deadline=None)
@given(st.sampled_from([*SERVERS, *DATABASES]), st.text(st.sampled_from("ab1/:?#@[]\\%= "), min_size=1))
def test_an_address_is_read_as_it_is_meant_or_refused(scheme: str, rest: str) -> None:
    """Whatever is cut where, what stands before the last @ may be a password."""
    try:
        shown, _ = parse_address(f"{scheme}://{rest}")
    except InputError:
        pass
    else:
        login, at, place = rest.rpartition("@")
        assert shown == f"{scheme}://{'***' * bool(at)}{at}{re.sub(r'[?].*', '?***', place)}"
        assert not at or "?" not in login


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:p4ssw0rd@h:notaport/db",
        "postgresql://host:5432/db?password=p4ss@w0rd",  # SQLAlchemy's user is host, and its host w0rd
        "mssql://domain/user:p4ssw0rd@h/db",
        "http://user:p4ss#w0rd@h",
        "http://user:12?p4ssw0rd@h",
        "http://user:12/p4ssw0rd@h",
        "http://user:p4ssw0rd@h:99999",
        "http://user:p4ss\nw0rd@h",
        "http://user:p4ss[w0rd@h",
        "user:p4ssw0rd@h/db",
        "postgresql:user:p4ssw0rd@h",
        "mysql://user:p4ss/w0rd@h/db",
    ],
)
def test_an_address_that_libraries_would_read_otherwise_is_one_line_without_it(address: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_address(address)
    assert str(caught.value).startswith("MLFLOW_TRACKING_URI: can't be read as an address; expected ")
    assert not re.search("w0rd|p4ss|12", str(caught.value))


@pytest.mark.parametrize("name", ["MLFLOW_TRACKING_PASSWORD", "PGPASSWORD", "MYSQL_PWD", "AWS_SECRET_ACCESS_KEY"])
def test_secrets_of_the_environment_are_hidden(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "s3cr3t w0rd")
    assert hide_secrets("got s3cr3t%20w0rd: s3cr3t w0rd", "databricks") == "got ***: ***"


def test_what_is_no_secret_stays() -> None:
    text = "port 5100 of host: SSL is required"
    assert hide_secrets(text, "postgresql://bob:51@host/db?sslmode=require&connect_timeout=10") == text
