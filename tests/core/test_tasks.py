"""Every background task can be given to a worker."""

from omnidesk.celery import app


def test_no_task_asks_to_be_stopped_before_it_is_warned() -> None:
    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    assert "integrations.send_phone_code" in ours
    soft, hard = app.conf.task_soft_time_limit, app.conf.task_time_limit
    for name, task in ours.items():
        # Celery refuses such a task when it is sent, not when it is written.
        asked, stopped = task.soft_time_limit or soft, task.time_limit or hard
        assert asked is None or stopped is None or asked <= stopped, name
