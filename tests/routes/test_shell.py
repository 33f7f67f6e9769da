"""What a browser installs: a manifest with icons, a worker that holds the shell and nobody's data, another one for another build."""

from __future__ import annotations

import re

import orjson

import settings
from routes import shell
from settings import ROOT
from tests.routes.asked import ask


def test_the_manifest_names_icons_that_are_there(server):
    answer = ask(server, "/manifest.webmanifest")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/manifest+json")
    told = answer.json()
    assert told["start_url"] == told["scope"] == "/" and told["display"] == "standalone"
    assert {i["sizes"] for i in told["icons"]} >= {"192x192", "512x512"} and any(i.get("purpose") == "maskable" for i in told["icons"])
    for icon in told["icons"]:
        body = ask(server, icon["src"]).content
        if icon["type"] == "image/png":
            side = int(icon["sizes"].split("x")[0])
            assert body.startswith(b"\x89PNG") and (int.from_bytes(body[16:20], "big"), int.from_bytes(body[20:24], "big")) == (side, side)


def test_the_worker_holds_the_shell_and_nobodys_data(server):
    answer = ask(server, "/sw.js")
    assert answer.headers["service-worker-allowed"] == "/" and answer.headers["cache-control"] == "no-cache" and answer.headers["content-type"].startswith("text/javascript")
    told = orjson.loads(answer.text.split("const SHELL = ", 1)[1].split(";\n", 1)[0])
    urls = [entry["url"] for entry in told["entries"]]
    assert len(urls) == len(set(urls)) > 60 and {"/no-link", "/assets/js/main.mjs", "/assets/js/no_link/no_link.mjs", "/assets/css/tokens.css"} <= set(urls)
    for url in (*urls, told["library"]):
        assert url == "/no-link" or url.startswith("/assets/"), "nothing with records in it is held"
        answer = ask(server, url)
        assert answer.status_code == 200 and answer.content, url


def test_every_module_of_the_page_with_no_link_is_held():
    held = {url for url, _ in shell.entries()}
    waiting, seen = ["/assets/js/no_link/no_link.mjs"], set()
    while waiting:
        url = waiting.pop()
        if url in seen:
            continue
        seen.add(url)
        assert url in held, f"{url} is not in the shell"
        if "/vendor/" in url:
            continue
        text = (ROOT / url[1:]).read_text()
        waiting += ["/" + (ROOT / url[1:]).parent.joinpath(told).resolve().relative_to(ROOT).as_posix() for told in re.findall(r'from "(\.[^"]+)"', text)]
    assert len(seen) > 20


def test_another_file_is_another_version(server, visitors, monkeypatch):
    before = shell.version()
    assert ask(server, "/", visitors["viewer"]).headers["x-shell"] == before
    monkeypatch.setattr(shell, "NO_LINK", shell.NO_LINK + " ")
    assert shell.version() != before and before.startswith(settings.BUILD)
