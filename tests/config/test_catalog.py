"""Drivers are found by the names of their files, and a broken one troubles nobody else."""

import pytest

from gateway.catalog import KINDS, Catalog, DriverUnusableError
from gateway.ports import DriverSettings
from tests.config.box import GOOD, TOYS


def test_a_driver_is_a_file_whose_name_has_no_underscore_in_front():
    assert TOYS.names("barrier") == ("broken", "misnamed", "mute", "relay")


def test_a_driver_gives_its_settings_and_its_connect():
    assert TOYS.settings("barrier", "relay").model_fields["slave"].is_required()
    assert TOYS.connector("barrier", "relay").__module__ == "tests.config.toy.barrier.relay"


@pytest.mark.parametrize("name", ["_helper", "nothing", "../bus/line", "__init__"])
def test_nothing_else_is_ever_imported(name):
    with pytest.raises(KeyError):
        TOYS.settings("barrier", name)


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("broken", "No module named 'a_library_that_nobody_has'"),
        ("misnamed", 'its Settings need `driver: Literal["misnamed"]`'),
        ("mute", "it has no function connect"),
    ],
)
def test_a_file_that_is_no_driver_says_what_it_lacks(name, lacks):
    with pytest.raises(DriverUnusableError) as told:
        TOYS.settings("barrier", name)
    assert lacks in str(told.value)


def test_a_broken_driver_is_a_problem_of_the_device_that_names_it_only(box):
    box.write(GOOD.replace("driver: relay", "driver: mute"))
    assert box.told() == [
        (
            "lanegate.yaml:10:15: lanes.0.barrier.driver: the driver"
            " tests/config/toy/barrier/mute.py cannot be used: it has no function connect;"
            " mend that file, or name another driver"
        )
    ]


def test_every_driver_of_the_product_can_be_used():
    catalog = Catalog()
    for kind in KINDS:
        for name in catalog.names(kind):
            assert issubclass(catalog.settings(kind, name), DriverSettings)
            assert callable(catalog.connector(kind, name))
