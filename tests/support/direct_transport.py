"""Calls that reach a WSGI application of this process without a socket, which takes half of their time."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from urllib3 import HTTPResponse

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


@contextmanager
def handed_to(application: Application, port: int) -> Iterator[None]:
    """Hand what botocore of this process sends to that local port to the application itself."""
    hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    def send(self: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        if urlsplit(request.url).netloc not in hosts:
            return _send(self, request)
        return _answer(application, request)

    with patch.object(URLLib3Session, "send", send):
        yield


_send = URLLib3Session.send


def _answer(application: Application, request: AWSPreparedRequest) -> AWSResponse:
    begun: dict[str, Any] = {}

    def begin(status: str, headers: list[tuple[str, str]], error: Any = None) -> None:
        begun.update(status=int(status.split(maxsplit=1)[0]), headers=headers)

    environ = _environ(request)
    try:
        body = application(environ, begin)
        content = b"".join(body)
        getattr(body, "close", lambda: None)()
    except Exception:
        # As the server does.
        logging.getLogger("werkzeug").exception("Error on request %s", request.url)
        begun, content = {"status": 500, "headers": []}, b"Internal Server Error"
    raw = HTTPResponse(
        BytesIO(content),
        begun["headers"],
        begun["status"],
        preload_content=False,
        decode_content=False,
        request_method=request.method,
    )
    answer = AWSResponse(request.url, begun["status"], raw.headers, raw)
    if not request.stream_output:
        # As botocore does: whoever reads it later finds it read.
        _ = answer.content
    return answer


def _environ(request: AWSPreparedRequest) -> dict[str, Any]:
    url = urlsplit(request.url)
    path = url.path or "/"
    target = f"{path}?{url.query}" if url.query else path
    body = request.body if request.body is not None else b""
    body = body.read() if hasattr(body, "read") else body
    body = body.encode() if isinstance(body, str) else bytes(body)
    environ = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": None,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path).encode().decode("latin-1"),
        "QUERY_STRING": url.query.encode().decode("latin-1"),
        "REQUEST_URI": target,
        "RAW_URI": target,
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": url.netloc,
    }
    preserved = {}
    for name, value in request.headers.items():
        # All of the body is there.
        if name.lower() == "transfer-encoding":
            continue
        key = environ_key_for_header(name)
        if should_preserve_original_header_name(name):
            preserved[key] = name
        elif "_" in name:
            continue
        environ[key] = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    environ["CONTENT_LENGTH"] = str(len(body))
    return {**environ, PRESERVED_HEADER_NAMES_ENVIRON_KEY: preserved}
