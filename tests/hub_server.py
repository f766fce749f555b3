"""A small Hugging Face Hub on loopback: repositories with revisions, large files, commits, for its real client."""

import base64
import contextlib
import hashlib
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hub:
    """What the server holds, and what it was asked.

    Attributes:
        refs: by repository, its branches and tags: a commit each; None of a repository without commits.
        commits: by commit, its files' contents by path.
        large: contents of large files by sha256, which arrive before the commit that names them.
        requests: (method, path) of every request.
        puts: bytes of the large files that arrived, in order.
        fail_at: the number of large files that are accepted before the server refuses one.
    """

    def __init__(self):
        self.refs, self.commits, self.large = {}, {}, {}
        self.requests, self.puts, self.fail_at, self.private, self.tokens = [], [], None, set(), set()

    def commit(self, repository, files, revision="main"):
        """Adds a commit to a branch; returns its name."""
        branches = self.refs.setdefault(repository, {"main": None})
        before = self.commits.get(branches.get(revision), {})
        content = {name: each for name, each in {**before, **files}.items() if each is not None}
        digest = hashlib.sha1(repr((repository, len(self.commits), sorted(content))).encode()).hexdigest()
        self.commits[digest], branches[revision] = content, digest
        return digest

    def files(self, repository, revision="main"):
        return self.commits[self.refs[repository][revision]]


def blob(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *arguments):
        pass

    def answer(self, content, status=200, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def begin(self):
        self.hub.requests.append((self.command, self.path))
        self.hub.tokens.add(self.headers.get("Authorization"))
        self.endpoint = f"http://{self.headers['Host']}"
        return [urllib.parse.unquote(each) for each in self.path.partition("?")[0].strip("/").split("/")]

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def commit_of(self, name, revision):
        """The commit, or None after an answer that says what does not exist."""
        if name not in self.hub.refs:
            self.answer({"error": "Repository not found"}, 404, X_Error_Code="RepoNotFound")
            return None
        found = self.hub.refs[name].get(revision) or (revision if revision in self.hub.commits else None)
        if found is None:
            self.answer({"error": "Invalid rev id"}, 404, X_Error_Code="RevisionNotFound")
        return found

    def do_GET(self):
        match self.begin():
            case ["api", "models", user, name]:
                self.model(f"{user}/{name}", "main")
            case ["api", "models", user, name, "revision", revision]:
                self.model(f"{user}/{name}", revision)
            case ["api", "models", user, name, "tree", "main"] if not any(
                self.hub.refs.get(f"{user}/{name}", {"": 1}).values()
            ):
                self.answer([])  # as of a repository with nothing in it yet
            case ["api", "models", user, name, "tree", revision]:
                if commit := self.commit_of(f"{user}/{name}", revision):
                    self.answer([self.entry(*each) for each in self.hub.commits[commit].items()])
            case [user, name, "resolve", revision, *path]:
                if commit := self.commit_of(f"{user}/{name}", revision):
                    content = self.hub.commits[commit].get("/".join(path))
                    if content is None:
                        self.answer({"error": "Entry not found"}, 404, X_Error_Code="EntryNotFound")
                    else:
                        self.answer(content, ETag=f'"{blob(content)}"', X_Repo_Commit=commit)
            case _:
                self.answer({"error": f"unknown {self.path}"}, 501)

    do_HEAD = do_GET

    def model(self, name, revision):
        if commit := self.commit_of(name, revision):
            siblings = [{"rfilename": path} for path in self.hub.commits[commit]]
            self.answer({"_id": "0", "id": name, "modelId": name, "sha": commit, "siblings": siblings})

    def entry(self, path, content):
        return {"type": "file", "path": path, "size": len(content), "oid": blob(content)}

    def do_PUT(self):
        _, oid = self.begin()
        content = self.body()
        if self.hub.fail_at == len(self.hub.puts):
            self.answer({"error": "no room"}, 507)
            return
        self.hub.puts.append(len(content))
        self.hub.large[oid] = content
        self.answer({})

    def do_POST(self):
        asked = self.begin()
        self.content = self.body()  # whether it is of interest or not: the next request follows it
        match asked:
            case ["api", "repos", "create"]:
                asked = json.loads(self.content)
                name = f"{asked['organization']}/{asked['name']}"
                new = name not in self.hub.refs
                self.hub.refs.setdefault(name, {"main": None})
                if asked.get("private") or asked.get("visibility") == "private":
                    self.hub.private.add(name)
                self.answer({"url": f"{self.endpoint}/{name}"}, 200 if new else 409)
            case ["api", "validate-yaml"]:
                self.answer({"errors": [], "warnings": []})
            case ["api", "models", user, name, "branch", revision]:
                branches = self.hub.refs[f"{user}/{name}"]
                new = revision not in branches
                branches.setdefault(revision, branches["main"])
                self.answer({}, 200 if new else 409)
            case ["api", "models", user, name, "preupload", revision]:
                self.answer({"files": [self.mode(each, f"{user}/{name}", revision) for each in self.json("files")]})
            case [_, _, "info", "lfs", "objects", "batch"]:
                self.answer({"objects": [self.place(each) for each in self.json("objects")]})
            case ["api", "models", user, name, "commit", revision]:
                commit = self.hub.commit(f"{user}/{name}", self.committed(), revision)
                self.answer({"commitUrl": f"{self.endpoint}/{user}/{name}/commit/{commit}", "commitOid": commit})
            case _:
                self.answer({"error": f"unknown {self.path}"}, 501)

    def json(self, key):
        return json.loads(self.content)[key]

    def mode(self, file, name, revision):
        content = self.hub.commits.get(self.hub.refs[name].get(revision), {}).get(file["path"])
        large = file["path"].endswith((".h5", ".safetensors", ".onnx", ".png"))
        oid = None if content is None else hashlib.sha256(content).hexdigest() if large else blob(content)
        return {"path": file["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": False, "oid": oid}

    def place(self, each):
        place = {"oid": each["oid"], "size": each["size"]}
        if each["oid"] not in self.hub.large:
            place["actions"] = {"upload": {"href": f"{self.endpoint}/large/{each['oid']}", "header": {}}}
        return place

    def committed(self):
        files = {}
        for line in map(json.loads, self.content.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.large[value["oid"]]
            elif line["key"] == "deletedFile":
                files[value["path"]] = None
        return files


@contextlib.contextmanager
def serving():
    """(Hub, its endpoint) while it serves."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"hub": hub}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
