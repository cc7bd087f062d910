"""A small S3 on 127.0.0.1 with a memory: HEAD of an object or bucket, and ListObjectsV2 by pages."""

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = 3
"""Objects per page of a list, so that there are several."""


class S3Server:
    """Buckets by name; each holds objects by key. Knows one access key."""

    def __init__(self, access_key: str = "known") -> None:
        self.access_key = access_key
        self.buckets: dict[str, dict[str, tuple[bytes, datetime]]] = {}
        self.requests: list[str] = []
        self.status: int | None = None
        """When set, the answer to everything."""
        self.body = b""
        self.url = ""

    def put(self, bucket: str, key: str, content: bytes, at: datetime) -> None:
        self.buckets.setdefault(bucket, {})[key] = (content, at)

    @contextmanager
    def running(self) -> Iterator["S3Server"]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join(10)


def _handler(s3: S3Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            bucket, key = self._place()
            if self._refused():
                return
            if bucket not in s3.buckets:
                self._answer(404)
            elif not key:
                self._answer(200)
            elif key in s3.buckets[bucket]:
                content, at = s3.buckets[bucket][key]
                self._answer(
                    200, content, {"ETag": _etag(content), "Last-Modified": format_datetime(at, usegmt=True)}
                )
            else:
                self._answer(404)

        def do_GET(self) -> None:
            bucket, _ = self._place()
            if self._refused():
                return
            if bucket not in s3.buckets:
                self._answer(404, _error("NoSuchBucket"))
                return
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            self._answer(200, _list(s3.buckets[bucket], query))

        def _place(self) -> tuple[str, str]:
            s3.requests.append(f"{self.command} {self.path}")
            bucket, _, key = unquote(urlsplit(self.path).path).lstrip("/").partition("/")
            return bucket, key

        def _refused(self) -> bool:
            if s3.status is not None:
                self._answer(s3.status, s3.body)
                return True
            told = re.search("Credential=([^/]*)/", self.headers.get("Authorization", ""))
            if told is None or told[1] != s3.access_key:
                self._answer(403, _error("InvalidAccessKeyId"))
                return True
            return False

        def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    return Handler


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


def _error(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()


def _list(objects: dict[str, tuple[bytes, datetime]], query: dict[str, str]) -> bytes:
    after = query.get("continuation-token", "")
    keys = sorted(key for key in objects if key.startswith(query.get("prefix", "")) and key > after)
    page, more = keys[:PAGE], keys[PAGE:]
    contents = "".join(
        f"<Contents><Key>{escape(key)}</Key><Size>{len(objects[key][0])}</Size><ETag>{_etag(objects[key][0])}</ETag>"
        f"<LastModified>{objects[key][1].astimezone(UTC).isoformat().replace('+00:00', 'Z')}</LastModified></Contents>"
        for key in page
    )
    token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
    return (
        "<?xml version='1.0'?><ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
        f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated>{token}{contents}</ListBucketResult>"
    ).encode()
