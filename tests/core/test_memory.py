"""What a start loads is settled once, and garbage is collected afterwards."""

import gc

from celery import signals

from omnidesk import celery
from omnidesk.core import memory


def test_what_is_there_lasts_and_what_comes_is_collected() -> None:
    try:
        memory.begin()
        assert not gc.isenabled()
        memory.settle()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 100_000
    finally:
        gc.enable()
        gc.unfreeze()


def test_every_kind_of_worker_collects_again() -> None:
    for signal in (signals.worker_ready, signals.worker_process_init):
        heard = [receiver() for _key, receiver in signal.receivers]
        assert celery.settle in heard
