"""A user's own Python: finding the file that a declaration names, its digest, and running it.

Only `loading` runs anything; the other files read text.
"""

from __future__ import annotations

from reportgen.usercode.code import UserCode
from reportgen.usercode.loading import faults_told, importable, load_object
from reportgen.usercode.places import noted, our_place, place_of
from reportgen.usercode.reference import Reference
from reportgen.usercode.signature import misfit
from reportgen.usercode.told import shown, told

__all__ = [
    "Reference",
    "UserCode",
    "faults_told",
    "importable",
    "load_object",
    "misfit",
    "noted",
    "our_place",
    "place_of",
    "shown",
    "told",
]
