"""The files that make up one configuration, put together as one document.

`lanegate.yaml`, a lane from each `lanes.d/*.yaml` beside it, and under each device that says
`profile: kind/name` the keys of that profile which the device does not set itself.
"""

from collections.abc import Iterator
from pathlib import Path

from gateway.catalog import BUS, LANE_KINDS
from gateway.config import yamlfile
from gateway.config.document import Data, Document, items, mapping
from gateway.config.problems import Where
from gateway.config.profiles import Profiles


def gather(path: Path, profiles: Profiles) -> Document:
    """The whole configuration. Never raises: what is wrong stands in the document's problems."""
    document = yamlfile.read(path)
    document.must_be_mapping("gateway:, buses: and lanes: stand at its left edge")
    folder = path.parent / "lanes.d"
    for misnamed in sorted(folder.glob("*.yml")):
        spot = Document(str(misnamed)).value_spot(())
        document.tell(spot, "this file is not read", "let its name end in .yaml")
    for lane_file in sorted(folder.glob("[!.]*.yaml")):
        _add_lane(document, yamlfile.read(lane_file))
    for where, kind, device in devices(document.data):
        profiles.fill(document, where, kind, device)
    return document


def devices(data: Data) -> Iterator[tuple[Where, str, dict[str, Data]]]:
    """Every mapping that describes a device: where it stands, its kind, and itself."""
    for name, bus in mapping(mapping(data).get("buses")).items():
        if isinstance(bus, dict):
            yield ("buses", name), BUS, bus
    for index, lane in enumerate(items(mapping(data).get("lanes"))):
        for kind in LANE_KINDS:
            device = mapping(lane).get(kind)
            if isinstance(device, dict):
                yield ("lanes", index, kind), kind, device


def _add_lane(document: Document, lane: Document) -> None:
    lane.must_be_mapping("a lane's name:, direction: and barrier: stand at its left edge")
    lanes = _lanes(document)
    if lane.whole and lanes is not None:
        document.graft(("lanes", len(lanes)), lane)
        lanes.append(lane.data)
    else:
        document.problems += lane.problems


def _lanes(document: Document) -> list[Data] | None:
    """The list of lanes, made where there is none yet; None where something else stands there."""
    if not isinstance(document.data, dict):
        return None
    if document.data.get("lanes") is None:
        document.data["lanes"] = []
    lanes = document.data["lanes"]
    return lanes if isinstance(lanes, list) else None
