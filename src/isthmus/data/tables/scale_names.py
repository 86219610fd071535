"""The names and descriptions of a table's scales; imports nothing, so that a command line can list them."""

SCALES = {
    "column": "each number minus the mean of its column, divided by its deviation",
    "common": "all numbers shifted and divided alike, to [0, 1]",
    "centre": "each number minus the mean of its column, all divided alike",
    "none": "numbers as they are",
    "bins": "each number placed in [0, 1] by bins of its column of about equal counts",
}
