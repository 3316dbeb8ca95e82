"""What a client of ours trusts, and how it shows who it is."""

import ssl
from pathlib import Path

import httpx

from exporter.errors import SettingsError


def client_context(
    section: str, ca_file: Path | None, cert_file: Path | None = None, key_file: Path | None = None
) -> ssl.SSLContext:
    """The usual authorities and the one in `ca_file`; with `cert_file` and `key_file` a certificate of our own.

    Raises SettingsError, naming the setting in `section`.
    """
    context = httpx.create_ssl_context()
    if ca_file:
        # From 3.13 on Python refuses authorities without the extension keyUsage, which those of companies often lack.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(f"{section}.ca-file: cannot use {ca_file}: {error}") from None
    if cert_file:
        try:
            context.load_cert_chain(cert_file, key_file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(f"{section}.cert-file: cannot use {cert_file} with {key_file}: {error}") from None
    return context
