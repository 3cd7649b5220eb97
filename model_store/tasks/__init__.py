"""One module a task: what its `config.json` holds and what its golden cases are.

A module here is a task as soon as it stands here: `model_store.config` finds it by its `CONFIG`.
"""
