"""The parts of the Hugging Face Hub's HTTP API that `tagger.predict.hub` uses, with repositories in memory."""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

Files = dict[str, bytes]


class Hub:
    """What the server holds, and what it was asked for."""

    def __init__(self) -> None:
        self.commits: dict[str, dict[str, Files]] = {}  # of each repository by their hashes, the newest last
        self.private: dict[str, bool] = {}
        self.announced: dict[str, int] = {}  # sizes of files that are not the true ones
        self.tokens: set[str | None] = set()  # of those who wrote
        self.got: list[str] = []  # the names of files that were downloaded

    def commit(self, repository: str, files: Files) -> str:
        """Add a commit; return its hash."""
        commits = self.commits.setdefault(repository, {})
        name = hashlib.sha1(f"{repository}{len(commits)}".encode(), usedforsecurity=False).hexdigest()
        commits[name] = files
        return name

    def newest(self, repository: str) -> Files:
        return [*self.commits[repository].values()][-1]


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Print nothing."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path).path.strip("/").split("/")
        if len(parts) < 4:
            self._answer({"error": "not found"}, 404)
        elif parts[:2] == ["api", "models"]:  # api/models/OWNER/NAME/revision|tree/REVISION
            found = self._find("/".join(parts[2:4]), parts[5] if len(parts) > 5 else "main")
            if found and parts[4:5] == ["tree"]:
                self._answer([{"type": "file", "path": name, **self._described(name, found)} for name in found[1]])
            elif found:
                siblings = [{"rfilename": name} for name in found[1]]
                self._answer({"id": "/".join(parts[2:4]), "sha": found[0], "siblings": siblings})
        elif found := self._find("/".join(parts[:2]), parts[3]):  # OWNER/NAME/resolve/REVISION/FILE
            name = "/".join(parts[4:])
            content = found[1][name]
            self.send_response(200)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", found[0])
            self.send_header("Content-Length", str(self._described(name, found)["size"]))
            self.end_headers()
            if self.command == "GET":
                self.hub.got.append(name)
                self.wfile.write(content)

    do_HEAD = do_GET  # noqa: N815, http.server calls it by this name

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.hub.tokens.add(self.headers["Authorization"])
        parts = urlsplit(self.path).path.strip("/").split("/")
        if parts == ["api", "repos", "create"]:
            asked = json.loads(body)
            repository = f"{asked['organization']}/{asked['name']}"
            if repository in self.hub.commits:
                self._answer({"error": "You already created this model repo", "url": f"{self._root}/{repository}"}, 409)
            else:
                self.hub.private[repository] = asked.get("visibility") == "private" or asked.get("private") is True
                self.hub.commit(repository, {".gitattributes": b""})
                self._answer({"url": f"{self._root}/{repository}", "name": repository})
        elif parts == ["api", "validate-yaml"]:
            self._answer({"errors": [], "warnings": []})
        elif parts[4] == "preupload":
            modes = {"uploadMode": "regular", "shouldIgnore": False}
            self._answer({"files": [{"path": file["path"], **modes} for file in json.loads(body)["files"]]})
        elif parts[4] == "commit":
            repository = "/".join(parts[2:4])
            files = dict(self.hub.newest(repository))
            for key, value in ((line["key"], line["value"]) for line in map(json.loads, body.splitlines())):
                if key == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif key == "deletedFile":
                    del files[value["path"]]
            commit = self.hub.commit(repository, files)
            self._answer({"commitUrl": f"{self._root}/{repository}/commit/{commit}", "commitOid": commit})

    @property
    def _root(self) -> str:
        return f"http://{self.headers['Host']}"

    def _find(self, repository: str, revision: str) -> tuple[str, Files] | None:
        """Return a commit and its files; answer the request if there is none."""
        commits = self.hub.commits.get(repository, {})
        commit = [*commits][-1] if revision == "main" and commits else revision
        if commit in commits:
            return commit, commits[commit]
        self._answer({"error": "not found"}, 404, {"X-Error-Code": "RevisionNotFound" if commits else "RepoNotFound"})
        return None

    def _described(self, name: str, found: tuple[str, Files]) -> dict[str, Any]:
        content = found[1][name]
        oid = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        return {"oid": oid, "size": self.hub.announced.get(name, len(content))}

    def _answer(self, document: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": len(content),
            **(headers or {}),
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@contextmanager
def serving(hub: Hub) -> Iterator[str]:
    """Serve a hub on this machine for the block; provide its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub})) as server:
        Thread(target=server.serve_forever, args=(0.01,)).start()  # seconds until it sees the end
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
