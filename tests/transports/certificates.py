"""Certificate authorities and certificates for 127.0.0.1, made by OpenSSL's command."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from socket import socket

__all__ = ["HAS_OPENSSL", "Authority"]

HAS_OPENSSL = shutil.which("openssl") is not None
_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2")


class Authority:
    """An authority that signs certificates, all in files of a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.file = folder / "ca.pem"
        self._key = folder / "ca.key"
        names = ("-subj", "/CN=Test authority", "-addext", "keyUsage=critical,keyCertSign")
        _openssl("req", "-x509", *_CURVE, *names, "-nodes", "-out", self.file, "-keyout", self._key)

    def sign(self, name: str, *, password: str = "") -> tuple[Path, Path]:
        """Return the files of a new certificate and its key; with a password, the key is encrypted."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, extensions = self.folder / "request", self.folder / "extensions"
        extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        locked = ("-passout", f"pass:{password}") if password else ("-nodes",)
        subject = ("-subj", f"/CN={name}")
        _openssl("req", "-new", *_CURVE, *subject, *locked, "-out", request, "-keyout", key)
        signing = ("-CA", self.file, "-CAkey", self._key, "-CAcreateserial", "-days", "2")
        unlocked = ("-passin", f"pass:{password}") if password else ()
        files = ("-in", request, "-extfile", extensions, "-out", certificate)
        _openssl("x509", "-req", *signing, *files, *unlocked)
        return certificate, key

    def wrapper(self, *, asks_for: Authority | None = None) -> Callable[[socket], socket]:
        """Return what shakes hands as a server, and asks the client for a certificate if wanted."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.sign("server"))
        if asks_for is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(asks_for.file)
        return lambda sock: context.wrap_socket(sock, server_side=True)


def _openssl(*arguments: object) -> None:
    command = ["openssl", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
