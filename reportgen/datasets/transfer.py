"""Transfers one file from one address: over HTTP, continuing what has arrived before, or from a folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import Message
from http.client import HTTPException, HTTPResponse, InvalidURL
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, url2pathname, urlopen

from reportgen import __version__
from reportgen.datasets.files import CHUNK, require_file
from reportgen.datasets.partial import Origin, Partial, megabytes

Progress = Callable[[int, int | None], None]
"""Called with the bytes that have arrived, and the file's size (None: not known)."""
PATIENCE = 30.0
"""Seconds without a byte after which a connection counts as broken."""


class Unavailable(Exception):
    """An address does not give the file; the message says why, without the address."""


class Broken(Unavailable):
    """The connection ended before the file did."""


def transfer(address: str, part: Partial, tell: Progress) -> None:
    """Transfers what is at `address` into `part`; the length is checked if the sender states it.

    Raises Unavailable; Broken if another try may continue from what has arrived;
    DataError if the disk refuses. The caller has to check that the bytes are the right ones.
    """
    if urlsplit(address).scheme in ("http", "https"):
        _over_http(address, part, tell)
    else:
        _from_folder(place_of(address), part, tell)


def place_of(address: str) -> Path:
    """The path that a file: address or a plain path names."""
    return Path(url2pathname(urlsplit(address).path)) if address.startswith("file:") else Path(address)


def _from_folder(path: Path, part: Partial, tell: Progress) -> None:
    try:
        require_file(path)
        with open(path, "rb") as content:
            total = path.stat().st_size
            part.restart()
            _require_size(part, total)
            part.require_space(total)
            _pour(content, part, total, tell)
    except OSError as error:
        raise Unavailable(error.strerror or str(error)) from error


def _over_http(address: str, part: Partial, tell: Progress) -> None:
    asked = _resumable(address, part)
    try:
        with _open(address, asked) as response:
            total = _begin(response.status, response.headers, address, part)
            if total is not None:
                _require_size(part, total)
                part.require_space(total)
            _pour(response, part, total, tell)
    except HTTPError as error:
        error.close()
        if error.code != 416:
            said = str(error.reason).partition("\n")[0]
            raise Unavailable(f"HTTP {error.code} {said}") from error
        if _total(error.headers) != part.size:  # if equal, nothing is missing: the part is the whole file
            part.restart()
            raise Broken("what had come was not a part of it") from error
    except URLError as error:
        reason = error.reason
        said = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
        raise Unavailable(said) from error
    except InvalidURL as error:
        raise Unavailable("no address") from error
    except (TimeoutError, HTTPException, ConnectionError) as error:
        raise Broken(_broken(part.size, None)) from error
    except (OSError, ValueError) as error:
        raise Unavailable(str(error)) from error


def _open(address: str, headers: dict[str, str]) -> HTTPResponse:
    asked = {"User-Agent": f"reportgen/{__version__}", "Accept-Encoding": "identity", **headers}
    response: HTTPResponse = urlopen(Request(address, headers=asked), timeout=PATIENCE)
    return response


def _resumable(address: str, part: Partial) -> dict[str, str]:
    """Headers that ask for the rest only, if what has arrived can be trusted to be the beginning.

    It can if the server confirms that the file is still the same, or if the whole
    will be compared with a SHA-256, wherever the beginning came from.
    """
    origin = part.origin
    if not part.size or origin is None:
        return {}
    asked = {"Range": f"bytes={part.size}-"}
    if origin.address == address and origin.validator:
        return asked | {"If-Range": origin.validator}
    return asked if part.file.expected else {}


def _begin(status: int, headers: Message, address: str, part: Partial) -> int | None:
    """Prepares the part for the body of a response; returns the length of the whole file, if known."""
    if status == 206:
        found = re.match(r"bytes (\d+)-", headers.get("Content-Range", ""))
        if found is None or int(found[1]) != part.size:
            part.restart()
            raise Broken("the server sent another part than was asked for")
        return _total(headers)
    part.restart()
    part.came_from(Origin(address, _validator(headers)))
    length = headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _total(headers: Message) -> int | None:
    found = re.fullmatch(r"bytes .*/(\d+)", headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _validator(headers: Message) -> str:
    """A strong ETag, else the date of the last change; a weak ETag promises nothing about bytes."""
    tag: str = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified", "")


def _pour(content: IO[bytes] | HTTPResponse, part: Partial, total: int | None, tell: Progress) -> None:
    tell(part.size, total)
    while chunk := content.read(CHUNK):
        _require_size(part, part.size + len(chunk))
        part.append(chunk)
        tell(part.size, total)
    if total is not None and part.size != total:
        raise Broken(_broken(part.size, total))


def _require_size(part: Partial, size: int) -> None:
    """Discards the part and raises Unavailable if more comes than the file can have."""
    if size >= part.most:
        part.restart()
        raise Unavailable(f"gives another file: {megabytes(part.most)} or more")


def _broken(size: int, total: int | None) -> str:
    return f"the connection broke after {size:,}{'' if total is None else f' of {total:,}'} bytes"
