"""The simulated Admin API as an ASGI application, and the simulator's own pages for tests."""

import itertools
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.demo import access, sabotage, truth
from exporter.demo.access import Directory, Limiter
from exporter.demo.answers import Call, Reply, encoded
from exporter.demo.chance import identifier
from exporter.demo.endpoints import Endpoint, endpoints
from exporter.demo.errors import ApiError
from exporter.demo.faults import Fault, FaultError, Switchboard
from exporter.demo.options import Options
from exporter.demo.organization import Organization
from exporter.demo.parameters import Query
from exporter.demo.truth_sums import MOST_DAYS, sums

REMEMBERED = 1000
Clock = Callable[[], datetime]


def build_app(options: Options, now: Clock) -> Starlette:
    """Return the application. `now` gives an aware UTC time and is the only clock there is.

    The organization's history ends on the UTC day on which this is called, and goes on from there.
    """
    simulator = Simulator(options, now)
    routes = [Route(endpoint.path, Door(simulator, endpoint)) for endpoint in endpoints()]
    app = Starlette(routes=[*routes, *simulator.routes(), Route("/{path:path}", Door(simulator, None))])
    app.router.redirect_slashes = False
    return app


class Simulator:
    """What all requests share: organizations, faults, the request limit and a memory of requests."""

    def __init__(self, options: Options, now: Clock) -> None:
        self.now = now
        self.directory = Directory(options, now().date())
        self.faults = Switchboard(options.faults, now())
        self.limiter = Limiter(options.requests_per_minute)
        self.requests: deque[dict[str, object]] = deque(maxlen=REMEMBERED)
        self.request_ids = (identifier("req", options.seed, number) for number in itertools.count())

    def routes(self) -> list[Route]:
        """Return the simulator's own pages, which need no credential."""
        return [
            Route("/simulator/truth", self.show_truth, methods=["GET"]),
            Route("/simulator/requests", self.show_requests, methods=["GET", "DELETE"]),
            Route("/simulator/faults", self.show_faults, methods=["GET", "PUT"]),
        ]

    async def show_truth(self, request: Request) -> Response:
        """GET /simulator/truth: exact totals of a day or sums of many, as far as the API tells now.

        `?day=YYYY-MM-DD` has the totals of Claude Code at the top, those of `usage` and `cost`, and the inventory of
        the `organization`; without a day it is yesterday. `?since=YYYY-MM-DD&until=YYYY-MM-DD` has the sums over these
        days and all between them, 400 at the most.
        """
        moment = self.now()
        try:
            if request.query_params.keys() & {"since", "until"}:
                first, last = (_day(request, name) for name in ("since", "until"))
                days = _range(first, last)
                return JSONResponse(await run_in_threadpool(sums, self.directory.main, *days, moment))
            day = _day(request, "day") if request.query_params.get("day") else moment.date() - timedelta(days=1)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(truth.truth(self.directory.main, day, moment))

    async def show_requests(self, request: Request) -> Response:
        """GET or DELETE /simulator/requests: the last 1,000 requests, oldest first."""
        if request.method == "DELETE":
            self.requests.clear()
        return JSONResponse(list(self.requests))

    async def show_faults(self, request: Request) -> Response:
        """GET or PUT /simulator/faults: a list of texts; putting one replaces all faults."""
        if request.method == "PUT":
            try:
                self.faults.replace(_faults(await request.body()), self.now())
            except ValueError as error:
                return JSONResponse({"error": str(error)}, 400)
        return JSONResponse([str(fault) for fault in self.faults.faults])


def _day(request: Request, name: str) -> date:
    """Return a day from the query. Raises ValueError."""
    text = request.query_params.get(name, "")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name}: {text!r} is not a date") from None


def _range(first: date, last: date) -> tuple[date, date]:
    """Return both days if there are not too many between them. Raises ValueError."""
    if not 0 <= (last - first).days < MOST_DAYS:
        raise ValueError(f"until: must be on or after since, and not {MOST_DAYS} days or more later")
    return first, last


def _faults(body: bytes) -> list[Fault]:
    texts = json.loads(body)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise FaultError('a JSON list of texts is expected, such as ["users:429,times=2"]')
    return [Fault.parse(text) for text in texts]


@dataclass(slots=True)
class Visit:
    """One request on its way to an answer."""

    request: Request
    request_id: str
    organization: Organization | None = None
    reply: Reply | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def cursor(self) -> str | None:
        """The cursor of either family that the request came with."""
        return self.request.query_params.get("page") or self.request.query_params.get("after_id")

    def respond(self, status: int, body: bytes) -> Response:
        """Return a response with the headers every answer has."""
        return Response(body, status, self.all_headers(), "application/json")

    def all_headers(self) -> dict[str, str]:
        """Return the headers every answer has, and those of this one."""
        mine = {"request-id": self.request_id, **self.headers}
        return mine if self.organization is None else {**mine, "anthropic-organization-id": self.organization.id}


class Door:
    """Where requests for one endpoint come in; without an endpoint, those for paths that do not exist."""

    def __init__(self, simulator: Simulator, endpoint: Endpoint | None) -> None:
        self.simulator = simulator
        self.endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let a fault do it."""
        visit = Visit(Request(scope), next(self.simulator.request_ids))
        status, response = self._answer(visit, self.simulator.now())
        self._remember(visit, status)
        await response(scope, receive, send)

    def _answer(self, visit: Visit, now: datetime) -> tuple[int | None, ASGIApp]:
        error: ApiError | None = None
        try:
            visit.reply = self._reply(visit, now)
        except ApiError as caught:
            error = caught
        if self.endpoint is not None and visit.request.method == "GET":
            name = self._name_today(visit, now)
            fault = self.simulator.faults.strike(name, visit.reply.page if visit.reply else 1, now)
            if fault is not None and (struck := self._struck(visit, fault, error)):
                return struck
        return self._plain(visit, error)

    def _reply(self, visit: Visit, now: datetime) -> Reply:
        """Answer properly. Raises ApiError."""
        request, endpoint = visit.request, self.endpoint
        if endpoint is None:
            raise ApiError(404, "Not found")
        if request.method != "GET":
            raise ApiError(405, f"Method {request.method} is not allowed")
        visit.organization = self.simulator.directory.of(request.headers)
        self.simulator.limiter.admit(now)
        version = access.version(request.headers)
        access.check_scope(visit.organization, endpoint.name)
        query = Query(request.url.query, endpoint.rules(visit.organization))
        workspace_id = request.path_params.get("workspace_id", "")
        betas = access.betas(request.headers.getlist("anthropic-beta"))
        return endpoint.answer(Call(visit.organization, query, now, version, workspace_id, betas))

    def _name_today(self, visit: Visit, now: datetime) -> str:
        """Return the endpoint's name for faults, in which the running day's report has its own."""
        name = self.endpoint.name if self.endpoint else ""
        running = self.endpoint is not None and self.endpoint.running(visit.request.query_params, now.date())
        return f"{name}_today" if running else name

    def _struck(self, visit: Visit, fault: Fault, error: ApiError | None) -> tuple[int | None, ASGIApp] | None:
        """Return what a fault makes of a request; None if it cannot make anything of it."""
        if demanded := sabotage.error_of(fault):
            return self._plain(visit, demanded)
        if fault.kind in ("wrong-row", "wrong-rows", "repeat-cursor"):
            if visit.reply and self.endpoint:
                visit.reply = sabotage.spoiled(fault, self.endpoint.name, visit.reply, visit.cursor)
            return None
        body = visit.reply.body if visit.reply else encoded(error.document(visit.request_id) if error else {})
        broken = sabotage.Sabotage(fault.kind, body, visit.all_headers())
        return broken.status, broken

    @staticmethod
    def _plain(visit: Visit, error: ApiError | None) -> tuple[int, ASGIApp]:
        if error is None and visit.reply is not None:
            return 200, visit.respond(200, visit.reply.body)
        error = error or ApiError(500, "Internal server error")
        visit.headers |= error.headers()
        return error.status, visit.respond(error.status, encoded(error.document(visit.request_id)))

    def _remember(self, visit: Visit, status: int | None) -> None:
        """Note what was asked, but never the credential."""
        request = visit.request
        self.simulator.requests.append(
            {
                "at": self.simulator.now().isoformat(),
                "method": request.method,
                "path": request.url.path,
                "query": request.url.query,
                "user_agent": request.headers.get("user-agent"),
                "anthropic_version": request.headers.get("anthropic-version"),
                "auth": access.auth_header(request.headers),
                "status": status,
            }
        )
