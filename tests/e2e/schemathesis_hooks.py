"""Loaded by schemathesis: JSON Schema takes 5.0 for a whole number, the strict service does not."""

import schemathesis


def whole(value):
    """Write numbers without a fraction as whole ones, at any depth."""
    if isinstance(value, dict):
        return {key: whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@schemathesis.hook
def map_body(context, body):
    return whole(body)
