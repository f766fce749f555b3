"""Downloads from a server on this machine: what is good is kept, what is not leaves nothing behind."""

import contextlib
import hashlib
import http.server
import os
import socket
import threading
import time
import urllib.request

import pytest

from kerasgan.checkpoints import DownloadError, cache_directory, cached_path, download, pin
from kerasgan.files import download as download_module

CONTENT = bytes(range(256)) * 1500
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path; a folder's worth of servers, good and bad."""

    def do_GET(self):
        self.server.requests.append(self.path)
        if self.path.startswith("/to/"):
            return self.answer(302, b"", Location=self.server.targets[self.path])
        if self.path.startswith("/missing"):
            return self.answer(404, b"not here")
        if self.path.startswith("/slow"):
            time.sleep(1.0)
        if self.path.startswith("/endless"):
            return self.drip()
        if self.path.startswith(("/unstated", "/chunks")):
            return self.without_length()
        if self.path.startswith("/part"):
            return self.answer(206, CONTENT[:1000])
        length = len(CONTENT) + (1000 if self.path.startswith("/truncated") else 0)
        return self.answer(200, CONTENT, **{"Content-Length": str(length)})

    def answer(self, code, body, **headers):
        self.send_response(code)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # a client may have given up
            self.wfile.write(body)

    def without_length(self):
        """Until the connection ends; or in chunks, the last of which is empty and says so."""
        chunks, whole = self.path.startswith("/chunks"), not self.path.endswith("half")
        self.protocol_version = "HTTP/1.1" if chunks else "HTTP/1.0"
        self.send_response(200)
        if chunks:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(CONTENT), CONTENT) if chunks else CONTENT)
        if chunks and whole:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def drip(self):
        """A byte of a header now and then."""
        with contextlib.suppress(OSError):
            self.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
            for _ in range(100):
                self.wfile.write(b"x")
                time.sleep(0.1)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.targets = [], {}
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_without_a_digest_what_comes_is_kept_under_the_digits_of_its_address(server, tmp_path):
    url = f"{server.url}/model.pth"
    path = download(url, sha256=None, directory=tmp_path)
    assert path.read_bytes() == CONTENT and download(url, sha256=None, directory=tmp_path) == path
    assert path.name == f"model-{hashlib.sha256(url.encode()).hexdigest()[:8]}.pth"
    assert server.requests == ["/model.pth"]
    with pytest.raises(DownloadError, match=r"put it at [^(]*, then run"):
        download(f"{server.url}/missing", sha256=None, directory=tmp_path)


def test_a_good_file_arrives_whole_and_is_not_downloaded_again(server, tmp_path):
    url = server.url + "/weights.pth"
    path = download(url, sha256=DIGEST, directory=tmp_path)
    assert path.read_bytes() == CONTENT
    assert download(url, sha256=DIGEST[:8].upper(), directory=tmp_path) == path
    assert server.requests == ["/weights.pth"]
    assert [entry.name for entry in tmp_path.iterdir()] == [f"weights-{DIGEST[:8]}.pth"]


def test_a_name_that_holds_its_digest_already_is_kept(tmp_path):
    url = f"https://example.org/a/dcgan_2021-{DIGEST[:8]}.pth?download=1"
    assert cached_path(url, sha256=DIGEST, directory=tmp_path) == tmp_path / f"dcgan_2021-{DIGEST[:8]}.pth"


@pytest.mark.parametrize("path", ["/", "/..", "/%2e%2e%2fsecret", "/a/..%5c..%5cb"])
def test_no_url_leads_out_of_the_cache(path, tmp_path):
    assert cached_path("http://example.org" + path, sha256=DIGEST, directory=tmp_path).parent == tmp_path
    assert not cached_path("http://example.org" + path, sha256=DIGEST, directory=tmp_path).name.startswith(".")


def test_progress_is_reported_in_bytes_of_the_whole(server, tmp_path):
    seen = []
    download(server.url + "/x.pth", sha256=DIGEST, directory=tmp_path, progress=lambda *step: seen.append(step))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [received for received, _ in seen] == sorted({received for received, _ in seen})


def test_a_damaged_file_in_the_cache_is_downloaded_anew(server, tmp_path):
    path = cached_path(server.url + "/x.pth", sha256=DIGEST, directory=tmp_path)
    path.write_bytes(CONTENT[:-1])
    assert download(server.url + "/x.pth", sha256=DIGEST, directory=tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "digest", "reason"),
    [
        ("/x.pth", "0" * 64, "sha256"),
        ("/x.pth", "0" * 8, "sha256"),
        ("/truncated.pth", DIGEST, "truncated"),
        ("/missing.pth", DIGEST, "404"),
    ],
)
def test_a_bad_answer_is_refused_and_leaves_nothing_behind(server, tmp_path, path, digest, reason):
    cache = tmp_path / "cache"
    cache.mkdir()
    with pytest.raises(DownloadError, match=reason) as caught:
        download(server.url + path, sha256=digest, directory=cache)
    assert list(cache.iterdir()) == []
    assert server.url + path in str(caught.value)
    assert str(cached_path(server.url + path, sha256=digest, directory=cache)) in str(caught.value)


def test_no_route_says_where_to_put_the_file_and_a_file_put_there_is_taken(tmp_path):
    url = f"http://127.0.0.1:{closed_port()}/weights.pth"
    with pytest.raises(DownloadError, match="no connection") as caught:
        download(url, sha256=DIGEST, directory=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
    assert str(caught.value.path) in str(caught.value) and caught.value.url == url
    caught.value.path.parent.mkdir()
    caught.value.path.write_bytes(CONTENT)
    assert download(url, sha256=DIGEST, directory=tmp_path / "cache") == caught.value.path


def test_a_wrong_file_put_there_by_hand_is_named_and_left_alone(tmp_path):
    url = f"http://127.0.0.1:{closed_port()}/weights.pth"
    path = cached_path(url, sha256=DIGEST, directory=tmp_path)
    path.write_bytes(b"something else")
    with pytest.raises(DownloadError, match=hashlib.sha256(b"something else").hexdigest()[:16]):
        download(url, sha256=DIGEST, directory=tmp_path)
    assert path.read_bytes() == b"something else"


def test_a_failed_download_keeps_the_good_file_of_another_digest(server, tmp_path):
    good = download(server.url + "/x.pth", sha256=DIGEST, directory=tmp_path)
    with pytest.raises(DownloadError):
        download(server.url + "/x.pth", sha256="0" * 64, directory=tmp_path)
    assert good.read_bytes() == CONTENT and list(tmp_path.iterdir()) == [good]


def test_a_silent_server_is_given_up(server, tmp_path):
    with pytest.raises(DownloadError, match="timed out"):
        download(server.url + "/slow.pth", sha256=DIGEST, directory=tmp_path, timeout=0.1)
    assert list(tmp_path.iterdir()) == []


def test_a_file_over_the_limit_is_refused(server, tmp_path):
    with pytest.raises(DownloadError, match="limit of 1000"):
        download(server.url + "/x.pth", sha256=DIGEST, directory=tmp_path, size_limit=1000)


def test_a_redirect_is_followed(server, tmp_path):
    server.targets["/to/x.pth"] = "/x.pth"
    assert download(server.url + "/to/x.pth", sha256=DIGEST, directory=tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/x", "/to/x.pth"])
def test_a_redirect_to_another_scheme_or_in_a_circle_is_refused(server, tmp_path, target):
    server.targets["/to/x.pth"] = target
    with pytest.raises(DownloadError):
        download(server.url + "/to/x.pth", sha256=DIGEST, directory=tmp_path)
    assert len(server.requests) <= 10 and list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_named(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match="cannot be written"):
        download(server.url + "/x.pth", sha256=DIGEST, directory=tmp_path / "file")


def test_a_full_disk_is_named_and_leaves_nothing_behind(server, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(DownloadError, match="No space left"):
        download(server.url + "/x.pth", sha256=DIGEST, directory=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_download_leaves_nothing_behind(server, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(server.url + "/x.pth", sha256=DIGEST, directory=tmp_path, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://example.org/x", "/etc/hostname", ""])
def test_only_http_is_spoken(url, tmp_path):
    with pytest.raises(ValueError, match="http or https"):
        download(url, sha256=DIGEST, directory=tmp_path)


@pytest.mark.parametrize("digest", ["", "abc", "z" * 64, "a" * 65])
def test_a_digest_must_be_one(digest, tmp_path):
    with pytest.raises(ValueError, match="sha256="):
        download("http://127.0.0.1/x", sha256=digest, directory=tmp_path)


def test_the_cache_moves_with_its_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASGAN_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "checkpoints"
    monkeypatch.delenv("KERASGAN_HOME")
    assert "kerasgan" in cache_directory().parts


@pytest.mark.parametrize("path", ["/unstated.pth", "/part.pth", "/chunks-half"])
def test_what_may_be_half_a_file_is_not_kept_without_a_digest(server, tmp_path, path):
    with pytest.raises(DownloadError, match=r"state its length|response 206|truncated"):
        download(server.url + path, sha256=None, directory=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_ends_by_itself_or_has_a_digest_needs_no_length(server, tmp_path):
    assert download(server.url + "/chunks.pth", sha256=None, directory=tmp_path).read_bytes() == CONTENT
    assert download(server.url + "/unstated.pth", sha256=DIGEST, directory=tmp_path).read_bytes() == CONTENT


def test_a_server_that_sends_a_byte_now_and_then_is_given_up(server, tmp_path):
    begin = time.monotonic()
    with pytest.raises(DownloadError, match=r"no whole file within 0\.5 seconds"):
        download(server.url + "/endless", sha256=DIGEST, directory=tmp_path, time_limit=0.5)
    assert time.monotonic() - begin < 5


def test_no_redirect_leaves_https():
    request = urllib.request.Request("https://example.org/a.pth")
    follow = download_module._Redirects().redirect_request
    with pytest.raises(download_module._Failure, match="redirect from https"):
        follow(request, None, 302, "Found", {}, "http://example.org/a.pth")
    assert follow(request, None, 302, "Found", {}, "https://example.com/b.pth").full_url == "https://example.com/b.pth"


def test_what_killed_downloads_left_is_deleted_after_a_day(server, tmp_path):
    old, young = tmp_path / ".download-old", tmp_path / ".download-young"
    for path in (old, young):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 90000,) * 2)
    download(server.url + "/x.pth", sha256=DIGEST, directory=tmp_path)
    assert not old.exists() and young.exists()


def test_a_pinned_digest_is_that_of_the_first_load(server, tmp_path):
    path = download(server.url + "/x.pth", sha256=None, directory=tmp_path)
    assert pin(path) == DIGEST
    path.write_bytes(b"x")
    assert pin(path) == DIGEST  # recorded once
    assert download(server.url + "/x.pth", sha256=None, directory=tmp_path).read_bytes() == CONTENT
