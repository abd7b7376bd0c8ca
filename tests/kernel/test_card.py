"""How metadata read in a card."""

from jupyter_shinecat.kernel.card import metadata_html


def test_a_quantity_with_its_range_reads_as_one() -> None:
    html = metadata_html(
        {
            "pulse_energy": {
                "value": 1.17,
                "unit": "mJ",
                "minimum": 0.63,
                "valueSI": 0.00117,
                "unitSI": "(kg m^2) / s^2",
            },
            "old form": {"v": 3, "u": "mm", "count": 24},
            "no quantity": {"value": {"a": 1}, "unit": "mm"},
        }
    )
    assert ">1.17 mJ<" in html
    assert ">0.63<" in html
    assert ">3 mm<" in html
    assert ">24<" in html
    assert "valueSI" not in html
    assert "unitSI" not in html
    assert html.count(">value<") == 1
    assert html.count(">unit<") == 1
