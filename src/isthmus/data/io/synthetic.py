"""A table and a signal made by a formula: small data with all that real data have, for documents and first attempts."""

from __future__ import annotations

import numpy as np

PUMPS = 1_000
STEPS = 2_000
GAPS = 0.04
"""Fraction of the cells of each measurement that is missing."""

FAULTS = ((620, 668), (1_210, 1_246), (1_730, 1_790))
"""Time steps at which the vibration of the pump does not go with its pressure."""


def pumps() -> dict[str, np.ndarray]:
    """Return readings of pumps: numbers, categories, dates and gaps, and the column ``state``.

    Nine tenths are ``good``. Those that are ``leaking`` deliver too little for their speed, those that are ``worn``
    run too hot for their power.
    """
    rng = np.random.default_rng(0)
    state = rng.choice(["good", "leaking", "worn"], PUMPS, p=[0.9, 0.05, 0.05])
    mode = rng.choice(["eco", "normal", "boost"], PUMPS, p=[0.3, 0.5, 0.2])
    speed = np.select([mode == "eco", mode == "normal"], [900, 1_450], 2_900) * rng.normal(1, 0.05, PUMPS)
    flow = speed / 60 * np.where(state == "leaking", rng.uniform(0.2, 0.5, PUMPS), 1.0) + rng.normal(0, 0.6, PUMPS)
    power = speed**2 / 4e5 + rng.normal(0, 0.3, PUMPS)
    heat = 35 + 1.5 * power + np.where(state == "worn", rng.uniform(20, 40, PUMPS), 0.0) + rng.normal(0, 1.5, PUMPS)
    measured = {"speed": speed.round(), "flow": flow.round(2), "power": power.round(2), "temperature": heat.round(1)}
    for name in ("flow", "power", "temperature"):
        measured[name][rng.random(PUMPS) < GAPS] = np.nan
    model = rng.choice(["A2", "B1", "C7"], PUMPS).astype(object)
    model[rng.random(PUMPS) < GAPS] = None
    serviced = np.datetime64("2025-01-01") + rng.integers(0, 365, PUMPS).astype("timedelta64[D]")
    return {"model": model, "mode": mode, **measured, "serviced": serviced.astype("datetime64[ns]"), "state": state}


def pump_log() -> dict[str, np.ndarray]:
    """Return the log of one pump, a reading every ten minutes for two weeks, and the column ``fault``: 0 or 1."""
    rng = np.random.default_rng(0)
    step = np.arange(STEPS)
    fault = np.zeros(STEPS, dtype=np.int64)
    for start, stop in FAULTS:
        fault[start:stop] = 1
    day = np.sin(2 * np.pi * step / 144)
    pressure = 6 + 1.5 * day + rng.normal(0, 0.1, STEPS)
    vibration = 2 + 0.8 * day * (1 - 2 * fault) + 0.3 * fault + rng.normal(0, 0.1, STEPS)
    time = np.datetime64("2026-01-01") + 10 * step.astype("timedelta64[m]")
    columns = {"pressure": pressure.round(3), "vibration": vibration.round(3), "fault": fault}
    return {"time": time.astype("datetime64[ns]"), **columns}
