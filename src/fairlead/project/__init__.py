"""fairlead.yaml becomes a project, and each of its environments a stack.

Nothing is imported here: those who only need the stack must not pay for YAML and the validator.
`loader` is the way in.
"""
