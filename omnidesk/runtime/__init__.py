"""The embedded services (PostgreSQL, Valkey) and the supervisor behind `manage.py up`.

Kernel locks are the only record of who uses what, because the kernel drops them when a process
dies, however it dies:

- `run/services.lock`  held (exclusive) while services are started or stopped
- `run/users.lock`     held (shared) by every process that uses the embedded services
- `run/keeper.lock`    held by the keeper, which stops the services after the last user is gone
- `run/up.lock`        held by the one `manage.py up` of this data folder
"""
