"""Labels of rows that are scored, as text."""

import numpy as np
import pandas as pd
import pytest

from isthmus.tasks.anomaly.batch import label_text


@pytest.mark.parametrize("value", [None, float("nan"), np.float32("nan"), "None", pd.NA, pd.NaT])
def test_missing_labels_are_called_none_whatever_they_are(value):
    assert label_text(value) == "None"
    assert label_text("nan") == "nan"
