"""Tasks whose models have an 8-bit form, each a module that says what the engine has to know."""
