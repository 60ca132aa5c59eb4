"""A vendor's facts under a name: `profile: barrier/some-model` in a device's mapping."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from gateway.config import yamlfile
from gateway.config.document import Data, Document, Spot, mapping
from gateway.config.problems import Where, shown

NAME = re.compile(r"(?P<kind>[a-z]+)/(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]*)")
PACKAGED = Path(__file__).parents[2] / "config" / "profiles"


@dataclass(frozen=True, slots=True)
class Profiles:
    """A folder of `<kind>/<name>.yaml`, each a mapping of a device's settings."""

    folder: Path

    @classmethod
    def beside(cls, config: Path) -> "Profiles":
        """The folder `profiles/` beside a configuration, else what comes with the product."""
        folder = config.parent / "profiles"
        return cls(folder if folder.is_dir() else PACKAGED)

    def fill(self, document: Document, where: Where, kind: str, device: dict[str, Data]) -> None:
        """Give `device`, which stands at `where`, the keys of its profile that it has not itself.

        Where the profile cannot be used, that is told and the device counts as broken.
        """
        if "profile" not in device:
            return
        name = device.pop("profile")
        profile = self._profile(document, document.value_spot((*where, "profile")), name, kind)
        if profile is None:
            document.broken.add(where)
            return
        document.graft(where, profile, keep=frozenset(device))
        for key, value in mapping(profile.data).items():
            device.setdefault(key, value)

    def _profile(self, document: Document, spot: Spot, name: Data, kind: str) -> Document | None:
        parts = NAME.fullmatch(name) if isinstance(name, str) else None
        if parts is None:
            document.tell(spot, "a profile is given as kind/name", self._known(kind))
        elif parts["kind"] != kind:
            what = f"profile {parts[0]} is of kind {parts['kind']}, this device is of kind {kind}"
            document.tell(spot, what, self._known(kind))
        elif not (file := self.folder / kind / f"{parts['name']}.yaml").is_file():
            what = f"there is no profile {shown(parts[0])} in {self.folder}"
            document.tell(spot, what, self._near(parts["name"], kind))
        else:
            return _usable(document, yamlfile.read(file))
        return None

    def _near(self, name: str, kind: str) -> str:
        near = [f"{kind}/{one}" for one in get_close_matches(name, self._names(kind))]
        return f"did you mean {' or '.join(near)}?" if near else self._known(kind)

    def _known(self, kind: str) -> str:
        names = ", ".join(f"{kind}/{name}" for name in self._names(kind))
        return f"known: {names}" if names else f"{self.folder / kind} holds no profile"

    def _names(self, kind: str) -> list[str]:
        return sorted(file.stem for file in (self.folder / kind).glob("*.yaml"))


def _usable(document: Document, profile: Document) -> Document | None:
    profile.must_be_mapping("a profile holds driver: and settings at its left edge")
    if mapping(profile.data).pop("profile", None) is not None:
        spot = profile.key_spot(("profile",))
        profile.tell(spot, "a profile cannot build on a profile", "write the settings out here")
    if profile.whole:
        return profile
    document.problems += profile.problems
    return None
