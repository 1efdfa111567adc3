"""What work took: measured where it can be, estimated on the CPU, unknown elsewhere."""

import time
from types import SimpleNamespace

import pytest

from datacrafter_widget.models.energy import WATTS_A_CORE, EnergyMeter, Spent, meter_of


def busy(cpu_seconds):
    """Works, rather than waits, for so many CPU seconds."""
    end = time.process_time() + cpu_seconds
    while time.process_time() < end:
        sum(range(1000))


def test_the_cpus_energy_grows_with_its_work():
    with EnergyMeter("cpu") as little:
        busy(0.05)
    with EnergyMeter("cpu") as more:
        busy(0.25)
    assert little.spent.joules >= 0.05 * WATTS_A_CORE
    assert more.spent.joules >= 0.25 * WATTS_A_CORE
    assert little.spent.seconds > 0


def test_waiting_takes_time_and_no_energy_to_speak_of():
    with EnergyMeter("cpu") as meter:
        time.sleep(0.2)
    assert meter.spent.seconds >= 0.2
    assert meter.spent.joules < 0.2 * WATTS_A_CORE


def test_a_device_that_tells_nothing_has_unknown_energy():
    with EnergyMeter("mps") as meter:
        busy(0.01)
    assert meter.spent.seconds > 0
    assert meter.spent.joules is None


def test_a_card_that_is_not_there_has_unknown_energy():
    with EnergyMeter("cuda:99") as meter:
        pass
    assert meter.spent.joules is None


def test_work_within_work_is_counted_once():
    with EnergyMeter("cpu") as whole:
        with EnergyMeter("cpu") as first:
            busy(0.2)
        with EnergyMeter("cpu") as second:
            busy(0.1)
            with EnergyMeter("cpu") as innermost:
                busy(0.1)
    together = first.spent + second.spent + innermost.spent
    assert together.joules >= 0.4 * WATTS_A_CORE
    assert whole.spent.joules < first.spent.joules
    assert whole.spent.seconds < first.spent.seconds


def test_a_meter_stops_counting_for_others_when_its_work_fails():
    def fail():
        with EnergyMeter("cpu"):
            raise ValueError

    with EnergyMeter("cpu") as outer:
        with pytest.raises(ValueError):  # noqa: PT011 - any
            fail()
        with EnergyMeter("cpu") as inner:
            busy(0.05)
    assert inner.spent.joules >= 0.05 * WATTS_A_CORE
    assert outer.spent.joules < inner.spent.joules


def test_a_sum_with_an_unknown_part_is_unknown():
    assert Spent(1.0, 2.0) + Spent(3.0, 4.0) == Spent(4.0, 6.0)
    assert Spent(1.0, 2.0) + Spent(3.0, None) == Spent(4.0, None)
    assert Spent(1.0, 2.0) - Spent(3.0, 4.0) == Spent(0.0, 0.0)


def test_the_energy_of_workers_in_other_processes_is_unknown():
    with meter_of(SimpleNamespace(device="cpu", num_workers=2)) as meter:
        busy(0.01)
    assert meter.spent.joules is None
    with meter_of(SimpleNamespace(device="cpu")) as meter:
        busy(0.01)
    assert meter.spent.joules > 0
