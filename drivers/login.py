"""A user's name and password, shown as HTTP and RTSP ask for them: Basic and Digest (RFC 7616)."""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

_SCHEME = re.compile(r"(?:^|,)\s*(Basic|Digest)\s+", re.IGNORECASE)
# Without a way back (`++`): a long line of letters would keep it busy for minutes.
_FIELD = re.compile(
    r'(?<![A-Za-z0-9_-])([A-Za-z0-9_-]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s,]+))'
)
_LONGEST = 4096
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
_BEST_FIRST = ("SHA-256", "MD5")
_IN_ADDRESS = re.compile(r"((?:password|passwd|pass|pwd)=)[^&;/?#]+", re.IGNORECASE)


def without_password(url: str) -> str:
    """For logs: some cameras have it in the address's path or query."""
    return _IN_ADDRESS.sub(r"\1***", url)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server wants to see. `algorithm` is one of `_HASHES`; Basic has none."""

    realm: str
    algorithm: str = ""
    nonce: str = ""
    opaque: str | None = None
    qop: bool = False
    per_session: bool = False
    stale: bool = False


class Login:
    """Answers challenges, the strongest that it knows. Nothing of it appears in an error."""

    def __init__(
        self, username: str, password: str, new_nonce: Callable[[], str] = secrets.token_hex
    ) -> None:
        self._username = username
        self._password = password
        self._new_nonce = new_nonce
        self._challenge: Challenge | None = None
        self._count = 0
        self._tried = False
        self._renewed = False
        self._works = False

    def asked(self, headers: Iterable[str]) -> bool:
        """Take up `WWW-Authenticate`. False where another answer would be of no use.

        That is: none is understood, or the same answer was refused before. A nonce may be
        stale once; a camera for which every one is would be asked for ever.
        """
        known = sorted(challenges(headers), key=_strength)
        if not known:
            return False
        refused = self._tried and (self._renewed or not known[-1].stale)
        self._renewed = self._tried
        self._challenge, self._count, self._tried, self._works = known[-1], 0, False, False
        return not refused

    def accepted(self) -> None:
        """The server let us in: a later challenge means a new nonce, not a refusal."""
        self._tried, self._renewed, self._works = False, False, True

    def header(self, method: str, uri: str) -> str | None:
        """The value of `Authorization`; None before the server has asked."""
        if self._challenge is None:
            return None
        self._tried = not self._works
        if not self._challenge.algorithm:
            pair = f"{self._username}:{self._password}".encode()
            return "Basic " + base64.b64encode(pair).decode()
        self._count += 1
        return self._digest(self._challenge, method, uri)

    def _digest(self, asked: Challenge, method: str, uri: str) -> str:
        nonce_count, own = f"{self._count:08x}", self._new_nonce()

        def hashed(*parts: str) -> str:
            return hashlib.new(_HASHES[asked.algorithm], ":".join(parts).encode()).hexdigest()

        who = hashed(self._username, asked.realm, self._password)
        if asked.per_session:
            who = hashed(who, asked.nonce, own)
        what = hashed(method, uri)
        between = (nonce_count, own, "auth") if asked.qop else ()
        fields = {
            "username": _quoted(self._username),
            "realm": _quoted(asked.realm),
            "nonce": _quoted(asked.nonce),
            "uri": _quoted(uri),
            "response": _quoted(hashed(who, asked.nonce, *between, what)),
            "algorithm": asked.algorithm + ("-sess" if asked.per_session else ""),
        }
        if asked.qop or asked.per_session:
            fields |= {"cnonce": _quoted(own)}
        if asked.qop:
            fields |= {"qop": "auth", "nc": nonce_count}
        if asked.opaque is not None:
            fields |= {"opaque": _quoted(asked.opaque)}
        return "Digest " + ", ".join(f"{name}={value}" for name, value in fields.items())


def challenges(headers: Iterable[str]) -> list[Challenge]:
    """Those that can be answered. One header may hold several, and a server may send several."""
    found = []
    for header in headers:
        parts = _SCHEME.split(header[:_LONGEST])
        for scheme, rest in zip(parts[1::2], parts[2::2], strict=True):
            challenge = _challenge(scheme.lower(), _fields(rest))
            found += [challenge] if challenge is not None else []
    return found


def _fields(text: str) -> Mapping[str, str]:
    return {
        name.lower(): plain or re.sub(r"\\(.)", r"\1", quoted)
        for name, quoted, plain in _FIELD.findall(text)
    }


def _challenge(scheme: str, fields: Mapping[str, str]) -> Challenge | None:
    realm = fields.get("realm", "")
    if scheme == "basic":
        return Challenge(realm)
    algorithm = fields.get("algorithm", "MD5").upper()
    base = algorithm.removesuffix("-SESS")
    qops = {word.strip().lower() for word in fields.get("qop", "").split(",") if word.strip()}
    if base not in _HASHES or "nonce" not in fields or (qops and "auth" not in qops):
        return None
    return Challenge(
        realm=realm,
        algorithm=base,
        nonce=fields["nonce"],
        opaque=fields.get("opaque"),
        qop=bool(qops),
        per_session=base != algorithm,
        stale=fields.get("stale", "").lower() == "true",
    )


def _strength(challenge: Challenge) -> int:
    return len(_BEST_FIRST) - _BEST_FIRST.index(challenge.algorithm) if challenge.algorithm else 0


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
