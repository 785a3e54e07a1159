"""What the doctor looks at: the project, the machine, the environment. Each check is a value, none changes anything."""
