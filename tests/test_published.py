"""A published entry from its address to its images: downloaded from loopback, verified, converted, cached."""

import hashlib
import http.server
import threading

import numpy as np
import pytest
from pth_writer import Writer
from published_dcgan import published_dcgan, reference_images

from kerasgan import zoo
from kerasgan.checkpoints import cache_directory, cached_path

RECIPE = """# kerasgan train mine
family = "DCGAN"
[model]
image_size = 16
channels = 3
latent_dim = 5
width = 8
variant = "torch"
output_bias = true
[data]
source = "digits"
[train]
batch_size = 8
steps = 3
ema_half_life = 100
[weights]
url = "{url}"
sha256 = "{sha256}"
format = "openmmlab"
channel_order = "bgr"
license = "Apache-2.0"
"""


@pytest.fixture
def published(tmp_path, monkeypatch):
    """(recipe, state dict, requests so far) of an entry whose checkpoint a server on loopback gives out."""
    monkeypatch.setenv("KERASGAN_HOME", str(tmp_path / "cache"))
    state, writer = published_dcgan(), Writer()
    state = {name: array.astype("float32") if array.ndim else array for name, array in state.items()}
    file = writer.zipped({"meta": {"epoch": 3}, "state_dict": state}, tmp_path / "dcgan.pth")
    content, requests = file.read_bytes(), []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    recipe = tmp_path / "recipe.toml"
    url = f"http://127.0.0.1:{server.server_port}/dcgan.pth"
    recipe.write_text(RECIPE.format(url=url, sha256=hashlib.sha256(content).hexdigest()[:8]))
    yield recipe, state, requests
    server.shutdown()
    server.server_close()


def test_load_downloads_once_and_draws_the_publishers_images_in_rgb(published):
    recipe, state, requests = published
    gan = zoo.load(recipe)
    expected = reference_images(state, gan.prior.draw(3, 5, seed=1))[:, ::-1].transpose(0, 2, 3, 1)
    np.testing.assert_allclose(gan.generate(3, seed=1), expected, atol=1e-4)
    again = zoo.load(recipe)
    np.testing.assert_array_equal(again.generate(3, seed=1), gan.generate(3, seed=1))
    assert len(requests) == 1


def test_a_checkpoint_at_hand_is_taken_in_the_same_colors(published, tmp_path):
    recipe, _, requests = published
    by_hand = zoo.load(recipe, weights=tmp_path / "dcgan.pth")
    assert not requests
    np.testing.assert_array_equal(by_hand.generate(2, seed=0), zoo.load(recipe).generate(2, seed=0))


def test_other_bytes_than_published_are_refused(published):
    recipe, _, _ = published
    recipe.write_text(recipe.read_text().replace('sha256 = "', 'sha256 = "0000'))
    with pytest.raises(zoo.WeightsError, match="weights=None"):
        zoo.load(recipe)


def test_a_license_that_is_not_open_is_shown(published):
    recipe, _, _ = published
    recipe.write_text(recipe.read_text().replace("Apache-2.0", "CC-BY-NC-4.0"))
    with pytest.warns(UserWarning, match="not open: CC-BY-NC-4.0"):
        zoo.load(recipe)


def test_a_file_without_a_published_digest_is_taken_with_a_warning(published):
    recipe, _, requests = published
    digest = next(line for line in recipe.read_text().splitlines() if line.startswith("sha256"))
    recipe.write_text(recipe.read_text().replace(digest, 'sha256 = "unpublished"'))
    with pytest.warns(UserWarning, match="states no digest"):
        first = zoo.load(recipe)
    with pytest.warns(UserWarning, match="states no digest"):
        np.testing.assert_array_equal(zoo.load(recipe).generate(2, seed=0), first.generate(2, seed=0))
    assert len(requests) == 1


def test_the_first_load_without_a_published_digest_binds_the_later_ones(published):
    recipe, _, _ = published
    digest = next(line for line in recipe.read_text().splitlines() if line.startswith("sha256"))
    recipe.write_text(recipe.read_text().replace(digest, 'sha256 = "unpublished"'))
    with pytest.warns(UserWarning, match="Only the file of the first load is accepted"):
        zoo.load(recipe)
    (path,) = cache_directory().glob("*.pth")
    assert (
        path.with_name(f"{path.name}.sha256").read_text()
        == f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
    )
    path.write_bytes(b"another file")  # the server's is that of the first load: fetched again
    with pytest.warns(UserWarning, match="states no digest"):
        zoo.load(recipe)
    path.with_name(f"{path.name}.sha256").write_text("0" * 64)
    with pytest.raises(zoo.WeightsError, match="holds the digest of the first load: delete it"):
        zoo.load(recipe)


def test_a_damaged_file_without_a_published_digest_is_fetched_again(published):
    recipe, _, requests = published
    digest = next(line for line in recipe.read_text().splitlines() if line.startswith("sha256"))
    recipe.write_text(recipe.read_text().replace(digest, 'sha256 = "unpublished"'))
    url = next(line for line in recipe.read_text().splitlines() if line.startswith("url")).split('"')[1]
    path = cached_path(url, sha256=None)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"PK half of an archive")
    with pytest.warns(UserWarning, match="states no digest"):
        zoo.load(recipe)
    assert len(requests) == 1
