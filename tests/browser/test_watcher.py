"""The watched page itself: it draws with WebGL, and it fails a test for what it must."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error

from install.chromium import until
from tests.browser.conftest import leaves, watched

WEBGL = """(() => {
  const gl = document.createElement("canvas").getContext("webgl2");
  return gl ? gl.getParameter(gl.VERSION) : "none";
})()"""


def test_it_has_webgl2(page):
    page.goto("about:blank")
    assert "WebGL 2.0" in page.evaluate(WEBGL)


def test_a_request_to_another_machine_fails_the_test(browser):
    with pytest.raises(AssertionError, match=r"left this machine: \['http://192.0.2.1/tile.png'\]"), watched(browser) as page:
        # An address for documentation: nothing answers, and asking is enough.
        page.route("http://192.0.2.1/**", lambda route: route.abort())
        page.set_content("<img src='http://192.0.2.1/tile.png'>", wait_until="domcontentloaded")
        until(page, "document.images[0].complete")


def test_an_error_in_a_script_fails_the_test(browser):
    with pytest.raises(AssertionError, match="errors in scripts: .*broken"), watched(browser) as page:
        page.set_content("<script>throw new Error('broken')</script>")


def test_waiting_goes_on_while_parts_are_not_there_and_says_what_never_came(page):
    page.set_content("<script>setTimeout(() => { window.told = { parts: [7] }; }, 200)</script>")
    until(page, "told.parts[0] === 7")
    with pytest.raises(AssertionError, match=r"never true within 0 s: told.others\[0\] .*undefined"):
        until(page, "told.others[0]", timeout=200)
    with pytest.raises(Error, match="SyntaxError"):
        until(page, "told.(")


@pytest.mark.parametrize("url, outside", [
    ("http://127.0.0.1:8050/", False), ("http://[::1]:8050/", False), ("http://localhost/", False), ("data:,x", False),
    ("blob:http://127.0.0.1/1", False), ("http://10.0.0.1/", True), ("https://tiles.example.org/1.png", True),
    ("ws://example.org/", True),
])
def test_what_leaves_the_machine(url, outside):
    assert leaves(url) is outside
