import torch

from isthmus.core.records import Batch


def test_columns_are_all_that_a_batch_was_made_of():
    x, of_rows = torch.rand(3, 2), {name: torch.rand(3) for name in ("weight", "noise", "emphasis")}
    batch = Batch(
        x, x, observed=x > 0.5, feature=torch.tensor([0, 1]), condition={"class": torch.rand(3, 4)}, **of_rows
    )
    columns = batch.columns()
    assert columns.keys() == {"x", "observed", "condition:class", *of_rows}
    again = Batch.of(columns, batch.feature)
    assert again.feature is batch.feature and again.corrupted is x
    for name, tensor in columns.items():
        assert again.columns()[name] is tensor
    assert Batch(x, x).columns().keys() == {"x"}
