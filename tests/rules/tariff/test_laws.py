"""Laws that any tariff keeps, over generated ones."""

import pytest

from gateway.rules import tariff
from tests.rules.tariff.judging import judge
from tests.rules.tariff.laws import LAWS


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_law_holds(law):
    judge(law, tariff, examples=230)
