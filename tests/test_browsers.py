"""What a browser can be made to do with the exporter by a page of somebody else: nothing."""

import logging

import httpx
import pytest
from starlette.responses import PlainTextResponse

from exporter import web
from tests.pages import Pages, served
from tests.serving import serving

EVIL = {"origin": "https://evil.example", "referer": "https://evil.example/page"}


class Broken(Pages):
    """A defect of ours in every page."""

    def page(self):
        raise RuntimeError("hush")

    def scrape(self, *, openmetrics):
        raise RuntimeError("hush")


@pytest.fixture(scope="module")
def url():
    with served(Pages()) as (url, _):
        yield url


def test_the_landing_page_runs_nothing_loads_nothing_of_others_and_is_in_nobodys_frame(url):
    headers = httpx.get(url).headers
    policy = dict(part.split(maxsplit=1) for part in headers["content-security-policy"].split("; "))
    assert policy.pop("style-src") == "'unsafe-inline'"
    assert policy.pop("img-src") == "'self'"
    assert policy == dict.fromkeys(("default-src", "base-uri", "form-action", "frame-ancestors"), "'none'")
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/metrics"])
def test_names_and_costs_are_kept_by_no_cache_guessed_at_by_no_browser_and_lent_to_no_other_site(url, path):
    headers = httpx.get(url + path, headers=EVIL).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/-/ready", "/pictures/cost.png", "/nothing"])
def test_no_other_site_may_read_an_answer_nor_learn_what_serves_it(url, path):
    asked = {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}
    for answer in (httpx.get(url + path, headers=EVIL), httpx.options(url + path, headers=EVIL | asked)):
        assert [name for name in answer.headers if name.startswith("access-control-")] == []
        assert not {"server", "x-powered-by", "set-cookie"} & set(answer.headers)
    assert answer.status_code in (404, 405)


def test_nothing_of_a_request_comes_back(url):
    mark = "<script>alert(1)</script>"
    for path in (
        f"/{mark}",
        f"/metrics?{mark}",
        f"/?name[]={mark}",
        f"/pictures/{mark}",
        "/metrics/%0d%0aset-cookie:x=1",
    ):
        answer = httpx.get(url + path, headers={"user-agent": mark, "x-forwarded-host": mark, "host": mark})
        assert "alert" not in answer.text + str(answer.headers)
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/simulator/truth", "/simulator/faults", "/simulator/requests", "/debug", "/docs"])
def test_the_service_has_no_pages_of_the_simulator_and_none_for_debugging(url, path):
    assert httpx.get(url + path).status_code == 404


@pytest.mark.parametrize("path", ["/", "/metrics"])
def test_a_defect_of_ours_shows_nothing_of_itself(path, caplog):
    caplog.set_level(logging.ERROR, "uvicorn.error")
    with served(Broken()) as (url, _):
        answer = httpx.get(url + path, headers={"accept": "text/html"})
        assert (answer.status_code, answer.text) == (500, "Internal Server Error")
        assert httpx.get(f"{url}/-/healthy").status_code == 200
    assert "RuntimeError: hush" in caplog.text


def test_no_header_makes_a_client_another_one():
    async def app(scope, receive, send):
        await PlainTextResponse(f"{scope['client'][0]} {scope['scheme']}")(scope, receive, send)

    forwarded = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https", "forwarded": "for=203.0.113.9"}
    with serving(web.server(app), web.listen("test", "127.0.0.1:0")) as url:
        assert httpx.get(url, headers=forwarded).text == "127.0.0.1 http"
