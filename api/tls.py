"""TLS of our own: a certificate and its key, from files."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from settings.env import SettingsError

if TYPE_CHECKING:
    from settings.env import Environment


def tls_of(environment: Environment) -> ssl.SSLContext | None:
    """What connections are encrypted with; None when no certificate is set.

    Raises:
        SettingsError: only one of both files is set, or they cannot be used.
    """
    if environment.tls_cert_file is None and environment.tls_key_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    load(context, environment)
    return context


def load(context: ssl.SSLContext, environment: Environment) -> None:
    """Read certificate and key again; connections made from now on use them.

    Raises:
        SettingsError: they cannot be used; the context keeps what it had.
    """
    certificate, key = environment.tls_cert_file, environment.tls_key_file
    if certificate is None or key is None:
        raise SettingsError("TLS_CERT_FILE and TLS_KEY_FILE must be set together")
    for name, path in (("TLS_CERT_FILE", certificate), ("TLS_KEY_FILE", key)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise SettingsError(f"{name}={path} cannot be read ({error.strerror})") from None
    try:
        # A pair that does not fit leaves a context half changed: it is tried on another first.
        # Without a password's callback OpenSSL would ask at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, lambda: b"")
    except (ssl.SSLError, OSError) as error:
        why = getattr(error, "reason", None) or "not in PEM form"
        raise SettingsError(
            f"TLS_CERT_FILE={certificate} and TLS_KEY_FILE={key} are no certificate and its key"
            f" ({why})"
        ) from None
    context.load_cert_chain(certificate, key, lambda: b"")
