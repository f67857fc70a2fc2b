"""The shared libraries that WeasyPrint opens, found as it finds them but without it.

WeasyPrint prints and raises where one is missing, and takes a third of a
second to say what it has; here the same names are tried in milliseconds.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

SUBSETTING_HARFBUZZ = (4, 1)
"""The oldest HarfBuzz with which WeasyPrint subsets fonts."""


@dataclass(frozen=True)
class Library:
    """A shared library that WeasyPrint opens."""

    name: str
    spellings: str
    """The names WeasyPrint tries, in its order."""
    debian: str
    """The package in Debian and Ubuntu."""
    homebrew: str
    required: bool = True
    oldest: tuple[int, int] | None = None
    """Major and minor of the oldest version that will do."""
    version_function: str | None = None
    """The library's function that returns its version as text."""

    def open(self) -> ctypes.CDLL | None:
        """Opens the first name that is found: names with a dot as files, then all names by the linker.

        WeasyPrint tries both ways name by name. Trying all files first finds the same library, and asks
        the linker, which is slow, only if necessary.
        """
        if (file := self.file()) is not None:
            return ctypes.CDLL(file)
        for name in self.spellings.split():
            path = ctypes.util.find_library(name)
            if path is not None:
                with suppress(OSError):
                    return ctypes.CDLL(path)
        return None

    def file(self) -> str | None:
        """The first of its names that opens as a file."""
        for name in self.spellings.split():
            if "." in name:
                with suppress(OSError):
                    ctypes.CDLL(name)
                    return name
        return None

    def version(self, opened: ctypes.CDLL) -> str | None:
        """``1.50.12``; None where the library does not say."""
        if self.version_function is not None:
            function = getattr(opened, self.version_function)
            function.restype = ctypes.c_char_p
            return str(function().decode())
        if self is FONTCONFIG:
            number = int(opened.FcGetVersion())
            return f"{number // 10000}.{number // 100 % 100}.{number % 100}"
        return None


GOBJECT = Library(
    "GObject",
    "libgobject-2.0-0 gobject-2.0-0 gobject-2.0 libgobject-2.0.so.0 libgobject-2.0.0.dylib",
    "libglib2.0-0",
    "glib",
)
PANGO = Library(
    "Pango",
    "libpango-1.0-0 pango-1.0-0 pango-1.0 libpango-1.0.so.0 libpango-1.0.dylib",
    "libpango-1.0-0",
    "pango",
    oldest=(1, 44),  # WeasyPrint's requirement
    version_function="pango_version_string",
)
PANGOFT2 = Library(
    "PangoFT2",
    "libpangoft2-1.0-0 pangoft2-1.0-0 pangoft2-1.0 libpangoft2-1.0.so.0 libpangoft2-1.0.dylib",
    "libpangoft2-1.0-0",
    "pango",
)
HARFBUZZ = Library(
    "HarfBuzz",
    "libharfbuzz-0 harfbuzz harfbuzz-0.0 libharfbuzz.so.0 libharfbuzz.0.dylib",
    "libharfbuzz0b",
    "harfbuzz",
    version_function="hb_version_string",
)
FONTCONFIG = Library(
    "fontconfig",
    "libfontconfig-1 fontconfig-1 fontconfig libfontconfig.so.1 libfontconfig.1.dylib",
    "libfontconfig1",
    "fontconfig",
)
HARFBUZZ_SUBSET = Library(
    "HarfBuzz subset",
    "libharfbuzz-subset-0 harfbuzz-subset harfbuzz-subset-0.0 libharfbuzz-subset.so.0 "
    "libharfbuzz-subset.0.dylib",
    "libharfbuzz-subset0",
    "harfbuzz",
    required=False,
)

LIBRARIES = (GOBJECT, PANGO, PANGOFT2, HARFBUZZ, FONTCONFIG, HARFBUZZ_SUBSET)

_ONE_BY_ONE = threading.Lock()
"""Lets one thread at a time replace `find_library`, so that each puts the original back."""


@contextmanager
def files_first() -> Iterator[None]:
    """Inside it, WeasyPrint's search for libraries tries files first too, and the linker only if necessary.

    Importing WeasyPrint would otherwise start more than fifty processes of ldconfig, gcc and ld. Libraries
    that are not in LIBRARIES are optional: on Linux they are not searched for, but opened by file name.
    """
    with _ONE_BY_ONE:
        plain = ctypes.util.find_library

        def found(name: str) -> str | None:
            known = next((library for library in LIBRARIES if name in library.spellings.split()), None)
            if known is None:
                return None if sys.platform == "linux" else plain(name)
            return known.file() or plain(name)

        ctypes.util.find_library = found
        try:
            yield
        finally:
            ctypes.util.find_library = plain


def font_subsetter() -> str:
    """What subsets the fonts of PDFs here, ``HarfBuzz`` or ``fontTools``; the bytes of a PDF depend on it."""
    harfbuzz = HARFBUZZ.open()
    if harfbuzz is None or HARFBUZZ_SUBSET.open() is None:
        return "fontTools"
    version = HARFBUZZ.version(harfbuzz)
    return "HarfBuzz" if version and numbers(version) >= SUBSETTING_HARFBUZZ else "fontTools"


def numbers(version: str) -> tuple[int, ...]:
    """Major and minor of a version."""
    return tuple(map(int, version.split(".")[:2]))
