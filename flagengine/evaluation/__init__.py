"""The executable SPEC: the interpreter, its trace, and the conclusion from the steps of a walk."""
