"""Lines as `lanegate probe` looks at them: reading questions out, everything that was heard in.

A driver here has `Settings` and `connect(settings)`, an async context manager that yields

    name                 the port or host, as the technician knows it
    listen(seconds)      `Heard`: what comes unasked
    ask(...)             `Heard`: what came after a question

It can send nothing but functions 1 to 4, so that no look can move a boom. Raises `DeviceError`
where the line cannot be opened, or is lost.
"""
