"""The lane's words as rows of the store and as bodies of the outbox. Pure."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.lane.reports import Case, Mode, ModeKind, Raise
from gateway.lane.types import (
    Candidate,
    Corners,
    DecidedBy,
    Decision,
    Inputs,
    PlateColour,
    PlateReading,
    PlateType,
    Reason,
    Terms,
    Verdict,
    Visit,
)
from gateway.sync.protocol import canonical

Row = dict[str, Any]


def utc_text(at: datetime) -> str:
    """ISO 8601 in UTC with milliseconds; sorts as time does."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_utc(text: str) -> datetime:
    """The time that `utc_text` wrote."""
    return datetime.fromisoformat(text)


def visit_row(lane: str, direction: str, visit: Visit) -> Row:
    """The columns of `passes` that a visit fills."""
    return {
        "pass_id": visit.pass_id,
        "lane": lane,
        "direction": str(direction),
        "verdict": str(visit.decision.verdict),
        "reason": str(visit.decision.reason),
        "arrived_at": utc_text(visit.arrived_at),
        "candidates": canonical(visit.candidates),
        **_plate_columns(visit.reading),
        "evidence": canonical(visit.evidence),
        "terms": visit.terms and _terms_text(visit.terms),
        "decided_by": str(visit.decision.decided_by),
    }


def _terms_text(terms: Terms) -> str:
    """Only what is said: most terms say little."""
    found = {name: getattr(terms, name) for name in Terms.__slots__}
    return canonical({name: value for name, value in found.items() if value not in _UNSAID})


_UNSAID = ("", 0, None, ())


def _terms_of(text: str | None) -> Terms | None:
    if text is None:
        return None
    found = json.loads(text)
    return Terms(**found | {"likely": tuple(found.get("likely", ()))})


def _plate_columns(reading: PlateReading | None) -> Row:
    if reading is None:
        names = ("plate", "plate_type", "plate_colour", "confidence", "min_char", "corners")
        return dict.fromkeys(names)
    return {
        "plate": reading.text,
        "plate_type": str(reading.type),
        "plate_colour": str(reading.colour),
        "confidence": float(reading.confidence),
        "min_char": float(reading.min_char),
        "corners": canonical(reading.corners),
    }


def visit_of(row: Mapping[str, Any]) -> Visit:
    """The visit that `visit_row` wrote."""
    words = Verdict(row["verdict"]), Reason(row["reason"])
    decision = Decision(*words, DecidedBy(row["decided_by"]))
    arrived_at = datetime.fromisoformat(row["arrived_at"])
    candidates = tuple(Candidate(*one) for one in json.loads(row["candidates"]))
    reading = _reading_of(row)
    pictures = () if reading else tuple(json.loads(row["evidence"]))
    terms = _terms_of(row["terms"])
    return Visit(row["pass_id"], arrived_at, decision, reading, candidates, pictures, terms)


def _reading_of(row: Mapping[str, Any]) -> PlateReading | None:
    if row["plate"] is None:
        return None
    a, b, c, d = ((float(x), float(y)) for x, y in json.loads(row["corners"]))
    corners: Corners = (a, b, c, d)
    return PlateReading(
        text=row["plate"],
        type=PlateType(row["plate_type"]),
        colour=PlateColour(row["plate_colour"]),
        confidence=row["confidence"],
        min_char=row["min_char"],
        corners=corners,
        evidence=tuple(json.loads(row["evidence"])),
    )


def pass_body(row: Mapping[str, Any]) -> str:
    """The outbox body of a pass: `phase` is `decided` or `ended`.

    What a car park adds is left out where there is none: most boxes have only lanes.
    """
    return canonical(
        _parking_body(row)
        | {
            "phase": "decided" if row["ending"] is None else "ended",
            "pass_id": row["pass_id"],
            "lane": row["lane"],
            "direction": row["direction"],
            "plate": _plate_body(row),
            "candidates": [_candidate_body(*one) for one in json.loads(row["candidates"])],
            "evidence": _pictures(row),
            "verdict": row["verdict"],
            "reason": row["reason"],
            "arrived_at": row["arrived_at"],
            "decided_at": row["decided_at"],
            "ended_at": row["ended_at"],
            "ending": row["ending"],
        }
    )


def _parking_body(row: Mapping[str, Any]) -> Row:
    terms, decided_by = _terms_of(row.get("terms")), row.get("decided_by", "edge")
    if terms is None and decided_by == str(DecidedBy.EDGE):
        return {}
    terms = terms or Terms()
    return {
        "decided_by": decided_by,
        "session_id": terms.session_id or None,
        "right_id": terms.right_id or None,
        "due_fen": terms.due_fen,
        "why": terms.why or None,
    }


def _pictures(row: Mapping[str, Any]) -> list[str]:
    """Of the plate, then of the lane; a file of an older form has none of the lane."""
    return [*json.loads(row["evidence"]), *json.loads(row.get("photos", "[]"))]


def _plate_body(row: Mapping[str, Any]) -> Row | None:
    if row["plate"] is None:
        return None
    return {
        "text": row["plate"],
        "type": row["plate_type"],
        "colour": row["plate_colour"],
        "confidence": round(row["confidence"], 4),
        "min_char": round(row["min_char"], 4),
    }


def _candidate_body(text: str, frames: int, min_char: float) -> Row:
    return {"text": text, "frames": frames, "min_char": round(min_char, 4)}


def pass_of(row: Mapping[str, Any]) -> Row:
    """A row of `passes` for people and exports: without corners, lists as lists.

    A file that the daemon has not yet brought to the newest form has no candidates.
    """
    shown = {name: row[name] for name in row if name not in ("corners", "photos", "terms")}
    candidates = [_candidate_body(*one) for one in json.loads(row.get("candidates", "[]"))]
    more = {"evidence": _pictures(row), "candidates": candidates}
    return shown | more | _parking_shown(row)


def _parking_shown(row: Mapping[str, Any]) -> Row:
    """Nothing of a car park where there is none."""
    return {} if row.get("terms") is None else _parking_body(row)


# --- raises, cases, modes ----------------------------------------------------------------


def raise_row(lane: str, risen: Raise) -> Row:
    return {
        "raise_id": risen.raise_id,
        "lane": lane,
        "at": utc_text(risen.at),
        "cause": str(risen.cause),
        "reason": risen.reason,
        "pass_id": risen.pass_id,
        "evidence": "[]",
    }


def raise_body(row: Mapping[str, Any]) -> str:
    evidence = json.loads(row["evidence"])
    return canonical(dict(row) | {"evidence": evidence, "pass_id": row["pass_id"] or None})


def case_row(lane: str, case: Case) -> Row:
    visit = case.visit
    return {
        "case_id": case.case_id,
        "lane": lane,
        "pass_id": visit.pass_id,
        "why": case.why,
        "plate": visit.reading and visit.reading.text,
        "candidates": canonical(visit.candidates),
        "inputs": canonical({name: getattr(case.inputs, name) for name in Inputs.__slots__}),
        "evidence": canonical(visit.evidence),
        "arrived_at": utc_text(visit.arrived_at),
        "opened_at": utc_text(case.opened_at),
        "closed_at": None,
        "outcome": None,
        "terms": visit.terms and canonical(_case_terms(visit.terms)),
    }


def _case_terms(terms: Terms) -> Row:
    """Whose stay it may be, and what it would pay."""
    likely = list(terms.likely)
    return {"session_id": terms.session_id, "due_fen": terms.due_fen, "likely": likely}


def case_of(row: Mapping[str, Any]) -> Row:
    """A row of `cases` for people and exports: lists as lists, inputs as words by name."""
    candidates = [_candidate_body(*one) for one in json.loads(row["candidates"])]
    parts = {name: json.loads(row[name]) for name in ("inputs", "evidence")}
    shown = {name: row[name] for name in row if name != "terms"}
    terms: Row = json.loads(row.get("terms") or "{}")
    return shown | parts | {"candidates": candidates} | terms


def case_body(row: Mapping[str, Any]) -> str:
    phase = "opened" if row["closed_at"] is None else "closed"
    return canonical(case_of(row) | {"phase": phase})


def mode_row(lane: str, mode: Mode, at: datetime) -> Row:
    return {
        "lane": lane,
        "kind": str(mode.kind),
        "since": utc_text(mode.since),
        "by": mode.by,
        "reason": mode.reason,
        "ends_at": mode.ends_at and utc_text(mode.ends_at),
        "at": utc_text(at),
    }


def mode_of(row: Mapping[str, Any]) -> Mode:
    """The mode that `mode_row` wrote."""
    since, ends_at = datetime.fromisoformat(row["since"]), row["ends_at"]
    ends = None if ends_at is None else datetime.fromisoformat(ends_at)
    return Mode(ModeKind(row["kind"]), since, row["by"], row["reason"], ends)


def mode_body(row: Mapping[str, Any]) -> str:
    return canonical(dict(row))
