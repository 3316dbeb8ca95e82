"""Which HTTP proxy stands before another server: that of the settings, or that of the environment."""

import ssl
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from exporter.errors import SettingsError
from exporter.values import http_proxy, is_loopback


def proxy_url(url: str, given: str | None = None) -> str | None:
    """The proxy on the way to `url`, if there is one; that of the environment never on the way to this machine itself.

    httpx reads the environment too, but trips over proxies there that are none of our business, such as SOCKS, and
    trusts no authority of ours where a proxy speaks TLS.
    """
    parts = urlsplit(url)
    if given or is_loopback(parts.hostname) or proxy_bypass(parts.netloc):
        return given
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    return found if not found or "://" in found else f"http://{found}"


def client_proxy(url: str, context: ssl.SSLContext, given: str | None = None) -> httpx.Proxy | None:
    """The proxy on the way to `url`; where it speaks TLS, `context` says whom to trust. Raises SettingsError."""
    found = proxy_url(url, given)
    if not found:
        return None
    try:
        return httpx.Proxy(http_proxy(found), ssl_context=context if found.startswith("https:") else None)
    except (ValueError, httpx.InvalidURL):  # their words may show a password
        source = "api.proxy-url" if given else f"{urlsplit(url).scheme.upper()}_PROXY or ALL_PROXY in the environment"
    raise SettingsError(f"{source} cannot be used: write http://HOST:PORT or https://HOST:PORT")
