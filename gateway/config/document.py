"""What a configuration's files say, before anyone judges it: plain data, and where it stands."""

from dataclasses import dataclass, field

from gateway.config.problems import Place, Problem, Where, path_text

Data = str | None | list["Data"] | dict[str, "Data"]


def mapping(data: Data) -> dict[str, Data]:
    """The mapping, or an empty one where something else stands in its place."""
    return data if isinstance(data, dict) else {}


def items(data: Data) -> list[Data]:
    """The list, or an empty one where something else stands in its place."""
    return data if isinstance(data, list) else []


@dataclass(frozen=True, slots=True)
class Spot:
    """A place, and the path that leads there inside its own file."""

    place: Place
    path: Where


@dataclass(slots=True)
class Document:
    """What a file says, with the spot of every value and key, and what is wrong with its YAML.

    `whole` is false where the file could not be read to its end: `data` is then None.
    A value under a `broken` path was refused, and what it would have been is not known.
    """

    file: str
    data: Data = None
    whole: bool = False
    values: dict[Where, Spot] = field(default_factory=dict)
    keys: dict[Where, Spot] = field(default_factory=dict)
    broken: set[Where] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def value_spot(self, where: Where) -> Spot:
        """The spot of a value, or of the nearest thing around it, with the path made whole."""
        return self._nearest(self.values, where)

    def key_spot(self, where: Where) -> Spot:
        """The spot of the key that leads to a value; where there is none, of the value."""
        return self.keys.get(where) or self.value_spot(where)

    def is_broken(self, where: Where) -> bool:
        return any(where[:length] in self.broken for length in range(len(where) + 1))

    def tell(self, spot: Spot, what: str, fix: str = "") -> None:
        self.problems.append(Problem(spot.place, path_text(spot.path), what, fix))

    def graft(self, where: Where, other: "Document", keep: frozenset[str] = frozenset()) -> None:
        """Take over another file's spots and problems under `where`, but not of `keep` keys."""
        for ours, theirs in ((self.values, other.values), (self.keys, other.keys)):
            for inner, spot in theirs.items():
                if not inner or inner[0] not in keep:
                    ours.setdefault((*where, *inner), spot)
        taken = (inner for inner in other.broken if not inner or inner[0] not in keep)
        self.broken |= {(*where, *inner) for inner in taken}
        self.problems += other.problems

    def must_be_mapping(self, fix: str) -> None:
        """Anything else is told, and the document then counts as not read to its end."""
        if not self.whole or isinstance(self.data, dict):
            return
        empty = self.data is None
        what = "this file is empty" if empty else "this file is no mapping of `key: value` lines"
        self.tell(self.value_spot(()), what, fix)
        self.data, self.whole = None, False

    def _nearest(self, spots: dict[Where, Spot], where: Where) -> Spot:
        for length in range(len(where), -1, -1):
            if spot := spots.get(where[:length]):
                return Spot(spot.place, (*spot.path, *where[length:]))
        return Spot(Place(self.file, 1, 1), where)
